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
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { validatorModule } from './build/validator.mjs';

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
  entryPoints: { index: 'src/index.ts' },
  chunkNames: 'chunk-[hash]',
  splitting: true,
  format: 'esm',
  sourcemap: 'linked',
  external: ['cap'],
  plugins: [foreknown],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
});

/** One file a command: it has no parts that it doesn't need, and inside of it calls are plain calls. */
const commands = readdirSync(join(root, 'src/cli/commands')).map((file) => basename(file, '.ts'));
const separate = {
  name: 'separate',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/actions\/\w+\.ts$/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path: `./${basename(path, '.ts')}.cjs`, external: true } : undefined,
    );
    onResolve({ filter: /^tar$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './tar.cjs', external: true } : undefined,
    );
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
const program = await build({
  ...common,
  entryPoints: {
    cli: 'src/cli/main.ts',
    ...Object.fromEntries(commands.map((name) => [name, `src/cli/actions/${name}.ts`])),
    tar: 'tar',
  },
  outExtension: { '.js': '.cjs' },
  metafile: true,
  format: 'cjs',
  // Half the bytes to read; lines of a length that an uncaught error may show.
  minify: true,
  lineLimit: 160,
  sourcemap: 'external',
  external: ['cap'],
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'module.url' },
  plugins: [foreknown, separate, unspawned],
  banner: {
    js: `/*${PLACE_OF_HASH}*/(function(exports,require,module,__filename,__dirname){`,
  },
  footer: { js: '})' },
});

/** Threads load it as it is, for the program and for the library. */
const worker = await build({
  ...common,
  entryPoints: { 'reading-worker': 'src/correlate/sieve/reading-worker.ts' },
  outExtension: { '.js': '.cjs' },
  metafile: true,
  format: 'cjs',
  minify: true,
  lineLimit: 160,
  plugins: [foreknown],
});

const files = [...library.outputFiles, ...program.outputFiles, ...worker.outputFiles].map(
  ({ path, text, contents }) => {
    if (!path.endsWith('.cjs')) return { path, contents };
    const code = ascii(text);
    const hash = createHash('sha256').update(code).digest('hex').slice(0, PLACE_OF_HASH.length);
    return { path, contents: code.replace(PLACE_OF_HASH, hash) };
  },
);

/** esbuild escapes what is not ASCII except in regular expressions. The launcher reads bytes as characters: half the time. */
function ascii(code) {
  return code.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A command that starts threads is as old as the oldest of what they run. */
function workersOf(inputs) {
  if (!('src/correlate/sieve/readers.ts' in inputs)) return {};
  return Object.assign({}, ...Object.values(worker.metafile.outputs).map((output) => output.inputs));
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
for (const [path, { inputs, entryPoint }] of Object.entries(program.metafile.outputs)) {
  if (entryPoint === undefined) continue;
  const sources = Object.keys({ ...inputs, ...workersOf(inputs) }).filter((input) =>
    input.startsWith('src/'),
  );
  put(join(dist, 'inputs', `${basename(path, '.cjs')}.txt`), [...sources, 'package.json'].join('\n'));
}
const isEntry = ({ path }) => /^(cli\.cjs|index\.js)$/.test(basename(path));
for (const file of files.toSorted((left, right) => isEntry(left) - isEntry(right)))
  put(file.path, file.contents);

// Chunks of builds before this one; when the launcher builds, those stay that a running nettrace may still load.
const keepFrom = packaging ? Number.POSITIVE_INFINITY : Date.now() - 10 * 60_000;
const current = new Set(files.map(({ path }) => basename(path)));
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
      ['topology', path],
      ['trace', path, ...asked],
    ]),
    ['explain', 'fwd-ip-forward-off'],
  ]) {
    spawnSync(process.execPath, [join(root, 'bin/nettrace.js'), ...words], { stdio: 'ignore' });
  }
}
