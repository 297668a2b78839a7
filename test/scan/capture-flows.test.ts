import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/capture/frame.ts';
import { endsOf } from '../../src/correlate/sighting.ts';
import { dissect } from '../../src/packet/dissect.ts';
import {
  CaptureFlows,
  type ReceivedPackets,
  type SentPackets,
  UNTOLD,
} from '../../src/scan/capture-flows.ts';
import { RECORD, RECORD_WORDS } from '../../src/scan/records.ts';
import { blockFrame, frames } from '../packet/plain-frames.ts';
import { capture, type Sent } from '../support/frames.ts';
import { columnsOf, inOneBlock } from './columns.ts';

/** Conversations of few hosts, so that some come again. */
const sent: fc.Arbitrary<Sent> = fc.record({
  from: fc.constantFrom('10.0.0.1', '10.0.0.2', '192.168.0.9'),
  to: fc.constantFrom('10.0.0.1', '10.0.0.2', '192.168.0.9'),
  protocol: fc.constantFrom(6, 17),
  sourcePort: fc.constantFrom(80, 4000, 4001),
  destinationPort: fc.constantFrom(80, 4000, 4001),
  ttl: fc.constantFrom(63, 64),
});

function placed(frame: Frame, number: number): Frame {
  const { bytes, seconds, nanoseconds, linkType, captured, length } = frame;
  return blockFrame(bytes.slice(), { number, seconds, nanoseconds, linkType, base: 3, captured, length });
}

const mixed = fc
  .array(fc.oneof({ weight: 3, arbitrary: sent.map((one) => capture(one)[0] as Frame) }, frames), {
    maxLength: 60,
  })
  .map((list) => list.map((frame, index) => placed(frame, index + 1)));

/** Point, protocol and both ends, whoever sent it. */
function keyOf(frame: Frame): string {
  const packet = dissect(frame);
  const ends = endsOf(packet);
  const [one, other] = [ends?.source, ends?.destination].map((end) => `${end?.address} ${end?.port}`);
  const point = `${frame.linkType} ${packet.interfaceName} ${packet.interfaceIndex}`;
  return [point, packet.ip?.protocol, ...[one, other].toSorted()].join('|');
}

/** Sums by key, in the order of keys. */
function summed(pairs: readonly (readonly [string, number])[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const [key, packets] of pairs) sums.set(key, (sums.get(key) ?? 0) + packets);
  return [...sums].toSorted();
}

