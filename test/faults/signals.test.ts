/** SIGINT, SIGTERM and SIGHUP at any moment: the status says which, nothing half-written is left, and nothing goes on running. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CAPTURE, isRoot, LAUNCHER, namesIn, processesWith, scratch } from './program.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Moments, in parts of the time that the command takes when nothing happens. */
const MOMENTS = [0.02, 0.3, 0.5, 0.7, 0.85, 0.95];

let place: ReturnType<typeof scratch>;
beforeAll(() => {
  place = scratch();
  const once = readFileSync(CAPTURE);
  // More than 8 MB: it is read twice, with threads.
  const records = Array.from({ length: 8000 }, () => once.subarray(24));
  writeFileSync(join(place.folder, 'eth0.pcap'), Buffer.concat([once, ...records]));
});
afterAll(() => place.remove());

/** It starts, and is told to end after so many milliseconds. */
async function interrupted(words: readonly string[], after: number, signal: NodeJS.Signals | undefined) {
  const mark = randomBytes(8).toString('hex');
  const begun = performance.now();
  const child: ChildProcess = spawn(process.execPath, [LAUNCHER, ...words], {
    cwd: place.folder,
    // The collector passes on what steers Docker's client.
    env: { ...process.env, DOCKER_MARK: mark },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<{ status: number | null; by: NodeJS.Signals | null }>((resolve) =>
    child.on('close', (status, by) => resolve({ status, by })),
  );
  await new Promise((resolve) => setTimeout(resolve, after));
  if (signal) child.kill(signal);
  const { status, by } = await ended;
  await expect.poll(() => processesWith(mark), { timeout: 10_000 }).toEqual([]);
  return {
    status: status ?? 128 + constants.signals[by as NodeJS.Signals],
    took: performance.now() - begun,
    said,
  };
}

describe('a signal at any moment', () => {
  it.each([
    ['an analysis', ['analyze', 'eth0.pcap', '-q', '--format', 'json', '-o', 'out'], [0, 1]],
    ['a merged capture', ['annotate', 'eth0.pcap', '-q', '-o', 'out'], [0]],
    ['lines of packets', ['show', 'eth0.pcap', '--format', 'jsonl', '-o', 'out'], [0]],
    // It ends a capture early; the bundle is whole then. What was told twice leaves nothing.
    ['a bundle', ['collect', '-q', '-o', 'out.tar.gz', ...(isRoot ? ['--only', 'host'] : [])], [0, 1]],
  ] as const)('%s', { timeout: 300_000 }, async (_, words, statuses) => {
    // What the case before left when its last signal came too late.
    for (const name of namesIn(place.folder))
      if (name.startsWith('out')) rmSync(join(place.folder, name), { force: true });
    const whole = await interrupted(words, 0, undefined);
    expect(statuses, whole.said).toContain(whole.status);
    const output = namesIn(place.folder).find((name) => name.startsWith('out')) ?? '';
    expect(output).not.toBe('');
    const size = readFileSync(join(place.folder, output)).length;
    for (const [index, moment] of MOMENTS.entries()) {
      rmSync(join(place.folder, output), { force: true });
      const signal = SIGNALS[index % SIGNALS.length] as NodeJS.Signals;
      const { status } = await interrupted(words, whole.took * moment, signal);
      const left = namesIn(place.folder).filter((name) => name !== 'eth0.pcap');
      if (!statuses.some((each) => each === status)) expect(status).toBe(128 + constants.signals[signal]);
      else expect(left).toEqual([output]);
      // Nothing, or all of it: a signal may come when all is done.
      if (left.length === 0) continue;
      expect(left).toEqual([output]);
      if (output === 'out') expect(readFileSync(join(place.folder, output)).length).toBe(size);
      else expect(spawnSync('tar', ['-tzf', join(place.folder, output)]).status).toBe(0);
    }
  });
});
