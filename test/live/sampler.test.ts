/** What is kept of a flood: whole flows, alike before and behind NAT, and all that is small beside it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tally } from '../../src/live/tally.ts';
import { capture, type Sent } from '../support/frames.ts';

const ROOM = 100_000;
const BYTES = 150;

/** The router between both points translates the source, port and all. */
interface Flow {
  readonly number: number;
  readonly protocol: 6 | 17;
  readonly to: string;
  readonly port: number;
  /** Packets, of which every other one is an answer. */
  readonly packets: number;
}

function sent({ number, protocol, to, port, packets }: Flow, outside: boolean, packet: number): Sent {
  const from = outside ? '198.51.100.1' : `10.0.${number >> 8}.${number & 255}`;
  const own = outside ? 20_000 + number : 1000 + ((number * 7) % 5000);
  const isReply = packet % 2 === 1;
  const ends = isReply
    ? { from: to, to: from, sourcePort: port, destinationPort: own }
    : { from, to, sourcePort: own, destinationPort: port };
  const opening = [0x02, 0x12][packet] ?? 0x10;
  const isn = number * 7919;
  const tcp = {
    tcpFlags: opening,
    tcpSequence: isReply ? 55 : packet === 0 ? isn : isn + 1,
    tcpAcknowledgement: packet === 1 ? isn + 1 : 0,
  };
  return {
    ...ends,
    protocol,
    id: number * 64 + packet,
    payload: new Uint8Array(8).fill(number & 255),
    ttl: outside ? 63 : 64,
    ...(protocol === 6 && tcp),
    mark: packets,
  };
}

/** What is kept at each point, by flow: packets, in order of time, flows side by side within a second. */
function play(
  flows: readonly Flow[],
  seconds: number,
): { inside: number[]; outside: number[]; kept: number[] } {
  const tally = new Tally({ room: ROOM });
  const inside = flows.map(() => 0);
  const outside = flows.map(() => 0);
  const kept: number[] = [];
  const all = flows.flatMap((flow, index) =>
    Array.from({ length: flow.packets }, (_, packet) => ({
      flow,
      index,
      packet,
      at: (seconds * ((index * 0.618) % 1) + (packet * seconds) / (flow.packets * 8)) % seconds,
    })),
  );
  // A flow's packets come in their order.
  all.sort((one, other) => one.at - other.at || one.packet - other.packet);
  const next = new Map<number, number>();
  for (const { flow, index, at } of all) {
    const packet = next.get(index) ?? 0;
    next.set(index, packet + 1);
    for (const point of [0, 1]) {
      const [frame] = capture({ ...sent(flow, point === 1, packet), at });
      if (!frame || !tally.add(point, frame, BYTES)) continue;
      const counts = point === 0 ? inside : outside;
      counts[index] = (counts[index] as number) + 1;
      kept[Math.floor(at)] = (kept[Math.floor(at)] ?? 0) + BYTES;
    }
  }
  return { inside, outside, kept };
}

describe('sampling by flow', () => {
  const flood = fc.record({
    protocol: fc.constantFrom(6 as const, 17 as const),
    flows: fc.integer({ min: 3000, max: 6000 }),
    packets: fc.integer({ min: 1, max: 4 }),
  });

  it('keeps of many small flows to one server whole ones at both points, and every flow beside them', () => {
    fc.assert(
      fc.property(flood, ({ protocol, flows: count, packets }) => {
        const flows = Array.from({ length: count }, (_, number): Flow => {
          const isBeside = number % 100 === 50;
          return isBeside
            ? { number, protocol: 17, to: '192.0.2.77', port: 5300, packets: 1 }
            : { number, protocol, to: '192.0.2.9', port: 80, packets };
        });
        const { inside, outside, kept } = play(flows, 4);
        expect(inside).toEqual(outside);
        for (const [index, flow] of flows.entries()) {
          if (flow.port === 5300) expect(inside[index]).toBe(1);
          // All of it, or nothing.
          expect([0, flow.packets]).toContain(inside[index]);
        }
        const offered = flows.reduce((sum, flow) => sum + flow.packets * 2 * BYTES, 0);
        if (offered > ROOM * 4 * 3) expect(inside.filter((n) => n === 0).length).toBeGreaterThan(count / 4);
        // What began before goes on.
        expect(kept.reduce((sum, second) => sum + (second ?? 0), 0)).toBeLessThan(ROOM * 4 * 4);
      }),
      { numRuns: 8 },
    );
  });

  it('sets a large flow aside at both points, and keeps a small one to the same server', () => {
    const large: Flow = { number: 1, protocol: 6, to: '192.0.2.9', port: 80, packets: 6000 };
    const small: Flow = { number: 2, protocol: 6, to: '192.0.2.9', port: 22, packets: 40 };
    const { inside, outside } = play([large, small], 4);
    expect(inside[1]).toBe(40);
    expect(outside[1]).toBe(40);
    expect(inside[0]).toBeLessThan(3000);
    expect(Math.abs((inside[0] as number) - (outside[0] as number))).toBeLessThanOrEqual(1);
  });

  it('keeps all where there is room, and all again when the flood is over', () => {
    const tally = new Tally({ room: ROOM });
    const flow: Flow = { number: 1, protocol: 17, to: '192.0.2.9', port: 9, packets: 1 };
    const add = (at: number, packet: number) => {
      const [frame] = capture({ ...sent(flow, false, packet * 2), at });
      return frame !== undefined && tally.add(0, frame, BYTES);
    };
    for (let i = 0; i < 100; i++) expect(add(i / 100, i)).toBe(true);
    expect(tally.sampling).toBeUndefined();
    for (let i = 0; i < 5000; i++) add(1 + i / 2500, i);
    expect(add(3.1, 0)).toBe(false);
    expect(tally.sampling).toMatchObject({ aside: 1 });
    expect(tally.sampling?.share).toBeLessThan(0.6);
    for (let second = 4; second < 9; second++) add(second, 0);
    expect(tally.sampling).toBeUndefined();
    expect(add(9.5, 0)).toBe(true);
  });
});
