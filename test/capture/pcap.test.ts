import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { type ByteOrder, collector, type WrittenPacket } from '../../src/capture/writer.ts';
import { concat, readAll, u16, u32 } from './blocks.ts';

const packets: fc.Arbitrary<WrittenPacket[]> = fc.array(
  fc.record({
    seconds: fc.integer({ min: 0, max: 0xffffffff }),
    nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
    bytes: fc.uint8Array({ maxLength: 120 }),
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
