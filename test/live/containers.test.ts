/** A container that starts while a host is followed is captured, too. Docker and the kernel are the judges. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { LiveEvent } from '../../src/live/events.ts';
import { expectValid } from '../support/schemas.ts';

const TOOLS = ['dockerd', 'docker', 'unshare', 'nsenter', 'ip', 'iptables', 'tcpdump', 'busybox'];
const possible =
  process.getuid?.() === 0 &&
  TOOLS.every((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0);

describe.skipIf(!possible)('nettrace live beside Docker (needs root and docker.io)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nettrace-follow-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('follows the veth and the namespace of a container that starts', { timeout: 240_000 }, async () => {
    const child = spawn(process.execPath, ['test/live/containers.mjs', folder]);
    let log = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        log += text;
      });
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(status, log).toBe(0);
    const lines = readFileSync(join(folder, 'events.jsonl'), 'utf8').trim().split('\n');
    const events = lines.map((line) => JSON.parse(line) as LiveEvent);
    for (const event of events) expectValid('live-event', event);
    const [begin] = events;
    const stop = events.at(-1);
    if (begin?.event !== 'begin' || stop?.event !== 'stop') throw new Error(`told: ${lines.join('\n')}`);
    expect(begin.points.map((point) => point.interface)).toEqual(['docker0']);
    const veth = stop.points.find((point) => point.interface.startsWith('veth'));
    expect(veth?.namespace).toBe('host');
    // Requests and answers of most of the pings that were sent.
    expect(veth?.packets).toBeGreaterThan(20);
    expect(existsSync(join(folder, 'complaints'))).toBe(false);
  });
});
