/** A capture point whose packets come late, or are lost by the kernel. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { collector } from '../../src/capture/writer.ts';
import type { CapturePoint } from '../../src/collect/capture-points.ts';
import type { Host } from '../../src/collect/host.ts';
import { PointTap } from '../../src/live/point-tap.ts';

const NOW = 1_795_000_000;
const POINT = { namespace: { name: 'host', inode: 1 }, device: 'eth0' } as unknown as CapturePoint;

/** A program that says what a test has it say. */
function program() {
  const child = Object.assign(new EventEmitter(), {
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    kill: () => true,
  });
  const host = { start: () => child, which: () => undefined } as unknown as Host;
  const tap = new PointTap(POINT, { name: 'tcpdump', words: [], tellsDrops: true }, 96, host, {
    onPacket: () => true,
    onEnd: () => {},
    onSilence: () => {},
  });
  const { sink, bytes } = collector();
  pcapWriter(sink, { linkType: 1, nanoseconds: true, snaplen: 96 });
  child.stdout.write(bytes());
  return { child, tap };
}

function record(time: number): Buffer {
  const bytes = Buffer.alloc(16 + 60);
  bytes.writeUInt32LE(Math.floor(time), 0);
  bytes.writeUInt32LE(Math.round((time % 1) * 1e9), 4);
  bytes.writeUInt32LE(60, 8);
  bytes.writeUInt32LE(60, 12);
  return bytes;
}

/** Streams hand on what they have in turns of their own. */
const turn = () => vi.advanceTimersByTimeAsync(0);

describe('a capture point', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW * 1000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('has told of all packets but those of just now, where they come as they are captured', async () => {
    const { child, tap } = program();
    expect(tap.toldUntil(NOW)).toBeCloseTo(NOW - 0.1, 5);
    child.stdout.write(record(NOW - 0.01));
    await turn();
    expect(tap.packets).toBe(1);
    expect(tap.toldUntil(NOW + 2)).toBeCloseTo(NOW + 1.9, 5);
  });

  it('has told up to the last one, where they come late, until none comes any more', async () => {
    const { child, tap } = program();
    child.stdout.write(record(NOW - 1.5));
    await turn();
    expect(tap.toldUntil(NOW + 0.1)).toBeCloseTo(NOW - 1.5, 5);
    expect(tap.toldUntil(NOW + 1)).toBeCloseTo(NOW + 0.9, 5);
  });

  it('knows how many were lost since a time', async () => {
    const { child, tap } = program();
    const tell = async (dropped: number) => {
      child.stderr.write(
        `tcpdump: 5 packets captured, 7 packets received by filter, ${dropped} packets dropped by kernel\n`,
      );
      await turn();
    };
    expect(tap.droppedSince(NOW - 10)).toBe(0);
    await tell(40);
    await vi.advanceTimersByTimeAsync(4000);
    await tell(45);
    expect(tap.droppedSince(Number.NEGATIVE_INFINITY)).toBe(45);
    expect(tap.droppedSince(NOW + 1)).toBe(5);
    expect(tap.droppedSince(NOW + 5)).toBe(0);
  });
});
