/** bin/nettrace.js: when it builds, and that the compiled code it keeps changes nothing but the time of a start. */
import { execFile, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

const WORDS = ['explain', 'fwd-ip-forward-off'];
const BUNDLES = ['dist/cli.cjs', 'dist/explain.cjs'];
const INPUTS = 'dist/inputs';
/** What is in them of sources that are seldom changed. */
const PARTS = ['dist/kernel.wasm', 'dist/count.wasm', 'dist/report-page.js'];
const CAPTURE = 'captures/docker-forward-off-dnat/bundle/captures/host/eth0.pcap';
/** Building takes a while where others build, too. */
const PATIENCE = 300_000;
const isRoot = process.geteuid?.() === 0;
let folder: string;
let expected: string;
/** What runs that were killed left behind. */
const before = readdirSync(tmpdir());

beforeAll(() => {
  const { status, stdout } = spawnSync(process.execPath, [resolve('bin/nettrace.js'), ...WORDS], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  expected = stdout;
}, PATIENCE);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-launcher-'));
  return () => rmSync(folder, { recursive: true });
});

function run(root: string, words = WORDS, env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin/nettrace.js'), ...words], {
    encoding: 'utf8',
    env: { ...process.env, HOME: join(folder, 'home'), XDG_CACHE_HOME: '', ...env },
  });
  return { status, stdout, stderr };
}

