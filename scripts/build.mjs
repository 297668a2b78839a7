// Bundles src/ into dist/: for the command line one file for the program and one for each command, which the launcher
// loads with V8's compiled code of it; for the library ES modules, in chunks that are loaded when needed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { assembled, assemblySources } from './build/assembly.mjs';
import { PAGE, pageScript } from './build/page.mjs';
import { analysisValidatorModule, expectValidatorModule, validatorModule } from './build/validator.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const begun = new Date();
const packaging = ['build', 'prepare', 'prepack'].includes(process.env.npm_lifecycle_event ?? '');

/** What the sources find out at run time where they run as they are, and the bundles know already. */
const foreknown = {
  name: 'foreknown',
  setup({ onLoad }) {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const resolveDir = root;
    onLoad({ filter: /\/src\/version\.ts$/ }, () => ({
      contents: `export const VERSION = ${JSON.stringify(version)};`,
    }));
    const inside = async (name, module) =>
      `export const ${name} = () => Buffer.from('${(await assembled(root, module)).toString('base64')}', 'base64');`;
    onLoad({ filter: /\/src\/scan\/kernel-code\.ts$/ }, async () => ({
      contents: await inside('kernelCode', 'kernel'),
    }));
    onLoad({ filter: /\/src\/capture\/counting-code\.ts$/ }, async () => ({
      contents: await inside('countingCode', 'count'),
    }));
    onLoad({ filter: /\/src\/report\/analysis-validator\.ts$/ }, async () => ({
      contents: await analysisValidatorModule(root),
      resolveDir,
    }));
    onLoad({ filter: /\/src\/cases\/file\/expect-validator\.ts$/ }, async () => ({
      contents: await expectValidatorModule(root),
      resolveDir,
    }));
    onLoad({ filter: /\/src\/report\/html\/page-code\.ts$/ }, async () => ({
      contents: `export const pageCode = () => ${JSON.stringify(await pageScript(root))};`,
    }));
    onLoad({ filter: /\/src\/input\/manifest-validator\.ts$/ }, async () => ({
      contents: await validatorModule(root),
      resolveDir,
    }));
  },
};

const common = {
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  write: false,
  platform: 'node',
  target: 'node20',
  sourcesContent: false,
  logLevel: 'warning',
};

const library = await build({
  ...common,
  entryPoints: { index: 'src/index.ts', vitest: 'src/vitest.ts', assert: 'src/assert.ts' },
  chunkNames: 'chunk-[hash]',
  splitting: true,
  format: 'esm',
  sourcemap: 'linked',
  external: ['cap', 'blessed', 'vitest'],
  plugins: [foreknown],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
});

/** One file an action: it has no parts that it doesn't need, and inside of it calls are plain calls. */
const actions = readdirSync(join(root, 'src/cli/actions'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'));
/** Actions on captures, where texts among the inputs are the exception. */
const ON_CAPTURES = ['count', 'scan'];
/**
 * What they load for texts: one bundle for all of it, since what reads dumps and what makes a host of them must know the same
 * matches and targets.
 */
const TEXTS = ['src/input/classify-text.ts', 'src/input/text-capture.ts', 'src/cli/actions/show/host.ts'];
const separate = {
  name: 'separate',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/actions\/\w+\.ts$/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path: `./${basename(path, '.ts')}.cjs`, external: true } : undefined,
    );
    onResolve({ filter: /\/analyse-bundle\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './analysis-worker.cjs', external: true } : undefined,
    );
    onResolve({ filter: /^tar$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './tar.cjs', external: true } : undefined,
    );
    onResolve({ filter: /^elkjs\// }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './elk.cjs', external: true } : undefined,
    );
  },
};
/** Everywhere else they are always used: as modules that are loaded late esbuild would wrap all that they import, 400 files, in functions. */
const textsWithin = {
  name: 'texts-within',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/input\/(?:classify|resolve)\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const late = source.match(/(?<=import\(')\.\/[\w-]+\.ts(?='\))/g) ?? [];
      if (late.length === 0) throw new Error(`${path} loads no text late`);
      const early = late.map((file, index) => `import * as late${index} from '${file}';\n`);
      const contents = late.reduce(
        (text, file, index) => text.replace(`import('${file}')`, `Promise.resolve(late${index})`),
        source,
      );
      return { contents: early.join('') + contents, loader: 'ts' };
    });
  },
};
const textsApart = {
  name: 'texts-apart',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\.ts$/ }, ({ path, kind, resolveDir }) =>
      kind === 'dynamic-import' && TEXTS.includes(relative(root, join(resolveDir, path)))
        ? { path: './texts.cjs', external: true }
        : undefined,
    );
    onResolve({ filter: /^texts$/ }, () => ({ path: 'texts', namespace: 'texts' }));
    onLoad({ filter: /./, namespace: 'texts' }, () => ({
      contents: TEXTS.map((file) => `export * from './${file}';`).join('\n'),
      resolveDir: root,
    }));
  },
};
/** Commander would start programs for commands that are files of their own, of which there are none; to load that takes as long as all else of it. */
const unspawned = {
  name: 'unspawned',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /\/commander\//.test(importer) ? { path: 'child_process', namespace: 'unspawned' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'unspawned' }, () => ({
      contents: "exports.spawn = (...words) => require('child_process').spawn(...words);",
    }));
  },
};
const PLACE_OF_HASH = '0'.repeat(32);
const forProgram = {
  ...common,
  outExtension: { '.js': '.cjs' },
  metafile: true,
  format: 'cjs',
  // Half the bytes to read; lines of a length that an uncaught error may show.
  minify: true,
  lineLimit: 160,
  sourcemap: 'external',
  external: ['cap', 'blessed'],
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'module.url' },
  banner: {
    js: `/*${PLACE_OF_HASH}*/(function(exports,require,module,__filename,__dirname){`,
  },
  footer: { js: '})' },
};
const action = (name) => [name, `src/cli/actions/${name}.ts`];
const program = [
  await build({
    ...forProgram,
    entryPoints: {
      cli: 'src/cli/main.ts',
      ...Object.fromEntries(actions.filter((name) => !ON_CAPTURES.includes(name)).map(action)),
      tar: 'tar',
      elk: 'elkjs/lib/elk.bundled.js',
    },
    plugins: [foreknown, separate, textsWithin, unspawned],
  }),
  await build({
    ...forProgram,
    entryPoints: { ...Object.fromEntries(ON_CAPTURES.map(action)), texts: 'texts' },
    plugins: [foreknown, separate, textsApart],
  }),
];

