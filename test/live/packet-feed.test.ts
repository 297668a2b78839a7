/** The kept packets of several points are one list in order of time, whatever was looked at before. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/capture/frame.ts';
import { PacketFeed } from '../../src/live/packet-feed.ts';
import type { KeptPacket, PacketList } from '../../src/live/packet-index.ts';
import { Window } from '../../src/live/window.ts';

const SNAPLEN = 96;
const BEGIN = 1_700_000_000;

/** Tells its point, and its place among that point's packets. */
function frame(point: number, number: number, time: number, size: number): Frame {
  const bytes = new Uint8Array(size).fill(point);
  new DataView(bytes.buffer).setUint32(0, number);
  const seconds = BEGIN + Math.floor(time / 1e6);
  const nanoseconds = (time % 1e6) * 1000;
  return { number, seconds, nanoseconds, length: size, captured: size, linkType: 1, bytes };
}

function describeOf({ point, frame: { seconds, nanoseconds, bytes } }: KeptPacket): string {
  const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return `${seconds}.${String(nanoseconds).padStart(9, '0')} ${point} ${number}`;
}

function all(list: PacketList): string[] {
  return Array.from({ length: list.length }, (_, row) => describeOf(list.at(row) as KeptPacket));
}

/** What comes at once: of which points, how much later than the one before, of which size; and what is forgotten before it. */
const step = fc.record({
  packets: fc.array(
    fc.record({
      point: fc.nat(2),
      gap: fc.integer({ min: -300, max: 2_000_000 }),
      size: fc.integer({ min: 4, max: 90 }),
    }),
    { maxLength: 40 },
  ),
  forget: fc.option(fc.nat(30)),
  isLooking: fc.boolean(),
});

const isOdd = (each: Frame) => each.bytes[3] !== undefined && each.bytes[3] % 2 === 1;
const ODD = { key: 'odd', label: 'odd', test: isOdd };

describe('the kept packets', () => {
  it('are in order of time, all of them and once, and those of a choice among them', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const windows = [0, 1, 2].map(() => new Window(SNAPLEN));
        const feed = new PacketFeed(() => windows.map((window, index) => ({ name: `n:${index}`, window })));
        const counts = [0, 0, 0];
        let time = 0;
        for (const { packets, forget, isLooking } of steps) {
          if (forget !== null) for (const window of windows) window.forget(BEGIN + forget, 1 << 30);
          for (const { point, gap, size } of packets) {
            time = Math.max(0, time + gap);
            counts[point] = (counts[point] as number) + 1;
            windows[point]?.add(frame(point, counts[point] as number, time, size));
          }
          if (!isLooking) continue;
          const kept = feed.take();
          const listed = all(kept.list());
          expect(listed.map((text) => text.slice(0, 20))).toEqual(
            listed.map((text) => text.slice(0, 20)).toSorted(),
          );
          expect(listed.toSorted()).toEqual(inWindows(windows).toSorted());
          expect(all(kept.list(ODD))).toEqual(listed.filter((text) => Number(text.split(' ')[2]) % 2 === 1));
        }
      }),
    );
  });

  it('are found again by their keys, which stay theirs', () => {
    const windows = [new Window(SNAPLEN), new Window(SNAPLEN)];
    const feed = new PacketFeed(() => windows.map((window, index) => ({ name: `n:${index}`, window })));
    for (let i = 0; i < 100; i++) windows[i % 2]?.add(frame(i % 2, i, Math.floor(i / 4) * 1000, 60));
    const before = feed.take().list();
    const keys = Array.from({ length: before.length }, (_, row) => before.at(row)?.key ?? '');
    expect(new Set(keys).size).toBe(100);
    keys.forEach((key, row) => void expect(before.rowOf(key)).toBe(row));
    // Heard later, but earlier than most.
    windows[1]?.add(frame(1, 1000, 500, 60));
    const after = feed.take().list();
    expect(after.length).toBe(101);
    keys.forEach((key, row) => {
      const now = after.rowOf(key) ?? Number.NaN;
      expect(now).toBe(row < 4 ? row : row + 1);
      expect(describeOf(after.at(now) as KeptPacket)).toBe(describeOf(before.at(row) as KeptPacket));
    });
    expect(after.rowOf('7:0')).toBeUndefined();
    expect(after.rowOf('nonsense')).toBeUndefined();
    expect(after.at(101)).toBeUndefined();
  });

  it('of a pause stay while the windows move on, also for another choice', () => {
    const window = new Window(SNAPLEN);
    const feed = new PacketFeed(() => [{ name: 'n:0', window }]);
    for (let i = 1; i <= 20; i++) window.add(frame(0, i, i * 1000, 60));
    const paused = feed.take();
    const before = all(paused.list());
    window.forget(BEGIN + 1, 1 << 30);
    for (let i = 21; i <= 9000; i++) window.add(frame(0, i, 2_000_000 + i * 1000, 60));
    expect(all(feed.take().list())).toHaveLength(8980);
    expect(all(paused.list())).toEqual(before);
    expect(all(paused.list(ODD))).toEqual(before.filter((text) => Number(text.split(' ')[2]) % 2 === 1));
    expect(all(feed.take().list())).toHaveLength(8980);
  });

  it('are the same after nobody looked for a while', () => {
    const window = new Window(SNAPLEN);
    const feed = new PacketFeed(() => [{ name: 'n:0', window }]);
    for (let i = 1; i <= 10; i++) window.add(frame(0, i, i * 1000, 60));
    const before = feed.take();
    const listed = [all(before.list()), all(before.list(ODD))];
    for (let i = 0; i < 100; i++) feed.take();
    expect([all(feed.take().list()), all(feed.take().list(ODD))]).toEqual(listed);
    expect([all(before.list()), all(before.list(ODD))]).toEqual(listed);
  });

  it('are looked at once by a choice', () => {
    const window = new Window(SNAPLEN);
    const feed = new PacketFeed(() => [{ name: 'n:0', window }]);
    let looks = 0;
    const choice = { key: 'counts', label: '', test: (each: Frame) => ++looks > 0 && isOdd(each) };
    for (let i = 1; i <= 1000; i++) {
      window.add(frame(0, i, i * 1000, 60));
      if (i % 100 === 0) feed.take().list(choice);
    }
    expect(looks).toBe(1000);
  });
});

function inWindows(windows: readonly Window[]): string[] {
  return windows.flatMap(({ segments }, index) =>
    segments.flatMap(({ view, used }) => {
      const found: string[] = [];
      for (let at = 0; at < used; at += 16 + view.getUint32(at + 8, true)) {
        const nanoseconds = String(view.getUint32(at + 4, true)).padStart(9, '0');
        found.push(`${view.getUint32(at, true)}.${nanoseconds} n:${index} ${view.getUint32(at + 16)}`);
      }
      return found;
    }),
  );
}
