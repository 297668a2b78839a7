/** The package as a user has it: packed, unpacked beside the example project, and used from there. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { extract } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { captureOf } from './lab.ts';

const MINUTES = 60_000;
const EXAMPLE = 'docs/examples/library';
let folder = '';
/** With TypeScript and vitest beside it, and with nothing. */
let project = '';
let bare = '';
let files: readonly string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-package-'));
  // What npm itself runs before it packs, and once more for whoever builds from a checkout.
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  expect(scripts.prepack).toBe('npm run build');
  const built = run(npm(), ['run', 'build'], resolve('.'));
  expect(built.status, built.text).toBe(0);
  // Without what is large and has nothing to do with it; npm chooses among the rest as it does here.
  const staged = join(folder, 'staged');
  const isLarge = /\/(dist\/cache|dist\/.*\.map)$/;
  for (const path of [
    'package.json',
    'README.md',
    'LICENSE',
    'bin',
    'src/index.ts',
    'dist',
    'schemas',
    'scripts/docs/package.json',
  ])
    cpSync(path, join(staged, path), { recursive: true, filter: (source) => !isLarge.test(source) });
  const packing = run(npm(), ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], staged);
  expect(packing.status, packing.text).toBe(0);
  const [packed] = JSON.parse(packing.stdout.slice(packing.stdout.indexOf('[\n'))) as [Packed];
  files = packed.files.map(({ path }) => path);
  [project, bare] = [join(folder, 'project'), join(folder, 'bare')];
  for (const at of [project, bare]) {
    cpSync(EXAMPLE, at, { recursive: true });
    const own = join(at, 'node_modules/nettrace');
    mkdirSync(own, { recursive: true });
    await extract({ file: join(folder, packed.filename), cwd: own, strip: 1 });
  }
  for (const name of ['typescript', 'vitest', '@types/node', 'undici-types']) {
    const link = join(project, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(resolve('node_modules', name), link);
  }
}, 3 * MINUTES);

afterAll(() => rmSync(folder, { recursive: true, force: true }), MINUTES);

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** The npm that runs this, or the one beside Node. */
function npm(): string {
  return process.env.npm_execpath ?? join(dirname(process.execPath), 'npm');
}

function run(script: string, words: readonly string[], cwd: string) {
  const env = {
    ...process.env,
    NO_COLOR: '1',
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
  };
  // Of the vitest that runs this.
  for (const name of Object.keys(env))
    if (/^VITEST|^NODE_ENV$|^TEST$/.test(name)) delete (env as NodeJS.ProcessEnv)[name];
  const [program, all] = /\.[cm]?js$/.test(script) ? [process.execPath, [script, ...words]] : [script, words];
  const { status, stdout, stderr } = spawnSync(program, all, { cwd, env, encoding: 'utf8' });
  return { status, stdout, text: `${stdout}${stderr}` };
}

const tsc = (...words: string[]) => run('node_modules/typescript/lib/tsc.js', words, project);
/** Beside others that compute, a test may take longer than the five seconds that it has by itself. */
const PATIENT = [`--testTimeout=${MINUTES}`, '--no-file-parallelism'];
const vitest = (...words: string[]) =>
  run('node_modules/vitest/vitest.mjs', ['run', ...PATIENT, ...words], project);

