import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { CaptureReader } from '../../src/capture/scan.ts';
import { type ByteOrder, collector, type WrittenPacket } from '../../src/capture/writer.ts';
import { concat, readAll, u16, u32 } from './blocks.ts';

const packets: fc.Arbitrary<WrittenPacket[]> = fc.array(
  fc.record({
    seconds: fc.integer({ min: 0, max: 0xffffffff }),
    nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
    // Records of another time, with packets of fewer bytes than a length has, can look like others that begin elsewhere.
    bytes: fc.uint8Array({ minLength: 4, maxLength: 120 }),
  }),
  { maxLength: 12 },
);

function write(list: readonly WrittenPacket[], nanoseconds: boolean, byteOrder: ByteOrder): Uint8Array {
  const { sink, bytes } = collector();
  const add = pcapWriter(sink, { linkType: 1, nanoseconds, byteOrder });
  for (const packet of list) add(packet);
  return bytes();
}

describe('classic pcap', () => {
  for (const order of ['little', 'big'] as const) {
    for (const nano of [false, true]) {
      it(`reads what was written: ${order} endian, ${nano ? 'nano' : 'micro'}seconds, in blocks of any size`, () => {
        fc.assert(
          fc.property(packets, fc.integer({ min: 1, max: 200 }), (list, size) => {
            const { seen, summary } = readAll(write(list, nano, order), size);
            expect(summary.issues).toEqual([]);
            expect(summary).toMatchObject({ format: 'pcap', byteOrder: order, packets: list.length });
            expect(seen).toEqual(
              list.map((packet, index) => ({
                number: index + 1,
                seconds: packet.seconds,
                nanoseconds: nano ? packet.nanoseconds : Math.floor(packet.nanoseconds / 1000) * 1000,
                length: packet.bytes.length,
                linkType: 1,
                interfaceName: undefined,
                bytes: Buffer.from(packet.bytes).toString('hex'),
              })),
            );
          }),
          { numRuns: 60 },
        );
      });
    }
  }

  it('keeps every whole record of a file cut anywhere, and says that it was cut', () => {
    const lengths = [0, 1, 60, 17];
    const whole = write(
      lengths.map((length, seconds) => ({ seconds, nanoseconds: 0, bytes: new Uint8Array(length) })),
      false,
      'little',
    );
    const ends = [24];
    for (const length of lengths) ends.push((ends.at(-1) ?? 0) + 16 + length);
    for (let cut = 1; cut < whole.length; cut++) {
      const { seen, summary } = readAll(whole.subarray(0, cut));
      expect(seen.length).toBe(ends.filter((end) => end > 24 && end <= cut).length);
      const codes = summary.issues.map((issue) => issue.code);
      if (cut < 4) expect(codes).toEqual(['capture-unknown']);
      else expect(codes).toEqual(ends.includes(cut) ? [] : ['pcap-truncated']);
    }
  });

  it.each([
    [0xffffffff, 65535, 262144],
    [262145, 65535, 262144],
    [4_000_000, 300_000, 300_000],
  ])('stops at a captured length of %i (snaplen %i) and keeps what was before', (claimed, snaplen, limit) => {
    const header = [
      ...u32(0xa1b2c3d4),
      ...u16(2),
      ...u16(4),
      ...u32(0),
      ...u32(0),
      ...u32(snaplen),
      ...u32(1),
    ];
    const good = [...u32(7), ...u32(5), ...u32(2), ...u32(2), 1, 2];
    const bad = [...u32(8), ...u32(5), ...u32(claimed), ...u32(60)];
    const bytes = concat(header, good, bad, new Uint8Array(500));
    for (const size of [1, 30, bytes.length]) {
      const { seen, summary } = readAll(bytes, size);
      expect(seen.map((frame) => frame.bytes)).toEqual(['0102']);
      expect(summary.issues).toHaveLength(1);
      const [issue] = summary.issues;
      expect(issue).toMatchObject({ severity: 'error', code: 'pcap-record-too-long', packet: 2 });
      expect(issue?.text).toContain(`byte ${header.length + good.length} says ${claimed}`);
      expect(issue?.text).toContain(`at most ${limit}`);
    }
  });

  it('reads the modified format, whose records have eight bytes more', () => {
    const header = [...u32(0xa1b2cd34), ...u16(2), ...u16(4), ...u32(0), ...u32(0), ...u32(1514), ...u32(1)];
    const record = [...u32(3), ...u32(4), ...u32(2), ...u32(9), ...u32(1), ...u32(0x0800), 0xaa, 0xbb];
    const { seen, summary } = readAll(concat(header, record, record));
    expect(seen.map((frame) => [frame.nanoseconds, frame.length, frame.bytes])).toEqual([
      [4000, 9, 'aabb'],
      [4000, 9, 'aabb'],
    ]);
    expect(summary).toMatchObject({ cut: 2, bytes: 18, capturedBytes: 4, snaplen: 1514, issues: [] });
  });

  it('carries microseconds of a second and more', () => {
    const header = [...u32(0xa1b2c3d4), ...u16(2), ...u16(4), ...u32(0), ...u32(0), ...u32(99), ...u32(1)];
    const { seen } = readAll(concat(header, u32(10), u32(2_500_000), u32(0), u32(0)));
    expect(seen[0]).toMatchObject({ seconds: 12, nanoseconds: 500_000_000 });
  });

  it('takes lengths the other way round in files from before 2.3, and says what it makes of other versions', () => {
    const header = (minor: number, major = 2): number[] => [
      ...u32(0xa1b2c3d4),
      ...u16(major),
      ...u16(minor),
      ...u32(0),
      ...u32(0),
      ...u32(99),
      ...u32(1),
    ];
    const swapped = [...u32(1), ...u32(0), ...u32(5), ...u32(2), 1, 2];
    expect(readAll(concat(header(2), swapped)).seen[0]).toMatchObject({ length: 5, bytes: '0102' });
    expect(readAll(concat(header(3), swapped)).seen[0]).toMatchObject({ length: 5, bytes: '0102' });
    expect(readAll(concat(header(4, 1))).summary.issues[0]?.code).toBe('pcap-version');
  });

  it('tells the earliest and the latest time, whatever the order', () => {
    const list = [5, 3, 9, 4].map((seconds) => ({ seconds, nanoseconds: seconds, bytes: new Uint8Array(1) }));
    expect(readAll(write(list, true, 'big')).summary).toMatchObject({
      first: { seconds: 3, nanoseconds: 3 },
      last: { seconds: 9, nanoseconds: 9 },
    });
  });

  it('takes the link type without the bits for the check sequence', () => {
    const header = [
      ...u32(0xa1b2c3d4),
      ...u16(2),
      ...u16(4),
      ...u32(0),
      ...u32(0),
      ...u32(99),
      ...u32(0x24000071),
    ];
    expect(readAll(concat(header)).summary).toMatchObject({ linkTypes: [113], issues: [] });
  });
});