describe('an installed package', { timeout: PATIENCE }, () => {
  let root: string;
  let cache: string;
  /** What every test begins with a copy of, and what it is after three runs. */
  let fresh: string;
  let learned: string;
  beforeAll(() => {
    const packages = mkdtempSync(join(tmpdir(), 'nettrace-launcher-'));
    folder = packages;
    [fresh, learned] = [join(packages, 'fresh'), join(packages, 'learned')];
    for (const path of ['bin', 'package.json', ...BUNDLES]) {
      cpSync(path, join(fresh, path), { recursive: true });
    }
    // Kept code is that of a bundle of one time, and copies have times of whole milliseconds.
    for (const path of BUNDLES) utimesSync(join(fresh, path), 1_767_261_600, 1_767_261_600);
    cpSync(fresh, learned, { recursive: true, preserveTimestamps: true });
    lead(learned);
    learn();
    return () => rmSync(packages, { recursive: true });
  }, PATIENCE);

  const lead = (to: string) => {
    root = to;
    cache = join(root, 'dist/cache');
  };
  beforeEach(() => {
    lead(join(folder, 'package'));
    cpSync(fresh, root, { recursive: true, preserveTimestamps: true });
  });

  const kept = () => readdirSync(cache).map((name) => join(cache, name));
  const lesson = (path: string) => Number(readFileSync(path, 'latin1').split(' ')[1]);
  const learn = () => {
    for (let i = 0; i < 3; i++) expect(run(root)).toEqual({ status: 0, stdout: expected, stderr: '' });
    expect(kept().map(lesson)).toEqual([3, 3]);
  };
  /** As three runs leave it. */
  const haveLearned = () => cpSync(learned, root, { recursive: true, preserveTimestamps: true });

  it('keeps what three runs compiled, and leaves it at that', () => {
    haveLearned();
    const times = kept().map((path) => statSync(path).mtimeMs);
    expect(run(root).stdout).toBe(expected);
    expect(kept().map((path) => statSync(path).mtimeMs)).toEqual(times);
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['empty', () => Buffer.alloc(0)],
    ['cut short', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ['something else', () => Buffer.from('{"no":"code"}')],
    ['all zeros', (bytes) => Buffer.alloc(bytes.length)],
    ['one wrong bit, in the middle', (bytes) => flipped(bytes, bytes.length >> 1)],
    ['one wrong bit, where V8 begins', (bytes) => flipped(bytes, 168)],
    ['one wrong bit, at the end', (bytes) => flipped(bytes, bytes.length - 1)],
    ['of another build', (bytes) => flipped(bytes, 50)],
    ['longer than it was', (bytes) => Buffer.concat([bytes, bytes])],
  ])('does without a kept file that is damaged: %s', (_, damage) => {
    haveLearned();
    for (const path of kept()) writeFileSync(path, damage(readFileSync(path)));
    expect(run(root)).toEqual({ status: 0, stdout: expected, stderr: '' });
    expect(kept().map(lesson)).toEqual([1, 1]);
  });

  it('does not run kept code of a bundle that was changed since, though it is as long as before', () => {
    haveLearned();
    const bundle = join(root, 'dist/explain.cjs');
    const text = readFileSync(bundle, 'latin1').replaceAll('hardening', 'HARDENING');
    writeFileSync(bundle, text, 'latin1');
    utimesSync(bundle, 1, 1);
    expect(run(root).stdout).toBe(expected.replaceAll('hardening', 'HARDENING'));
  });

  it('keeps code of different flags apart', () => {
    haveLearned();
    expect(run(root, WORDS, { NODE_OPTIONS: '--max-old-space-size=512' }).stdout).toBe(expected);
    expect(kept().map(lesson).toSorted()).toEqual([1, 1, 3, 3]);
    expect(run(root).stdout).toBe(expected);
  });

  it('loads what reads texts where there are some, once, and keeps its code apart', () => {
    for (const name of ['count', 'texts']) cpSync(`dist/${name}.cjs`, join(root, `dist/${name}.cjs`));
    const capture = join(folder, 'eth0.pcap');
    cpSync(CAPTURE, capture);
    const words = ['show', '--format', 'count', capture];
    const counted = run(root, words);
    expect(counted).toMatchObject({ status: 0, stdout: expect.stringContaining('eth0.pcap'), stderr: '' });
    const names = () => readdirSync(cache).map((name) => name.split('-')[0]);
    expect(names().toSorted()).toEqual(['cli', 'count']);
    const texts = ['rules.v4', 'hosts'].map((name) => join(folder, name));
    for (const text of texts) writeFileSync(text, '*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n');
    for (let i = 0; i < 4; i++) expect(run(root, [...words, ...texts])).toEqual(counted);
    expect(names().toSorted()).toEqual(['cli', 'count', 'texts']);
    expect(kept().map(lesson)).toEqual([3, 3, 3]);
  });

  it('keeps what an analysis of long captures loads in the end, too', () => {
    // V8 is told other flags for them, under which it would be refused each time.
    for (const name of ['analyze', 'report', 'elk'])
      cpSync(`dist/${name}.cjs`, join(root, `dist/${name}.cjs`));
    const whole = readFileSync(CAPTURE);
    const long = join(folder, 'long.pcap');
    const [header, records] = [whole.subarray(0, 24), whole.subarray(24)];
    const times = Math.ceil((17 * 2 ** 20) / records.length);
    writeFileSync(long, Buffer.concat([header, ...Array.from({ length: times }, () => records)]));
    const words = ['analyze', '--format', 'html', long];
    for (let i = 0; i < 2; i++) expect(run(root, words).stdout).toMatch(/^<!doctype html>/i);
    const lessons = kept().map((path) => [basename(path).split('-')[0], lesson(path)]);
    expect(Object.fromEntries(lessons)).toMatchObject({ analyze: 2, report: 2 });
  });

  it('learns nothing from a command line that is unusable', () => {
    expect(run(root, ['explain', '--nonsense']).status).toBe(2);
    expect(existsSync(cache)).toBe(false);
  });

  it('does without where nothing can be written', () => {
    writeFileSync(cache, '');
    writeFileSync(join(folder, 'home'), '');
    for (let i = 0; i < 2; i++) expect(run(root)).toEqual({ status: 0, stdout: expected, stderr: '' });
    expect(readdirSync(join(root, 'dist')).toSorted()).toEqual(['cache', 'cli.cjs', 'explain.cjs']);
  });

  it('is whole whatever the number of starts at once', async () => {
    const args = [join(root, 'bin/nettrace.js'), ...WORDS];
    const runs = Array.from({ length: 6 }, () => promisify(execFile)(process.execPath, args));
    for (const { stdout, stderr } of await Promise.all(runs))
      expect([stdout, stderr]).toEqual([expected, '']);
    expect(kept().length).toBe(2);
    learn();
  });

  describe.runIf(isRoot)('as root', () => {
    it.each<[string, (path: string) => void]>([
      ["another user's", (path) => chownSync(path, 1000, 1000)],
      ['that all may write', (path) => chmodSync(path, 0o666)],
      ['that a group may write', (path) => chmodSync(path, 0o664)],
    ])('takes no code from a file %s', (_, give) => {
      haveLearned();
      for (const path of kept()) give(path);
      expect(run(root).stdout).toBe(expected);
      expect(kept().map(lesson)).toEqual([1, 1]);
      expect(kept().map((path) => [statSync(path).uid, statSync(path).mode & 0o777])).toEqual([
        [0, 0o644],
        [0, 0o644],
      ]);
    });

    it.each<[string, (path: string) => void]>([
      ["is another user's", (path) => chownSync(path, 1000, 1000)],
      ['all may write', (path) => chmodSync(path, 0o777)],
    ])('writes nothing into a folder that %s', (_, give) => {
      give(join(root, 'dist'));
      expect(run(root)).toEqual({ status: 0, stdout: expected, stderr: '' });
      expect(existsSync(cache)).toBe(false);
      expect(existsSync(join(folder, 'home'))).toBe(false);
    });
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe('a checkout', { timeout: PATIENCE }, () => {
  let checkout: string;
  let root: string;
  /** What the stand-in of the builder puts into dist/, and where it says that it did. */
  let ready: string;
  let log: string;
  beforeAll(() => {
    checkout = mkdtempSync(join(tmpdir(), 'nettrace-launcher-'));
    [root, ready, log] = [join(checkout, 'root'), join(checkout, 'ready'), join(checkout, 'log')];
    for (const path of ['bin', 'src', 'schemas', 'scripts/build', 'scripts/build.mjs', 'package.json']) {
      cpSync(path, join(root, path), { recursive: true, preserveTimestamps: true });
    }
    symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
    for (const name of [
      'inputs',
      'cli.cjs',
      'explain.cjs',
      'show.cjs',
      'count.cjs',
      'texts.cjs',
      'tar.cjs',
    ]) {
      cpSync(join('dist', name), join(ready, name), { recursive: true });
    }
    return () => rmSync(checkout, { recursive: true });
  }, PATIENCE);
  beforeEach(() => {
    for (const path of [...BUNDLES, ...PARTS, INPUTS]) {
      cpSync(path, join(root, path), { recursive: true, preserveTimestamps: true });
    }
    return () => rmSync(join(root, 'dist'), { recursive: true });
  });

  /** For this test. */
  const rewrite = (file: string, text: string) => {
    const path = join(root, file);
    const [before, { atime, mtime }] = [readFileSync(path), statSync(path)];
    onTestFinished(() => {
      writeFileSync(path, before);
      utimesSync(path, atime, mtime);
    });
    writeFileSync(path, text);
  };
  const edit = (file: string, from: string, to: string) => {
    const text = readFileSync(join(root, file), 'utf8');
    expect(text).toContain(from);
    rewrite(file, text.replace(from, to));
  };
  const built = () => statSync(join(root, 'dist/cli.cjs')).mtimeMs;
  /** A build takes many seconds: where the question is only whether there is one, bundles that are made already are put in place. */
  const standIn = () => {
    const [from, to] = [ready, join(root, 'dist')].map((path) => JSON.stringify(path));
    const lines = [
      "import { appendFileSync, cpSync, readdirSync, utimesSync } from 'node:fs';",
      'const begun = new Date();',
      `cpSync(${from}, ${to}, { recursive: true });`,
      // All of them have one time, as those of a build: some are sources of others.
      `for (const name of readdirSync(${from})) utimesSync(${to} + '/' + name, begun, begun);`,
      `appendFileSync(${JSON.stringify(log)}, 'built ');`,
    ];
    rewrite('scripts/build.mjs', lines.join('\n'));
    writeFileSync(log, '');
  };
  const builds = () => readFileSync(log, 'utf8').split(' ').length - 1;

  it('builds when a source of what runs has changed, and only then', () => {
    standIn();
    const good = { status: 0, stdout: expected, stderr: '' };
    expect([run(root), builds()]).toEqual([good, 0]);
    edit('src/cli/actions/show.ts', 'import', '// changed\nimport');
    expect([run(root), builds()], 'explain has nothing of it').toEqual([good, 0]);
    edit('src/cli/commands/explain.ts', 'a page of the catalogue', 'one page of the catalogue');
    expect([run(root, ['explain', '--help']).status, builds()]).toEqual([0, 1]);
    expect([run(root), builds()], 'once').toEqual([good, 1]);
    edit('src/diagnose/causes/fwd-ip-forward-off.ts', "title: '", "title: 'Really: ");
    expect([run(root), builds()]).toEqual([good, 2]);
  });

  it('builds when a bundle is missing, or what it was made of', () => {
    standIn();
    const good = { status: 0, stdout: expected, stderr: '' };
    rmSync(join(root, 'dist/explain.cjs'));
    expect([run(root), builds()]).toEqual([good, 1]);
    rmSync(join(root, 'dist/inputs/cli.txt'));
    expect([run(root), builds()]).toEqual([good, 2]);
    const count = ['show', '--format=count', CAPTURE];
    const counted = run(root, count);
    expect([counted, builds()]).toMatchObject([{ status: 0, stderr: '' }, 2]);
    rmSync(join(root, 'dist/texts.cjs'));
    expect([run(root, count), builds()]).toEqual([counted, 3]);
    expect(existsSync(join(root, 'dist/texts.cjs'))).toBe(true);
    rmSync(join(root, 'dist'), { recursive: true });
    mkdirSync(join(root, 'dist'));
    expect([run(root), builds()]).toEqual([good, 4]);
  });

  it('builds what its sources say, from nothing, and once', () => {
    edit('src/cli/commands/explain.ts', 'a page of the catalogue', 'one page of the catalogue');
    edit('src/diagnose/causes/flt-reject.ts', "title: '", "title: 'Really: ");
    rmSync(join(root, 'dist'), { recursive: true });
    mkdirSync(join(root, 'dist'));
    expect(run(root)).toEqual({ status: 0, stdout: expected, stderr: '' });
    const first = built();
    expect(run(root, ['explain', '--help']).stdout).toContain('one page of the catalogue');
    expect(run(root, ['explain', 'flt-reject']).stdout).toContain('Really: ');
    const count = ['show', '--format=count', CAPTURE];
    expect(run(root, count)).toEqual(run('.', count));
    expect(existsSync(join(root, 'dist/texts.cjs'))).toBe(true);
    expect(built()).toBe(first);
    edit('src/diagnose/causes/fwd-ip-forward-off.ts', 'title: ', 'title: :');
    const { status, stdout, stderr } = run(root);
    expect([status, stdout], 'its sources do not build').toEqual([70, '']);
    expect(stderr).toContain('nettrace: building from src/ failed');
    expect(built()).toBe(first);
  });
});

afterAll(() => {
  const left = readdirSync(tmpdir()).filter((name) => name.startsWith('nettrace-launcher-'));
  expect(left.filter((name) => !before.includes(name))).toEqual([]);
});