describe('a capture that is read twice', () => {
  it('knows the second time which packets are wanted, and which are none of its own', () => {
    fc.assert(
      fc.property(mixed, fc.integer({ min: 1, max: 4 }), (packets, every) => {
        const odd = new Set<number>();
        const flows = new CaptureFlows({ ...UNTOLD, onOdd: ({ number }) => odd.add(number) });
        for (const frame of packets) {
          flows.add(frame);
          flows.flush();
        }
        flows.end();
        const { records } = flows.table;
        const wanted = new Set<string>();
        const plain = packets.filter(({ number }) => !odd.has(number));
        const keys = [...new Set(plain.map(keyOf))];
        expect(records.count).toBe(keys.length);
        for (let record = 0; record < records.count; record += every) {
          flows.table.want(record);
          // Records are in the order of their first packets.
          wanted.add(keys[record] as string);
        }
        // As another thread would hand it over.
        const parts = flows.parts();
        const { slots, records: sent } = parts.table;
        // Nothing is copied that is more than what is handed over.
        for (const own of [slots, sent.words, sent.firsts, ...parts.table.signatures.segments])
          expect(own.buffer).toBeInstanceOf(SharedArrayBuffer);
        expect(sent.told.buffer.byteLength).toBe(sent.told.byteLength);
        const handed = CaptureFlows.of(structuredClone(parts));
        for (let record = 0; record < records.count; record += every) handed.table.want(record);
        expect(handed.points).toEqual(flows.points);
        for (const frame of packets) {
          const expected = odd.has(frame.number) ? 'odd' : wanted.has(keyOf(frame)) ? 'wanted' : 'known';
          expect(flows.look(frame), keyOf(frame)).toBe(expected);
          expect(handed.look(frame), keyOf(frame)).toBe(expected);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('knows it of many records as it does of each', () => {
    fc.assert(
      fc.property(
        mixed,
        fc.constantFrom(1, 1, 1, 276),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(1, 31, 64, 70),
        fc.boolean(),
        (packets, link, every, first, isHanded) => {
          const block = inOneBlock(packets.filter(({ linkType }) => linkType === link));
          const columns = columnsOf(block);
          if (!columns) return;
          columns.number = first;
          const own = new CaptureFlows(UNTOLD);
          own.addColumns(columns);
          own.end();
          const flows = isHanded ? CaptureFlows.of(structuredClone(own.parts())) : own;
          for (let record = 0; record < flows.table.records.count; record += every) flows.table.want(record);
          const expected = block
            .map((frame, index) => Object.assign(frame, { number: first + index }))
            .filter((frame) => flows.look(frame) !== 'known')
            .map(({ number, bytes }) => `${number} ${bytes}`);
          const told: string[] = [];
          flows.columnsAgain();
          flows.lookThrough(columns, ({ number, bytes }) => told.push(`${number} ${bytes}`));
          expect(told).toEqual(expected);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['one after the other', 0, 500],
    ['further apart than there is room to take in', 1_200_000, 50],
  ])('is the same in columns as frame by frame, %s', (_, gap, numRuns) => {
    fc.assert(
      fc.property(
        mixed,
        fc.constantFrom(1, 1, 276),
        fc.integer({ min: 1, max: 60 }),
        (packets, link, most) => {
          const own = packets.filter(({ linkType }) => linkType === link);
          const block = inOneBlock(gap === 0 ? own : own.slice(0, 12), gap);
          const [alone, together] = ['frames', 'columns'].map((way) => {
            const odd: string[] = [];
            const flows = new CaptureFlows({
              ...UNTOLD,
              onOdd: ({ number, seconds, bytes }) => odd.push(`${number} ${seconds} ${bytes}`),
              most,
            });
            const columns = columnsOf(block);
            if (way === 'columns' && columns) flows.addColumns(columns);
            if (way === 'frames') {
              for (const frame of block) {
                flows.add(frame);
                flows.flush();
              }
            }
            flows.end();
            const { records, signatures, givenUp } = flows.table;
            return {
              ...{ odd, plain: flows.plain, points: flows.points, count: records.count, givenUp },
              words: records.words.slice(0, records.count * RECORD_WORDS),
              firsts: records.firsts.slice(0, records.count),
              since: signatures.since,
              signatures: signatures.count > 0 && signatures.segment(0).slice(0, signatures.count * 4),
            };
          });
          expect(together).toEqual(alone);
        },
      ),
      { numRuns },
    );
  });

  it('counts its points, and tells of every plain packet once', () => {
    fc.assert(
      fc.property(mixed, (packets) => {
        const odd = new Set<number>();
        const sent: SentPackets[] = [];
        const received: ReceivedPackets[] = [];
        const flows = new CaptureFlows({
          onOdd: ({ number }) => odd.add(number),
          onSent: (one) => sent.push(one),
          onReceived: (one) => received.push(one),
        });
        for (const frame of packets) {
          flows.add(frame);
          flows.flush();
        }
        flows.end();
        const plain = packets.filter(({ number }) => !odd.has(number));
        const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
        expect(flows.plain).toBe(plain.length);
        expect(sum(flows.points.map((point) => point.packets))).toBe(plain.length);
        expect(sum(flows.points.map((point) => point.bytes))).toBe(sum(plain.map(({ length }) => length)));
        expect(sum(flows.points.map((point) => point.cut))).toBe(
          plain.filter(({ captured, length }) => captured < length).length,
        );
        const headers = plain.map((frame) => dissect(frame));
        expect(
          summed(sent.map((one) => [`${one.source} ${one.ttl} ${one.etherSource}`, one.packets])),
        ).toEqual(summed(headers.map(({ ip, ether }) => [`${ip?.source} ${ip?.ttl} ${ether?.source}`, 1])));
        expect(
          summed(received.map((one) => [`${one.destination} ${one.etherDestination}`, one.packets])),
        ).toEqual(summed(headers.map(({ ip, ether }) => [`${ip?.destination} ${ether?.destination}`, 1])));
        for (let record = 0; record < flows.table.records.count; record++) {
          expect(flows.table.records.word(record, RECORD.kind) >>> 16).toBeLessThan(flows.points.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});
