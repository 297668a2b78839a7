/** Counting without a visitor keeps the same books as handing out every frame; columns are the same records as frames. */
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CountingColumns } from '../../src/capture/counting-columns.ts';
import { BlockFrame, type Frame } from '../../src/capture/frame.ts';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { CaptureReader } from '../../src/capture/scan.ts';
import type { CaptureSummary } from '../../src/capture/summary.ts';
import { collector } from '../../src/capture/writer.ts';
import { corpusFiles, corpusPath, hasCorpus, scanFile } from '../packet/corpus.ts';
import { block, concat, enhancedBlock, interfaceBlock, option, sectionBlock, u16, u32 } from './blocks.ts';

/** With a visitor, without, with one of columns, and without where blocks lie where counting has them best, in blocks of `size` bytes that are used again; and what the visitors saw. */
function each(bytes: Uint8Array, size: number) {
  const seen: string[] = [];
  const inColumns: string[] = [];
  const frame = new BlockFrame();
  const readers = [
    new CaptureReader((one) => seen.push(tell(one))),
    new CaptureReader(undefined),
    new CaptureReader((one) => inColumns.push(tell(one)), {
      onColumns: (columns) => {
        expect(columns.count).toBeGreaterThan(0);
        for (let i = 0; i < columns.count; i++) inColumns.push(tell(columns.frame(i, frame)));
      },
    }),
    new CaptureReader(undefined),
  ];
  const summaries = readers.map((reader, index) => {
    const room = index === 3 ? reader.roomFor({}) : undefined;
    const shared = room?.subarray(0, size) ?? new Uint8Array(Math.max(1, size));
    for (let at = 0; at < bytes.length; at += size) {
      const part = bytes.subarray(at, at + size);
      shared.fill(0xee);
      shared.set(part);
      if (!reader.push(shared.subarray(0, part.length))) break;
    }
    return reader.end();
  });
  return { summaries, seen, inColumns };
}

function tell({
  number,
  seconds,
  nanoseconds,
  length,
  captured,
  linkType,
  interfaceName,
  bytes,
}: Frame): string {
  return `${number} ${seconds}.${nanoseconds} ${length} ${captured} ${linkType} ${interfaceName} ${bytes}`;
}

function expectAlike(bytes: Uint8Array, size: number): CaptureSummary {
  const { summaries, seen, inColumns } = each(bytes, size);
  const [visited, counted, columned, inPlace] = summaries;
  expect(counted).toEqual(visited);
  expect(inPlace).toEqual(visited);
  expect(columned).toEqual(visited);
  expect(inColumns).toEqual(seen);
  return counted as CaptureSummary;
}

/** Bytes that a file has other than it should, and where it ends. */
interface Damage {
  readonly changes: readonly (readonly [at: number, value: number])[];
  readonly keep: number;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
  keep: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
});

function damaged(bytes: Uint8Array, { changes, keep }: Damage): Uint8Array {
  const copy = bytes.slice(0, Math.ceil(bytes.length * keep));
  for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
  return copy;
}

const sizes = fc.oneof(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 4000 }));
const RUNS = { numRuns: 400 };

