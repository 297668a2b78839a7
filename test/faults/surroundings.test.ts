/** A poor place to run in: no environment, folders that can't be written, too few open files or processes. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUNDLE, CAPTURE, isRoot, LAUNCHER, namesIn, nettrace, scratch, shell } from './program.ts';

const linux = process.platform === 'linux';
const NOBODY = 65_534;
const asNobody = isRoot && spawnSync('test', ['-r', LAUNCHER], { uid: NOBODY, gid: NOBODY }).status === 0;
let place: ReturnType<typeof scratch>;
let expected: ReturnType<typeof nettrace>;
beforeAll(() => {
  place = scratch();
  expected = nettrace(['analyze', BUNDLE], { env: { LANG: 'C.UTF-8' } });
  expect(expected.status).toBe(1);
});
afterAll(() => place.remove());

describe('an analysis is the same', () => {
  it.each([
    ['without any environment but a locale', {}],
    [
      'with a home and a folder for temporary files that are not there',
      { HOME: '/nowhere', XDG_CACHE_HOME: '/nowhere', TMPDIR: '/nowhere' },
    ],
    ['with a home that is a file', { HOME: CAPTURE, XDG_CACHE_HOME: CAPTURE }],
  ])('%s', (_, env) => {
    expect(nettrace(['analyze', BUNDLE], { env: { LANG: 'C.UTF-8', ...env } })).toEqual(expected);
  });

  it.runIf(linux)('where no file can be made', () => {
    expect(nettrace(['analyze', BUNDLE], { cwd: '/proc', env: { LANG: 'C.UTF-8' } })).toEqual(expected);
  });

  it.runIf(linux)('with as many open files as Node needs for itself', () => {
    const env = { ...process.env, LANG: 'C.UTF-8' };
    expect(shell(`ulimit -n 24; exec $NETTRACE analyze ${BUNDLE}`, { env })).toEqual(expected);
  });
});

describe.runIf(linux)('a folder that can’t be written', () => {
  it('is said, with the path', () => {
    const collected = nettrace(['collect', '-q'], { cwd: '/proc' });
    expect([collected.status, collected.stderr]).toEqual([
      2,
      expect.stringMatching(/^nettrace: error: can't write nettrace-.*\.tar\.gz: ENOENT/),
    ]);
    const analysed = nettrace(['analyze', BUNDLE, '-o', 'out.html', '--format', 'html'], { cwd: '/proc' });
    expect([analysed.status, analysed.stderr]).toEqual([
      2,
      expect.stringMatching(/^nettrace: error: can't write out\.html: E/),
    ]);
  });

  it.skipIf(!isRoot)('is said before anything is read (needs root)', () => {
    const folder = join(place.folder, 'read-only');
    mkdirSync(folder);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'none', folder]).status).toBe(0);
    try {
      for (const words of [
        ['analyze', BUNDLE, '-o'],
        ['annotate', BUNDLE, '-o'],
        ['show', CAPTURE, '-o'],
        ['collect', '-o'],
      ]) {
        const { status, stdout, stderr } = nettrace([...words, join(folder, 'out')]);
        expect([status, stdout, stderr]).toEqual([
          2,
          '',
          `nettrace: error: can't write ${folder}/out: EROFS: read-only file system\n`,
        ]);
      }
    } finally {
      spawnSync('umount', ['-l', folder]);
    }
  });
});

describe.runIf(linux)('too few open files', () => {
  it('end a collection with a message, and nothing is left', () => {
    const folder = join(place.folder, 'files');
    mkdirSync(folder);
    const { status, stderr } = shell(`ulimit -n 22; exec $NETTRACE collect -q -o ${folder}/out.tar.gz`);
    expect([status, stderr]).toEqual([
      2,
      `nettrace: error: can't write ${folder}/out.tar.gz: EMFILE: too many open files\n`,
    ]);
    expect(namesIn(folder)).toEqual([]);
  });

  it.skipIf(!isRoot)('end live with a message (needs root)', () => {
    const { status, stderr } = shell(
      'ulimit -n 24; exec $NETTRACE live --headless --host-namespace own --only host -i lo --duration 1s',
    );
    expect(status).toBe(2);
    expect(stderr).toMatch(/^nettrace: error: .*EMFILE/);
  });
});

describe.skipIf(!asNobody)('too few processes (needs root)', () => {
  it('for threads: an analysis does without them', { timeout: 180_000 }, () => {
    const folder = join(place.folder, 'long');
    mkdirSync(folder);
    const once = readFileSync(CAPTURE);
    const records = Array.from({ length: Math.ceil((17 << 20) / once.length) }, () => once.subarray(24));
    for (const name of ['a.pcap', 'b.pcap'])
      writeFileSync(join(folder, name), Buffer.concat([once, ...records]));
    for (const path of [place.folder, folder]) chmodSync(path, 0o755);
    // Of whom nobody else has processes: setrlimit(2) counts all of a user's.
    const user = { uid: 54_321, gid: 54_321 };
    const run = (limit: number | string, words: string) =>
      shell(`ulimit -u ${limit}; exec timeout 60 $NETTRACE ${words}`, user);
    // With fewer Node doesn't start.
    const least = [8, 9, 10, 12, 14, 16].find((limit) => run(limit, '--version').status === 0);
    expect(least).toBeDefined();
    const words = `analyze ${folder} -q --format json --threads`;
    const ran = run(least ?? 0, `${words} 2`);
    expect(ran.status).toBe(1);
    expect(ran.stdout === run('unlimited', `${words} 1`).stdout).toBe(true);
  });
});
