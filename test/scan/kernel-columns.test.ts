import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COLUMNS, FrameColumns } from '../../src/capture/columns.ts';
import { Kernel } from '../../src/scan/kernel.ts';
import { LOOKED_INTO } from '../../src/scan/plain.ts';

/** Fields of a record's header and its bytes: in order mostly, sometimes anything. */
const record = fc.record({
  seconds: fc.oneof(
    { weight: 30, arbitrary: fc.integer({ min: 1_700_000_000, max: 1_700_000_003 }) },
    fc.nat(0xffffffff),
  ),
  fraction: fc.oneof(fc.nat(999_999), fc.nat(999_999_999), fc.nat(0xffffffff)),
  there: fc.nat(40),
  said: fc.oneof(
    { weight: 30, arbitrary: fc.constant(undefined) },
    fc.constantFrom(41, 262_144, 262_145, 0xffffffff),
  ),
  wire: fc.oneof(fc.nat(40), fc.nat(0xffffffff)),
  more: fc.nat(8),
});

const kernel = new Kernel(LOOKED_INTO);

describe('records of a block in the kernel', () => {
  it('are walked to as elsewhere', () => {
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 60 }),
        fc.constantFrom(1, 20, 40),
        fc.constantFrom(16, 24),
        fc.constantFrom(1, 1000),
        fc.boolean(),
        fc.nat(50),
        fc.boolean(),
        fc.constantFrom(-1, 0, 1_700_000_000, 1_700_000_000 - 366 * 86400 - 1),
        (records, times, header, unit, little, missing, isPrompt, last) => {
          const block = kernel.columns.blockFor(false) as Uint8Array;
          const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
          let at = 3;
          for (let turn = 0; turn < times; turn++) {
            for (const { seconds, fraction, there, said, wire } of records) {
              view.setUint32(at, seconds, little);
              view.setUint32(at + 4, fraction, little);
              view.setUint32(at + 8, said ?? there, little);
              view.setUint32(at + 12, wire, little);
              at += header + there;
            }
          }
          const end = Math.max(3, at - missing);
          const copy = new DataView(block.slice(0, end).buffer);
          const shape = { little, header, unit, limit: 262_144, ahead: isPrompt ? 0 : header, last };
          const plain = new FrameColumns();
          let from = 3;
          do {
            const next = plain.walk(copy, from, end, shape);
            expect(kernel.columns.walk(view, from, end, shape)).toBe(next);
            expect(fieldsOf(kernel.columns)).toEqual(fieldsOf(plain));
            from = next;
          } while (plain.count === COLUMNS);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('are taken in from elsewhere with what they are of', () => {
    const columns = new FrameColumns();
    const view = new DataView(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]).buffer);
    Object.assign(columns, { view, linkType: 101, interfaceName: 'eth0', number: 7, count: 1 });
    columns.offset[0] = 2;
    columns.captured[0] = 5;
    columns.length[0] = 9;
    columns.seconds[0] = 1e9;
    columns.nanoseconds[0] = 5;
    expect(kernel.takeIn(columns, 0)).toBe(1);
    expect(fieldsOf(kernel.columns)).toMatchObject({
      linkType: 101,
      interfaceName: 'eth0',
      number: 7,
      offset: [2],
    });
  });
});

function fieldsOf(columns: FrameColumns) {
  const { count, number, linkType, interfaceName, bytes, capturedBytes, cut } = columns;
  const of = (array: ArrayLike<number>) => Array.from(array).slice(0, count);
  return {
    count,
    number,
    linkType,
    interfaceName,
    bytes,
    capturedBytes,
    cut,
    earliest: count > 0 && columns.time(columns.earliest),
    latest: count > 0 && columns.time(columns.latest),
    offset: of(columns.offset),
    captured: of(columns.captured),
    length: of(columns.length),
    seconds: of(columns.seconds),
    nanoseconds: of(columns.nanoseconds),
  };
}