/** Threads load it as it is, for the program and for the library. */
const worker = await build({
  ...common,
  entryPoints: {
    'reading-worker': 'src/correlate/sieve/reading-worker.ts',
    'analysis-worker': 'src/live/analysis-worker.ts',
    'cap-child': 'src/live/cap-child.ts',
  },
  outExtension: { '.js': '.cjs' },
  metafile: true,
  format: 'cjs',
  minify: true,
  lineLimit: 160,
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  plugins: [foreknown],
});

const outputs = Object.assign({}, ...program.map(({ metafile }) => metafile.outputs));
const files = [library, ...program, worker]
  .flatMap(({ outputFiles }) => outputFiles)
  .map(({ path, text, contents }) => {
    if (!path.endsWith('.cjs')) return { path, contents };
    const code = ascii(text);
    const hash = createHash('sha256').update(code).digest('hex').slice(0, PLACE_OF_HASH.length);
    return { path, contents: code.replace(PLACE_OF_HASH, hash) };
  });

/** esbuild escapes what is not ASCII except in regular expressions. The launcher reads bytes as characters: half the time. */
function ascii(code) {
  return code.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What runs besides a bundle's own sources: threads that it starts, and the compiled modules that it has inside. */
function besides(inputs) {
  const all = { ...inputs };
  const { outputs: threads } = worker.metafile;
  if ('src/correlate/sieve/readers.ts' in inputs)
    Object.assign(all, threads['dist/reading-worker.cjs'].inputs);
  if ('src/live/live.ts' in inputs)
    Object.assign(all, threads['dist/analysis-worker.cjs'].inputs, threads['dist/cap-child.cjs'].inputs);
  const page = readdirSync(join(root, PAGE)).map((file) => `${PAGE}/${file}`);
  return [
    ...Object.keys(all),
    ...('src/capture/counting-code.ts' in all ? assemblySources(root) : []),
    ...('src/report/html/page-code.ts' in all ? page : []),
  ];
}

// Another nettrace may be starting from the same checkout: every file appears whole, and the entries last of all.
mkdirSync(join(dist, 'inputs'), { recursive: true });
const put = (path, contents) => {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, contents);
  // A source that is saved while this runs is newer than what was made of it.
  utimesSync(draft, begun, begun);
  renameSync(draft, path);
};
/** The sources of an output, and what it loads with theirs; the launcher asks for each action's by itself. */
function sourcesOf(name) {
  const { inputs, imports } = outputs[`dist/${name}.cjs`];
  const loaded = imports.map(({ path }) => `dist/${basename(path)}`).filter((path) => path in outputs);
  return [
    ...besides(inputs).filter((input) => input.startsWith('src/')),
    ...(name === 'cli' ? [] : loaded.flatMap((path) => [path, ...sourcesOf(basename(path, '.cjs'))])),
  ];
}
for (const [path, { entryPoint }] of Object.entries(outputs)) {
  if (entryPoint === undefined) continue;
  const name = basename(path, '.cjs');
  put(join(dist, 'inputs', `${name}.txt`), [...new Set(sourcesOf(name)), 'package.json'].join('\n'));
}
const isEntry = ({ path }) => /^(cli\.cjs|(index|vitest|assert)\.js)$/.test(basename(path));
for (const file of files.toSorted((left, right) => isEntry(left) - isEntry(right)))
  put(file.path, file.contents);

// Chunks of builds before this one; when the launcher builds, those stay that a running nettrace may still load.
const keepFrom = packaging ? Number.POSITIVE_INFINITY : Date.now() - 10 * 60_000;
// The page's script is made beside them, for what runs from src/.
const current = new Set([...files.map(({ path }) => basename(path)), 'report-page.js']);
for (const name of readdirSync(dist)) {
  const path = join(dist, name);
  if (/^chunk-|\.c?js(\.map)?$/.test(name) && !current.has(name) && statSync(path).mtimeMs < keepFrom) {
    rmSync(path, { force: true });
  }
}

// The first runs teach the launcher which functions a command needs: after `npm ci` they have been run already.
if (process.env.npm_lifecycle_event === 'prepare' && existsSync(join(root, 'captures'))) {
  const bundle = (name) => join(root, 'captures', name, 'bundle');
  const [broken, healthy] = ['docker-forward-off-dnat', 'healthy-docker-of-many-kinds'].map(bundle);
  const asked = ['--from', 'host', '--to', '192.0.2.1'];
  for (const words of [
    ['--help'],
    ...[broken, healthy, bundle('rule-removed-between-two-saves')].map((path) => ['analyze', path]),
    ...[broken, healthy].flatMap((path) => [
      ['show', path],
      ['show', '--format', 'count', path],
      ['topology', path],
      ['trace', path, ...asked],
    ]),
    ['explain', 'fwd-ip-forward-off'],
  ]) {
    spawnSync(process.execPath, [join(root, 'bin/nettrace.js'), ...words], { stdio: 'ignore' });
  }
}