/** Epoch seconds. */
const BEGIN = 1_700_000_000;

describe('behind a damaged record', () => {
  const header = [...u32(0xa1b2c3d4), ...u16(2), ...u16(4), ...u32(0), ...u32(0), ...u32(40), ...u32(1)];
  const record = (i: number, claimed = 40): number[] => [
    ...[...u32(BEGIN + i), ...u32(i), ...u32(claimed), ...u32(60)],
    ...Array.from({ length: 40 }, (_, at) => (i * 40 + at) % 251),
  ];
  const file = (damaged: number, claimed: number, count = 6): Uint8Array =>
    concat(header, ...Array.from({ length: count }, (_, i) => record(i, i === damaged ? claimed : 40)));
  const without = (damaged: number, count = 6): number[] =>
    Array.from({ length: count }, (_, i) => BEGIN + i).filter((second) => second !== BEGIN + damaged);

  it.each([
    ['the first', 0, 0xffffffff],
    ['one in the middle', 2, 0x7fffffff],
    ['the last but one', 4, 300_000],
    ['one that the file has no room for', 2, 100_000],
  ])('the next one is read: %s', (_, damaged, claimed) => {
    const bytes = file(damaged, claimed);
    for (const size of [1, 7, 30, bytes.length]) {
      const { seen, summary } = readAll(bytes, size);
      expect(seen.map(({ seconds }) => seconds)).toEqual(without(damaged));
      expect(summary).toMatchObject({ packets: 5, capturedBytes: 200 });
      expect(summary.issues).toMatchObject([
        { severity: 'warning', code: 'pcap-record-too-long', packet: damaged + 1 },
      ]);
      expect(summary.issues[0]?.text).toContain(`the record at byte ${24 + 56 * damaged} says ${claimed}`);
      expect(summary.issues[0]?.text).toContain(`56 bytes are left out`);
    }
  });

  it('counted only, and in columns, it is the same', () => {
    const bytes = file(2, 0xffffffff);
    const counted = new CaptureReader(undefined);
    counted.push(bytes);
    const times: number[] = [];
    const columned = new CaptureReader(({ seconds }) => times.push(seconds), {
      onColumns: ({ count, seconds }) => times.push(...seconds.subarray(0, count)),
    });
    columned.push(bytes);
    expect(counted.end()).toEqual(readAll(bytes).summary);
    expect(columned.end()).toEqual(readAll(bytes).summary);
    expect(times).toEqual(without(2));
  });

  it('what only looks like a record is none: zeros, other times', () => {
    const other = [...u32(7), ...u32(1), ...u32(4), ...u32(4), 1, 2, 3, 4];
    const bytes = concat(
      header,
      record(0),
      record(1, 0xffffffff),
      new Uint8Array(100),
      other,
      other,
      record(2),
      record(3),
    );
    expect(readAll(bytes).seen.map(({ seconds }) => seconds)).toEqual([BEGIN, BEGIN + 2, BEGIN + 3]);
  });

  it('a record that is cut off is no damage', () => {
    const bytes = file(-1, 0).subarray(0, -7);
    expect(readAll(bytes).summary.issues).toMatchObject([{ code: 'pcap-truncated' }]);
  });
});

it('many places that look like records behind a damaged one cost no more than others', () => {
  const header = [...u32(0xa1b2c3d4), ...u16(2), ...u16(4), ...u32(0), ...u32(0), ...u32(65535), ...u32(1)];
  const looks = [...u32(BEGIN), ...u32(1), ...u32(262_144), ...u32(262_144)];
  const bytes = concat(
    header,
    u32(BEGIN),
    u32(0),
    u32(0xffffffff),
    u32(0),
    ...Array.from({ length: 100_000 }, () => looks),
  );
  const reader = new CaptureReader(() => {});
  let copied = 0;
  const { copyWithin } = Uint8Array.prototype;
  Uint8Array.prototype.copyWithin = function (this: Uint8Array, target, start, end = this.length) {
    copied += end - start;
    return copyWithin.call(this, target, start, end);
  };
  try {
    for (let at = 0; at < bytes.length; at += 4096) reader.push(bytes.subarray(at, at + 4096));
    reader.end();
  } finally {
    Uint8Array.prototype.copyWithin = copyWithin;
  }
  expect(copied).toBeLessThan(bytes.length * 4);
});