describe('counting without frames', () => {
  it('runs of one second that are longer than what is counted at once', () => {
    const records = fc.record({
      many: fc.integer({ min: 1000, max: 3000 }),
      step: fc.constantFrom(0, 1, 300, 400),
      cut: fc.constantFrom(0, 0, 5),
      back: fc.nat(3000),
    });
    fc.assert(
      fc.property(records, sizes, ({ many, step, cut, back }, size) => {
        const bytes = concat(
          [...u32(0xa1b2c3d4, true), ...u16(2, true), ...u16(4, true), ...u32(0), ...u32(0)],
          [...u32(96, true), ...u32(1, true)],
          ...Array.from({ length: many }, (_, at) => {
            const time = (at === back ? 0 : at) * step;
            return concat(
              [...u32(7 + Math.floor(time / 1e6), true), ...u32(time % 1e6, true)],
              [...u32(2, true), ...u32(2 + cut, true), 1, 2],
            );
          }),
        );
        expect(expectAlike(bytes, 100 * size).packets).toBe(many);
      }),
      { numRuns: 30 },
    );
  });

  it('classic pcap of any version, order and resolution, also damaged, in blocks of any size', () => {
    const magic = fc.constantFrom(0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34);
    const version = fc.constantFrom([2, 4], [2, 3], [2, 2], [543, 0], [1, 9]);
    const record = fc.record({
      seconds: fc.oneof(fc.integer({ min: 5, max: 9 }), fc.integer({ min: 0, max: 0xffffffff })),
      fraction: fc.oneof(fc.integer({ min: 0, max: 999_999 }), fc.integer({ min: 0, max: 0xffffffff })),
      captured: fc.integer({ min: 0, max: 70 }),
      more: fc.constantFrom(0, 0, 1, -1, 1400, 0x7fffffff),
    });
    fc.assert(
      fc.property(
        ...([magic, version, fc.boolean(), fc.array(record, { maxLength: 20 }), damage, sizes] as const),
        (word, [major = 2, minor = 4], little, records, harm, size) => {
          const header = word === 0xa1b2cd34 ? 8 : 0;
          const bytes = concat(
            [...u32(word, little), ...u16(major, little), ...u16(minor, little), ...u32(0), ...u32(0)],
            [...u32(96, little), ...u32(1, little)],
            ...records.map(({ seconds, fraction, captured, more }) =>
              concat(
                [...u32(seconds, little), ...u32(fraction, little)],
                [...u32(captured, little), ...u32(Math.max(0, captured + more), little)],
                new Uint8Array(header + captured),
              ),
            ),
          );
          expectAlike(bytes, size);
          expectAlike(damaged(bytes, harm), size);
        },
      ),
      RUNS,
    );
  });

  it('pcapng with blocks of every kind, clocks of every kind, several sections, also damaged, in blocks of any size', () => {
    const little = fc.boolean();
    const stamp = fc.oneof(
      fc.bigInt({ min: 0n, max: 100n }),
      fc.bigInt({ min: 1n << 50n, max: (1n << 51n) - 1n }),
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    );
    const packet = fc.tuple(
      ...([fc.integer({ min: 0, max: 3 }), stamp] as const),
      ...([fc.integer({ min: 0, max: 40 }), fc.constantFrom(0, 0, 1, 1400)] as const),
    );
    const part = fc.oneof(
      { weight: 6, arbitrary: packet },
      {
        weight: 1,
        arbitrary: fc.constantFrom('interface', 'nano', 'binary', 'offset', 'statistics', 'simple', 'other'),
      },
      { weight: 1, arbitrary: fc.constantFrom('old', 'short', 'claims', 'section') },
    );
    fc.assert(
      fc.property(little, fc.array(part, { maxLength: 24 }), damage, sizes, (order, parts, harm, size) => {
        const bytes = concat(
          ...[sectionBlock(order), interfaceBlock(1, [], order, 96)],
          ...parts.map((one) => (typeof one === 'string' ? special(one, order) : packetBlock(one, order))),
        );
        expectAlike(bytes, size);
        expectAlike(damaged(bytes, harm), size);
      }),
      RUNS,
    );
  });

  it('counts what was written', () => {
    const { sink, bytes } = collector();
    const add = pcapWriter(sink, { linkType: 1, nanoseconds: true, byteOrder: 'little' });
    for (const seconds of [7, 3, 9])
      add({ seconds, nanoseconds: seconds, bytes: new Uint8Array(60), length: 80 });
    expect(expectAlike(bytes(), 50)).toMatchObject({
      packets: 3,
      bytes: 240,
      capturedBytes: 180,
      cut: 3,
      first: { seconds: 3, nanoseconds: 3 },
      last: { seconds: 9, nanoseconds: 9 },
      issues: [],
    });
  });

  it('copies no more of what lies elsewhere than it counts, whatever the records are', () => {
    const { memory } = new CountingColumns();
    const set = vi.spyOn(memory, 'set');
    onTestFinished(() => set.mockRestore());
    const file = (record: readonly number[], times: number) =>
      concat(
        [...u32(0xa1b2c3d4, true), ...u16(2, true), ...u16(4, true), ...u32(0), ...u32(0)],
        [...u32(0, true), ...u32(1, true)],
        ...Array.from({ length: times }, () => record),
      );
    const header = (fraction: number, captured: number) => [
      ...u32(7, true),
      ...u32(fraction, true),
      ...u32(captured, true),
      ...u32(captured, true),
    ];
    const usual = file([...header(0, 100), ...new Array<number>(100).fill(1)], 20_000);
    // A second and more in a fraction, and nothing captured: none of them is counted together with others.
    const late = file([...header(1_000_000, 4), 1, 2, 3, 4], 20_000);
    const empty = file(header(0, 0), 20_000);
    for (const [bytes, most] of [
      [usual, 4 * usual.length],
      [late, 20_000 * 1100],
      [empty, 20_000 * 1100],
    ] as const) {
      set.mockClear();
      const reader = new CaptureReader(undefined);
      reader.push(bytes);
      expect(reader.end().packets).toBe(20_000);
      const copied = set.mock.calls.reduce((sum, [piece]) => sum + piece.length, 0);
      expect(copied).toBeGreaterThan(0);
      expect(copied).toBeLessThan(most);
    }
  });

  it('more records than columns hold, in their order', () => {
    const { sink, bytes } = collector();
    const add = pcapWriter(sink, { linkType: 101 });
    for (let i = 0; i < 1700; i++)
      add({ seconds: i >> 4, nanoseconds: (i * 7000) % 1e9, bytes: new Uint8Array(40 + (i % 50)).fill(i) });
    for (const size of [100, 40_000, 1e6]) expect(expectAlike(bytes(), size).packets).toBe(1700);
  });

  it.runIf(hasCorpus)(
    'the corpus of captures',
    async () => {
      let packets = 0;
      for (const { file } of corpusFiles()) {
        const path = corpusPath(file ?? '');
        const counted = await scanFile(path);
        expect(counted).toEqual(await scanFile(path, () => {}));
        packets += counted.packets;
      }
      expect(packets).toBeGreaterThan(90_000);
    },
    60_000,
  );
});