describe('the package', () => {
  it('has what its exports name, and no sources', () => {
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      exports: Record<string, string | Record<string, string>>;
    };
    const named = Object.values(exports).flatMap((at) => (typeof at === 'string' ? [at] : Object.values(at)));
    for (const path of named) if (!path.includes('*')) expect(files).toContain(path.slice(2));
    expect(files).toContain('dist/reading-worker.cjs');
    expect(files.filter((path) => /^(src|test|scripts)\//.test(path))).toEqual([]);
  });

  it('needs no other to be loaded, as an ES module or from CommonJS', () => {
    for (const script of ['src/plain.mjs', 'src/plain.cjs']) {
      const { status, text } = run(script, [], bare);
      expect(text).toBe('forwarded via wan0 as 203.0.113.2, answered\n');
      expect(status).toBe(0);
    }
  });
});

const BLOCKS = ['README.md', 'docs/library.md', 'docs/testing.md'].flatMap((page) =>
  [...readFileSync(page, 'utf8').matchAll(/```(?:ts|js)\n([\s\S]*?)```/g)].map(([, code = ''], index) => {
    const isTest = code.includes("from 'vitest'");
    const name = `${page.replace(/\W+/g, '-')}-${index}${isTest ? '.test' : ''}.ts`;
    return { name, code, isTest };
  }),
);

/** Compilers and test runners are started once for all that they can be asked at once. */
describe('the example project, and the code of the documentation in it', () => {
  beforeAll(() => {
    for (const { name, code, isTest } of BLOCKS)
      writeFileSync(join(project, isTest ? 'test' : 'src', name), `${code}\nexport {};\n`);
    writeFileSync(join(project, 'eth0.pcap'), captureOf(30));
  });

  it(
    'have right types, with the package’s own checked as well, which refuse what is wrong',
    () => {
      expect(BLOCKS.length).toBeGreaterThan(9);
      const wrong = [
        "import 'nettrace/vitest';",
        "import { analyze, simulate } from 'nettrace';",
        "import { expect } from 'vitest';",
        'await analyze(7);',
        "await simulate({}, 'tcp red > 10.0.0.5:80');",
        "await expect('incident').toDrop('tcp red > 10.0.0.5:80', { bye: 'filter FORWARD 3' });",
        "await expect('incident').toDrop();",
        "import { createWorld } from 'nettrace';",
      ];
      writeFileSync(join(project, 'src/wrong.ts'), wrong.join('\n'));
      const { text } = tsc('-p', 'tsconfig.test.json');
      rmSync(join(project, 'src/wrong.ts'));
      // What an error has more to say stands further in.
      const errors = text.split('\n').filter((line) => /^\S/.test(line));
      const lines = errors.map((line) => Number(/^src\/wrong\.ts\((\d+),/.exec(line)?.[1]));
      expect([...new Set(lines)].toSorted(), text).toEqual([4, 5, 6, 7, 8]);
    },
    MINUTES,
  );

  it(
    'pass their tests',
    () => {
      const { status, text } = vitest();
      expect(text).toMatch(/test\/firewall\.test\.ts \(5 tests\)/);
      for (const { name } of BLOCKS.filter(({ isTest }) => isTest)) expect(text).toContain(`✓ test/${name}`);
      expect(status, text).toBe(0);
    },
    MINUTES,
  );

  it(
    'run, and print what they say',
    () => {
      expect(tsc().text).toBe('');
      const { status, text } = run('dist/main.js', ['incident'], project);
      expect(text).toContain('incident/rules.v4:3');
      expect(status).toBe(1);
      expect(run('dist/main.js', ['missing'], project)).toMatchObject({ status: 2 });
      // Its inputs are nobody's.
      for (const { name, code } of BLOCKS.filter(
        ({ name, isTest }) => !isTest && !name.startsWith('README'),
      )) {
        const { status, text } = run(join('dist', name.replace(/ts$/, 'js')), [], project);
        expect(status, `${name}: ${text}`).toBe(0);
        for (const [, said = ''] of code.matchAll(/console\.log\(.*\); \/\/ (.*)/g))
          if (!said.includes('as nettrace test')) expect(text).toContain(said);
      }
    },
    MINUTES,
  );

  it(
    'fail with the packet’s way where a rule is broken',
    () => {
      const rules = join(project, 'incident/rules.v4');
      const good = readFileSync(rules, 'utf8');
      writeFileSync(rules, good.replace(/^(?=-A FORWARD -i lan0)/m, '-A FORWARD -j DROP\n'));
      const { status, text } = vitest('firewall', '-t', 'gets to the web');
      writeFileSync(rules, good);
      expect(text).toContain('rule      incident/rules.v4:6: -A FORWARD -j DROP');
      expect(text).toContain('│ filter:FORWARD:rule:2  -A FORWARD -j DROP  (rules.v4:6)');
      expect(text).toContain('❯ test/firewall.test.ts:15:');
      expect(status).toBe(1);
    },
    MINUTES,
  );
});

describe('large captures', () => {
  it(
    'are read by threads, which end with an aborted call',
    () => {
      const server = (number: number) => `10.9.0.${number}`;
      for (const number of [1, 2])
        writeFileSync(join(bare, `eth${number}.pcap`), captureOf(6000, server(number), 1000));
      writeFileSync(join(bare, 'abort.mjs'), ABORTING);
      const { status, text } = run('abort.mjs', [], bare);
      expect(text).toBe('begun with a thread\nenough\nno thread is left\n');
      expect(status).toBe(0);
    },
    MINUTES,
  );
});

/** Node counts a thread that runs, and is not left alone by `unref`, among what keeps it waiting. */
const ABORTING = `
import { createHook } from 'node:async_hooks';
import { analyze } from 'nettrace';
let threads = 0;
createHook({ init: (_, type) => { if (type === 'WORKER') threads++; } }).enable();
const controller = new AbortController();
const call = analyze(['eth1.pcap', 'eth2.pcap'], {
  threads: 2,
  signal: controller.signal,
  onProgress: ({ stage }) => { if (stage === 'captures' && threads > 0) controller.abort(new Error('enough')); },
});
const failure = await call.catch((error) => error.message);
console.log(threads === 1 ? 'begun with a thread' : threads + ' threads');
console.log(failure);
await new Promise((resolve) => setTimeout(resolve, 200));
console.log(process.getActiveResourcesInfo().some((name) => /worker|messageport/i.test(name)) ? 'a thread is left' : 'no thread is left');
`;
