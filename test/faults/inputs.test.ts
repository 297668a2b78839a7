/** Inputs that change, vanish, hang or can't be read while they are read: what was good is used, the rest is said. */
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../../src/diagnose/analyze.ts';
import { observed } from '../../src/input/observed.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import { BUNDLE, CAPTURE, isRoot, LAUNCHER, nettrace, scratch } from './program.ts';

const NOBODY = 65_534;
const asNobody = isRoot && spawnSync('test', ['-r', LAUNCHER], { uid: NOBODY, gid: NOBODY }).status === 0;
let place: ReturnType<typeof scratch>;
const once = readFileSync(CAPTURE);
const records = (count: number) => Array.from({ length: count }, () => once.subarray(24));
/** Three blocks as files are read. */
const LONG = Buffer.concat([once, ...records(Math.ceil((3 << 20) / once.length))]);
beforeAll(() => {
  place = scratch();
});
afterAll(() => place.remove());

const BUDGET = {
  ...{ alike: 1, ofClient: 1, ofScanner: 16, failing: 5000, working: 5000 },
  ...{ workingAlike: 5000, turning: 5000 },
};
const MORE = Buffer.concat(records(10));
const cut = (path: string) => truncateSync(path, (1 << 20) + 100);
const append = (path: string) => appendFileSync(path, MORE);
function replace(path: string): void {
  writeFileSync(`${path}.new`, LONG.subarray(0, LONG.length - 500));
  renameSync(`${path}.new`, path);
}

/** `change` is called when so many bytes of the capture have been read. */
async function changing(change: (path: string) => void, bytes: number) {
  const path = join(place.folder, 'eth0.pcap');
  writeFileSync(path, LONG);
  const inputs = await resolveInputs([path]);
  let read = 0;
  const watched = observed(inputs, (_, more) => {
    read += more;
    if (read >= bytes && read - more < bytes) change(path);
  });
  const { issues, scene } = await analyze(watched, { sieveFrom: 1, threads: 1, budget: BUDGET });
  rmSync(path, { force: true });
  expect(issues.every((issue) => issue.path === path)).toBe(true);
  const packets = scene.correlation.summaries.map((summary) => summary.packets);
  return [issues.map(({ code }) => code), packets];
}

describe('a capture', () => {
  const whole = (LONG.length - 24) / (once.length - 24);
  const packets = (pieces: number) => Math.round(pieces * PACKETS);
  const PACKETS = 14;
  it.each([
    ['is cut short while it is read', cut, 1, ['pcap-truncated'], 11_327],
    ['is cut short between its two readings', cut, LONG.length, ['capture-changed'], packets(whole)],
    [
      'is emptied between its two readings',
      (path: string) => truncateSync(path, 0),
      LONG.length,
      ['capture-changed'],
      packets(whole),
    ],
    ['is replaced between its two readings', replace, LONG.length, ['capture-changed'], packets(whole)],
    [
      'is removed between its two readings',
      (path: string) => rmSync(path),
      LONG.length,
      ['capture-changed'],
      packets(whole),
    ],
    ['is cut short while it is read again', cut, LONG.length + 1, ['capture-changed'], packets(whole)],
    ['grows while it is read', append, 1, [], packets(whole + 10)],
    ['grows while it is read again', append, LONG.length + 1, ['capture-changed'], packets(whole)],
  ] as const)('that %s: what was read of it counts', async (_, change, bytes, codes, count) => {
    expect(await changing(change, bytes)).toEqual([codes, [count]]);
  });
});

describe('a file of a folder', () => {
  const folder = () => {
    const made = join(place.folder, 'bundle');
    rmSync(made, { recursive: true, force: true });
    cpSync(BUNDLE, made, { recursive: true });
    return made;
  };
  const codesOf = (issues: readonly { code: string; path?: string }[], made: string) =>
    issues.map(({ code, path = '' }) => `${code} ${path.slice(made.length + 1)}`);

  it('that vanishes before it is read is said to be missing, and the others are read', async () => {
    const made = folder();
    const rules = 'namespaces/host/iptables-save.txt';
    const inputs = await resolveInputs([made], {
      onFile: (path, done) => {
        if (done === 0) rmSync(join(made, rules));
        void path;
      },
    });
    expect(codesOf(inputs.issues, made)).toEqual([`open-failed ${rules}`]);
    const whole = await resolveInputs([BUNDLE]);
    expect(inputs.dumps.length).toBe(whole.dumps.length - 1);
  });

  it('that is a capture and vanishes between listing and reading is said to be, and the others are analysed', async () => {
    const made = folder();
    const inputs = await resolveInputs([made]);
    const capture = 'captures/host/docker0.pcap';
    rmSync(join(made, capture));
    const { issues, scene } = await analyze(inputs);
    expect(codesOf(issues, made)).toContain(`open-failed ${capture}`);
    expect(scene.correlation.flows.length).toBeGreaterThan(0);
  });

  it('that has become a folder, or can’t be read, is said to, and the others are read', () => {
    const made = folder();
    rmSync(join(made, 'namespaces/host/sysctl.txt'));
    mkdirSync(join(made, 'namespaces/host/sysctl.txt'));
    rmSync(join(made, 'namespaces/host/ss.txt'));
    // A file that can be opened, and no byte of it be read, by nobody.
    symlinkSync('/proc/self/mem', join(made, 'namespaces/host/ss.txt'));
    const { status, stderr } = nettrace(['analyze', made]);
    expect(status).toBe(1);
    expect(stderr).not.toContain('internal');
    expect(nettrace(['show', '/proc/self/mem'])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/error: \/proc\/self\/mem: reading stopped: EIO/),
    });
    expect(nettrace(['report', made])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/can't read .*: EISDIR/),
    });
  });

  it.skipIf(!asNobody)('that may not be read is said to, and the others are read (needs root)', () => {
    const made = folder();
    chmodSync(place.folder, 0o755);
    chmodSync(join(made, 'namespaces/host/ss.txt'), 0o600);
    const { status, stderr } = nettrace(['analyze', made], { uid: NOBODY, gid: NOBODY });
    expect([status, stderr]).toEqual([2, expect.stringMatching(/error: .*\/ss\.txt: .*permi/)]);
  });
});

describe('a named pipe that nobody writes to, or never to its end', () => {
  it.each([
    ['nobody', 'SIGINT', false],
    ['one who has begun', 'SIGTERM', true],
  ] as const)('by %s: a signal ends it', async (_, signal, isBegun) => {
    const pipe = join(place.folder, `pipe${isBegun}`);
    spawnSync('mkfifo', [pipe]);
    const child = spawn(process.execPath, [LAUNCHER, 'analyze', pipe, '-o', `${pipe}.out`], {
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.on('close', (status, by) => resolve([status, by])));
    // Opened for both: it has a reader and a writer in any case.
    const descriptor = isBegun ? openSync(pipe, 'r+') : undefined;
    if (descriptor !== undefined) writeSync(descriptor, once);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.kill(signal);
    expect(await ended).toEqual([null, signal]);
    if (descriptor !== undefined) closeSync(descriptor);
    expect(existsSync(`${pipe}.out`)).toBe(false);
  });
});
