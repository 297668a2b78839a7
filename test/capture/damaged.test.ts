/** A capture that is damaged in one place: everything but that place and its neighbours is read, however it is read. */
import { describe, expect, it } from 'vitest';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { CaptureReader } from '../../src/capture/scan.ts';
import { collector } from '../../src/capture/writer.ts';
import { damageCapture, piecesOf } from '../damage/packets.ts';
import { Random } from '../fuzz/engine/random.ts';
import { concat, enhancedBlock, interfaceBlock, readAll, sectionBlock, u16, u32 } from './blocks.ts';

const RUNS = 2000;
const BEGIN = 1_795_000_000;
/** First bytes of frames, as which a header's time or length may be read: of IPv6 multicast, of lo, of a bridge, of broadcast. */
const BEGINNINGS = [
  [0x33, 0x33, 0, 0, 0, 0x16],
  [0, 0, 0, 0, 0, 0],
  [0x02, 0x42, 0x0a, 0, 0, 2],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0, 0, 1, 0, 0x5e, 0],
];

/** Packets with marks of their own, which are found again by their bytes. */
function framesOf(random: Random): Uint8Array[] {
  return Array.from({ length: 4 + random.below(20) }, (_, number) => {
    const length = random.isOneIn(5) ? 14 + random.below(1500) : 42 + random.below(120);
    const isZero = random.isOneIn(3);
    const bytes = Uint8Array.from({ length }, () => (isZero ? 0 : random.below(256)));
    bytes.set(random.of(BEGINNINGS));
    bytes.set([number, number ^ 0xff], 10);
    return bytes;
  });
}

function pcap(frames: readonly Uint8Array[], random: Random): Uint8Array {
  const { sink, bytes } = collector();
  const byteOrder = random.isOneIn(4) ? 'big' : 'little';
  const add = pcapWriter(sink, { linkType: 1, nanoseconds: random.isOneIn(4), byteOrder, snaplen: 262_144 });
  let time = BEGIN * 1e6;
  for (const frame of frames) {
    time += random.isOneIn(3) ? random.below(3_000_000) : random.below(90);
    const seconds = Math.floor(time / 1e6);
    add({ seconds, nanoseconds: (time % 1e6) * 1000, bytes: frame });
  }
  return bytes();
}

function pcapng(frames: readonly Uint8Array[]): Uint8Array {
  const blocks = frames.map((frame, i) =>
    enhancedBlock(0, BigInt(BEGIN) * 1_000_000n + BigInt(i), [...frame]),
  );
  return concat(sectionBlock(), interfaceBlock(1), ...blocks);
}

/** Hexadecimal bytes of what is read in columns where it can be. */
function inColumns(bytes: Uint8Array): string[] {
  const seen: string[] = [];
  const hex = (part: Uint8Array) => Buffer.from(part).toString('hex');
  const reader = new CaptureReader((frame) => seen.push(hex(frame.bytes)), {
    onColumns: ({ view, offset, captured, count }) => {
      for (let i = 0; i < count; i++) {
        const at = offset[i] as number;
        seen.push(hex(new Uint8Array(view.buffer, view.byteOffset + at, captured[i])));
      }
    },
  });
  reader.push(bytes);
  reader.end();
  return seen;
}

describe.each([
  ['pcap', pcap],
  ['pcapng', pcapng],
] as const)('a damaged %s', (_, write) => {
  it('costs the damaged record and its neighbours, and is the same in columns, in pieces, and counted', () => {
    for (let run = 0; run < RUNS; run++) {
      const random = new Random(run);
      const frames = framesOf(random);
      const whole = write(frames, random);
      const { bytes, how, from, to } = damageCapture(whole, piecesOf(whole) ?? [], random);
      const { seen, summary } = readAll(bytes, bytes.length);
      const read = new Set(seen.map((frame) => frame.bytes));
      const lost = frames.flatMap((frame, at) =>
        (at >= from && at < to) || read.has(Buffer.from(frame).toString('hex')) ? [] : [at],
      );
      expect(lost, `run ${run}: ${how}`).toEqual([]);
      const pieces = readAll(bytes, 1 + random.below(200));
      expect(pieces.seen, `run ${run}: ${how}`).toEqual(seen);
      expect(inColumns(bytes), `run ${run}: ${how}`).toEqual(seen.map((frame) => frame.bytes));
      const counted = new CaptureReader(undefined);
      counted.push(bytes);
      expect(counted.end(), `run ${run}: ${how}`).toEqual(summary);
    }
  });
});

