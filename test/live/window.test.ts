/** The last packets of a point are a capture like any other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/capture/frame.ts';
import { CaptureReader } from '../../src/capture/scan.ts';
import { Window } from '../../src/live/window.ts';

interface Packet {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly length: number;
  readonly bytes: Uint8Array;
}

const packet: fc.Arbitrary<Packet> = fc
  .record({
    gap: fc.integer({ min: 0, max: 2_000_000_000 }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 400 }),
    more: fc.nat(1500),
  })
  .map(({ gap, bytes, more }) => ({ seconds: gap, nanoseconds: 0, length: bytes.length + more, bytes }));

/** In order of time. */
const packets = fc.array(packet, { maxLength: 60 }).map((all) => {
  let time = 1_700_000_000_000_000_000n;
  return all.map((one) => {
    time += BigInt(one.seconds);
    return { ...one, seconds: Number(time / 1_000_000_000n), nanoseconds: Number(time % 1_000_000_000n) };
  });
});

function frameOf({ seconds, nanoseconds, length, bytes }: Packet, number: number): Frame {
  return { number, seconds, nanoseconds, length, captured: bytes.length, linkType: 1, bytes };
}

function read(capture: Uint8Array | undefined): Packet[] {
  const found: Packet[] = [];
  if (!capture) return found;
  const reader = new CaptureReader(({ seconds, nanoseconds, length, bytes, linkType }) => {
    expect(linkType).toBe(1);
    found.push({ seconds, nanoseconds, length, bytes: bytes.slice() });
  });
  reader.push(capture);
  expect(reader.end().issues).toEqual([]);
  return found;
}

const timeOf = ({ seconds, nanoseconds }: Packet) => seconds + nanoseconds / 1e9;

describe('the last packets of a point', () => {
  it('are those from a time on, cut to the snaplen, exact in time', () => {
    fc.assert(
      fc.property(packets, fc.nat(60), fc.integer({ min: 1, max: 500 }), (all, which, snaplen) => {
        const window = new Window(snaplen);
        all.forEach((one, index) => void window.add(frameOf(one, index + 1)));
        const from = all[which] ? timeOf(all[which]) : 0;
        const expected = all
          .filter((one) => timeOf(one) >= from)
          .map((one) => ({ ...one, bytes: one.bytes.subarray(0, snaplen) }));
        expect(read(window.capture(from)).map((one) => ({ ...one, bytes: [...one.bytes] }))).toEqual(
          expected.map((one) => ({ ...one, bytes: [...one.bytes] })),
        );
      }),
    );
  });

  it('are given up from the oldest on, by age and by size', () => {
    const window = new Window(4096);
    const bytes = new Uint8Array(4000);
    for (let i = 0; i < 1000; i++)
      window.add(frameOf({ seconds: 1000 + i, nanoseconds: 0, length: 4000, bytes }, i + 1));
    expect(window.packets).toBe(1000);
    window.forget(0, 1 << 20);
    expect(window.size).toBeLessThanOrEqual(1 << 20);
    const [first] = read(window.capture(0));
    expect(first?.seconds).toBe(window.since);
    expect(read(window.capture(0)).at(-1)?.seconds).toBe(1999);
    window.forget(1900, 1 << 20);
    expect(window.since).toBeGreaterThan(1800);
    expect(read(window.capture(1900))).toHaveLength(100);
    window.forget(3000, 1 << 20);
    expect(window.packets).toBe(0);
    expect(window.capture(0)).toBeUndefined();
  });

  it('say from when on they are no more than so many bytes', () => {
    const window = new Window(4096);
    const bytes = new Uint8Array(4000);
    for (let i = 0; i < 1000; i++)
      window.add(frameOf({ seconds: 1000 + i, nanoseconds: 0, length: 4000, bytes }, i + 1));
    expect(window.sinceOfLast(1 << 30)).toBe(Number.NEGATIVE_INFINITY);
    const since = window.sinceOfLast(1 << 20);
    const kept = read(window.capture(since)).reduce((sum, one) => sum + one.bytes.length, 0);
    expect(kept).toBeLessThanOrEqual(1 << 20);
    expect(kept).toBeGreaterThan(1 << 19);
  });
});