function packetBlock(
  [index, stamp, length, more]: [number, bigint, number, number],
  little: boolean,
): number[] {
  return enhancedBlock(index, stamp, new Array<number>(length).fill(7), little, length + more);
}

function special(kind: string, little: boolean): number[] {
  const data = new Array<number>(10).fill(9);
  switch (kind) {
    case 'interface':
      return interfaceBlock(1, [], little);
    case 'nano':
      return interfaceBlock(113, option(9, [9], little), little);
    case 'binary':
      return interfaceBlock(1, option(9, [0x80 | 20], little), little);
    case 'offset':
      return interfaceBlock(1, option(14, [0, 0, 0, 0, 0, 0, 0, 100], little), little);
    case 'statistics':
      return block(5, [...u32(0, little), ...u32(0, little), ...u32(0, little)], little);
    case 'simple':
      return block(3, [...u32(10, little), ...data], little);
    case 'old':
      return block(
        2,
        [
          ...u16(0, little),
          ...u16(0, little),
          ...u32(1, little),
          ...u32(2, little),
          ...u32(10, little),
          ...u32(10, little),
          ...data,
        ],
        little,
      );
    case 'short':
      return block(6, u32(0, little), little);
    case 'claims':
      return block(
        6,
        [
          ...u32(0, little),
          ...u32(0, little),
          ...u32(5, little),
          ...u32(99, little),
          ...u32(99, little),
          ...data,
        ],
        little,
      );
    case 'section':
      return [...sectionBlock(!little), ...interfaceBlock(1, [], !little), ...sectionBlock(little)];
    default:
      return block(0x0bad, data, little);
  }
}