describe('what is strange and not damaged', () => {
  const header = [...u32(0xa1b2c3d4), ...u16(2), ...u16(4), ...u32(0), ...u32(0), ...u32(65535), ...u32(1)];
  const record = (seconds: number, captured: number, length = captured): number[] => [
    ...[...u32(seconds), ...u32(1), ...u32(captured), ...u32(length)],
    ...Array.from({ length: captured }, (_, at) => (seconds + at * 7) % 256),
  ];

  it.each<[string, number[][]]>([
    ['a clock that is set in the middle', [0, 1, 2, BEGIN, BEGIN + 1].map((time) => record(time, 60))],
    ['a packet in a week', [0, 1, 2, 3].map((week) => record(BEGIN + week * 7 * 86400, 60))],
    ['one packet of another year', [BEGIN, 7, BEGIN + 1, BEGIN + 2].map((time) => record(time, 60))],
    ['more bytes captured than on the wire', [0, 1, 2, 3].map((at) => record(BEGIN + at, 60, 40))],
    ['packets without bytes', [0, 9e7, 2, 9e7].map((at) => record(BEGIN + at, 0, 0))],
    ['times in any order', [5, 4e9, 7e8, 2e9, 0].map((time) => record(time, 60))],
  ])('is read without a word: %s', (_, records) => {
    const { seen, summary } = readAll(concat(header, ...records));
    expect(seen).toHaveLength(records.length);
    expect(summary.issues).toEqual([]);
  });

  it('a packet that holds a piece of another capture is one packet', () => {
    const inner = concat(...[0, 1, 2, 3, 4].map((at) => record(BEGIN + at, 60)));
    const carrier = [
      ...[...u32(BEGIN), ...u32(1), ...u32(inner.length - 7), ...u32(inner.length - 7)],
      ...inner.subarray(0, -7),
    ];
    // The one behind it is of another time, so that it is looked at.
    const { seen, summary } = readAll(concat(header, carrier, record(5, 60), record(BEGIN + 9, 60)));
    expect(seen.map(({ bytes }) => bytes.length / 2)).toEqual([inner.length - 7, 60, 60]);
    expect(summary.issues).toEqual([]);
  });
});

it('packets are handed on as they come where that is asked for', () => {
  const frames = framesOf(new Random(1));
  const bytes = pcap(frames, new Random(1));
  const given = (isPrompt: boolean): number => {
    let many = 0;
    const reader = new CaptureReader(() => many++, { isPrompt });
    reader.push(bytes);
    return many;
  };
  expect(given(true)).toBe(frames.length);
  expect(given(false)).toBe(frames.length - 1);
});

it('a record that lies in two blocks is copied, and none of those behind it', () => {
  const frames = Array.from({ length: 40 }, (_, i) => framesOf(new Random(i))).flat();
  const bytes = pcap(frames, new Random(1));
  const reader = new CaptureReader(() => {});
  let copied = 0;
  const { set } = Uint8Array.prototype;
  Uint8Array.prototype.set = function (this: Uint8Array, array: ArrayLike<number>, offset?: number) {
    copied += array.length;
    set.call(this, array, offset);
  };
  try {
    for (let at = 0; at < bytes.length; at += 16384) reader.push(bytes.subarray(at, at + 16384));
  } finally {
    Uint8Array.prototype.set = set;
  }
  expect(copied).toBeLessThan((bytes.length / 16384 + 1) * 4000);
});
