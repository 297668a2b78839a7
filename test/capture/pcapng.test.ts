import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pcapngWriter } from '../../src/capture/pcapng-writer.ts';
import { CaptureReader } from '../../src/capture/scan.ts';
import { collector } from '../../src/capture/writer.ts';
import {
  block,
  concat,
  enhancedBlock,
  i64,
  interfaceBlock,
  option,
  readAll,
  sectionBlock,
  text,
  u16,
  u32,
} from './blocks.ts';

/** Of an interface that counts nanoseconds. */
function named(linkType: number, name: string): number[] {
  return interfaceBlock(linkType, [...option(2, text(name)), ...option(9, [9]), ...option(0, [])]);
}

describe('pcapng', () => {
  for (const byteOrder of ['little', 'big'] as const) {
    it(`reads what was written, ${byteOrder} endian, in blocks of any size`, () => {
      const packet = fc.record({
        seconds: fc.integer({ min: 0, max: 2 ** 33 }),
        nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
        bytes: fc.uint8Array({ maxLength: 50 }),
        index: fc.integer({ min: 0, max: 1 }),
      });
      fc.assert(
        fc.property(fc.array(packet, { maxLength: 8 }), fc.integer({ min: 1, max: 150 }), (list, size) => {
          const { sink, bytes } = collector();
          const writer = pcapngWriter(sink, { byteOrder, comments: ['one', 'two'], application: 'nettrace' });
          writer.interface({ linkType: 1, name: 'eth0', snaplen: 96 });
          writer.interface({ linkType: 276, name: 'any', description: 'all of them' });
          for (const one of list)
            writer.packet(one.index, { ...one, length: one.bytes.length + 3 }, { comments: ['ä'] });
          const { seen, summary } = readAll(bytes(), size);
          expect(summary.issues).toEqual([]);
          expect(summary).toMatchObject({
            format: 'pcapng',
            byteOrder,
            comments: ['one', 'two'],
            application: 'nettrace',
            linkTypes: [1, 276],
            snaplen: 96,
            interfaces: [
              { name: 'eth0', packets: list.filter((one) => one.index === 0).length },
              { name: 'any', description: 'all of them' },
            ],
          });
          expect(seen).toEqual(
            list.map((one, at) => ({
              number: at + 1,
              seconds: one.seconds,
              nanoseconds: one.nanoseconds,
              length: one.bytes.length + 3,
              linkType: one.index === 0 ? 1 : 276,
              interfaceName: one.index === 0 ? 'eth0' : 'any',
              bytes: Buffer.from(one.bytes).toString('hex'),
            })),
          );
        }),
        { numRuns: 60 },
      );
    });
  }

  const stamp = 1_700_000_000_123_456_789n;
  it.each([
    ['microseconds by default', undefined, stamp / 1000n, 1_700_000_000, 123_456_000],
    ['10^-9', 9, stamp, 1_700_000_000, 123_456_789],
    ['10^-3', 3, stamp / 1_000_000n, 1_700_000_000, 123_000_000],
    ['10^-0', 0, 1_700_000_000n, 1_700_000_000, 0],
    ['10^-12', 12, 1_700_000_000_123_456_789n, 1_700_000, 123_456],
    ['2^-20', 0x94, (1_700_000_000n << 20n) + 1n, 1_700_000_000, 953],
    ['2^-32', 0xa0, (1_700_000_000n << 32n) + (1n << 31n), 1_700_000_000, 500_000_000],
    ['2^-63', 0xbf, (1n << 63n) + (1n << 61n), 1, 250_000_000],
    ['the largest stamp in seconds', 0, (1n << 40n) - 1n, 2 ** 40 - 1, 0],
  ])('understands a resolution of %s', (_, resolution, units, seconds, nanoseconds) => {
    const options = resolution === undefined ? [] : option(9, [resolution]);
    const { seen } = readAll(
      concat(sectionBlock(), interfaceBlock(1, options), enhancedBlock(0, units, [1])),
    );
    expect(seen).toMatchObject([{ seconds, nanoseconds }]);
  });

  it.each([
    [3600n, 3601, 500_000_000],
    [-2n, -1, 500_000_000],
    [-10_000_000_000n, -9_999_999_999, 500_000_000],
  ])('adds a time offset of %i seconds', (offset, seconds, nanoseconds) => {
    const bytes = concat(
      sectionBlock(),
      interfaceBlock(1, option(14, i64(offset))),
      enhancedBlock(0, 1_500_000n, [1]),
    );
    expect(readAll(bytes).seen).toMatchObject([{ seconds, nanoseconds }]);
  });

  it('starts afresh with each section, whatever its byte order', () => {
    const section = (little: boolean, name: string, linkType: number): number[] => [
      ...sectionBlock(little, option(1, text(`section ${name}`), little)),
      ...interfaceBlock(linkType, option(2, text(name), little), little),
      ...enhancedBlock(0, 5_000_000n, [linkType], little),
    ];
    const bytes = concat(section(true, 'eth0', 1), section(false, 'tun0', 101), section(true, 'lo', 0));
    for (const size of [1, 13, bytes.length]) {
      const { seen, summary } = readAll(bytes, size);
      expect(seen.map((frame) => [frame.interfaceName, frame.linkType, frame.seconds, frame.bytes])).toEqual([
        ['eth0', 1, 5, '01'],
        ['tun0', 101, 5, '65'],
        ['lo', 0, 5, '00'],
      ]);
      expect(summary).toMatchObject({
        sections: 3,
        issues: [],
        comments: ['section eth0', 'section tun0', 'section lo'],
      });
      expect(summary.interfaces.map((one) => one.section)).toEqual([0, 1, 2]);
    }
  });

  it('reads simple packet blocks up to the snaplen, and old packet blocks', () => {
    const old = block(2, [...u16(0), ...u16(7), ...u32(0), ...u32(9), ...u32(3), ...u32(8), 1, 2, 3]);
    const bytes = concat(
      sectionBlock(),
      interfaceBlock(1, [], true, 2),
      block(3, [...u32(60), 0xaa, 0xbb]),
      block(3, [...u32(1), 0xcc]),
      old,
    );
    expect(readAll(bytes).seen).toMatchObject([
      { number: 1, length: 60, bytes: 'aabb', seconds: 0 },
      { number: 2, length: 1, bytes: 'cc' },
      { number: 3, length: 8, bytes: '010203', nanoseconds: 9000 },
    ]);
  });

  it('passes over blocks it does not know, custom ones and a huge one included', () => {
    const bytes = concat(
      sectionBlock(),
      block(0x0bad, [...u32(32473), 1, 2, 3]),
      interfaceBlock(1),
      block(0x40000bad, u32(32473)),
      block(4, [1, 2, 3, 4]),
      [...u32(0x7777), ...u32(40_000_000)],
      new Uint8Array(40_000_000 - 8),
      enhancedBlock(0, 0n, [9]),
    );
    const { seen, summary } = readAll(bytes, 65536);
    expect(seen.map((frame) => frame.bytes)).toEqual(['09']);
    expect(summary).toMatchObject({ packets: 1, issues: [{ code: 'limit-pcapng-block' }] });
  });

  it('counts the packets that the capture dropped', () => {
    const statistics = block(5, [...u32(0), ...u32(0), ...u32(0), ...option(5, i64(42n))]);
    const { summary } = readAll(concat(sectionBlock(), interfaceBlock(1), statistics));
    expect(summary.interfaces[0]?.dropped).toBe(42);
  });

  it('keeps a packet of an interface that is not described, without a link type', () => {
    const { seen, summary } = readAll(concat(sectionBlock(), interfaceBlock(1), enhancedBlock(4, 0n, [1])));
    expect(seen).toMatchObject([{ linkType: -1, bytes: '01' }]);
    expect(summary.issues).toMatchObject([{ code: 'pcapng-interface', packet: 1 }]);
  });

  it.each<[string, (block: number[]) => void]>([
    ['shorter than a block can be', (block) => block.splice(4, 4, ...u32(3))],
    ['as long as no block is', (block) => block.splice(4, 4, ...u32(0x7fffffff))],
    ['longer than the file', (block) => block.splice(4, 4, ...u32(4000))],
    ['another one at its end', (block) => block.splice(-4, 4, ...u32(1))],
  ])('an interface whose description’s length is %s is still the one of its number', (_, damage) => {
    const described = [interfaceBlock(1), ...[101, 113].map((type, i) => named(type, `if${i + 1}`))];
    damage(described[1] as number[]);
    const packets = [0, 1, 2].map((index) => enhancedBlock(index, 1_000_000_000n, [index]));
    const { seen, summary } = readAll(concat(sectionBlock(), ...described, ...packets));
    expect(seen.map((frame) => [frame.linkType, frame.interfaceName, frame.seconds])).toEqual([
      [1, undefined, 1000],
      [101, 'if1', 1],
      [113, 'if2', 1],
    ]);
    expect(summary.issues).toHaveLength(1);
  });

  const good = [...sectionBlock(), ...interfaceBlock(1), ...enhancedBlock(0, 0n, [1])];
  const enhanced = enhancedBlock(0, 0n, [1, 2, 3, 4]);
  it.each([
    ['a length below 12', [...u32(6), ...u32(8), ...u32(8)], 'pcapng-damaged', 'least is 12'],
    [
      'a length of 4 GB',
      [...u32(6), ...u32(0xffffffff), ...new Array<number>(64).fill(0)],
      'limit-pcapng-block',
      'it is passed over',
    ],
    ['two different lengths', [...enhanced.slice(0, -4), ...u32(99)], 'pcapng-damaged', 'and 99 at its end'],
    [
      'a section without byte order',
      [...u32(0x0a0d0d0a), ...u32(28), ...u32(0)],
      'pcapng-damaged',
      'byte-order magic',
    ],
    ['a block that ends with the file', enhanced.slice(0, 20), 'pcapng-truncated', '1 packets before'],
    ['a skipped block that is longer than the file', [...u32(0x99), ...u32(9000)], 'pcapng-truncated', ''],
  ])('keeps what is before and behind %s', (_, tail, code, words) => {
    for (const size of [1, 10, 1000]) {
      const { seen, summary } = readAll(concat(good, tail, code === 'pcapng-truncated' ? [] : good), size);
      expect(seen.length).toBe(code === 'pcapng-truncated' ? 1 : 2);
      const last = summary.issues.at(-1);
      if (tail.length < 12) expect(last?.code).toBe('pcapng-truncated');
      else expect(last).toMatchObject({ code });
      expect(last?.text).toContain(tail.length < 12 ? '' : words);
    }
  });

  it.each([
    ['a length that the file has no room for', [...u32(6), ...u32(4000), ...enhanced.slice(8)]],
    ['another length', [...u32(6), ...u32(40), ...enhanced.slice(8)]],
    ['another length behind', [...enhanced.slice(0, -4), ...u32(8)]],
    ['another type', [...u32(0x606), ...enhanced.slice(4)]],
  ])('reads what is behind a block with %s', (_, damaged) => {
    const behind = [2, 3, 4].map((value) => enhancedBlock(0, 0n, [value]));
    const bytes = concat(good, damaged, ...behind);
    for (const size of [1, 7, 64, bytes.length]) {
      const { seen, summary } = readAll(bytes, size);
      expect(seen.map(({ bytes: own }) => own)).toEqual(['01', '02', '03', '04']);
      const codes = summary.issues.map(({ severity, code }) => `${severity} ${code}`);
      expect(codes).toEqual(damaged[1] === 6 ? [] : ['warning pcapng-damaged']);
      const counted = new CaptureReader(undefined);
      for (let at = 0; at < bytes.length; at += size) counted.push(bytes.subarray(at, at + size));
      expect(counted.end()).toEqual(summary);
    }
  });

  it('takes a great many interfaces of as many link types in its stride, up to a limit', () => {
    const described = Array.from({ length: 65_536 }, (_, linkType) => interfaceBlock(linkType));
    const { seen, summary } = readAll(concat(sectionBlock(), ...described, enhancedBlock(65_535, 0n, [1])));
    expect(seen).toMatchObject([{ linkType: 65_535 }]);
    expect(summary).toMatchObject({ issues: [], packets: 1 });
    const more = readAll(concat(sectionBlock(), ...described, interfaceBlock(1), enhancedBlock(0, 0n, [1])));
    expect(more.summary).toMatchObject({ issues: [{ code: 'limit-pcapng-interfaces' }], packets: 1 });
  });

  it('takes no more than the block has room for', () => {
    const body = [...u32(0), ...u32(0), ...u32(0), ...u32(5000), ...u32(5000), 1, 2, 3, 4];
    const { seen, summary } = readAll(concat(good, block(6, body)));
    expect(seen[1]).toMatchObject({ length: 5000, bytes: '01020304' });
    expect(summary.issues).toMatchObject([{ code: 'pcapng-packet-length', packet: 2 }]);
  });

  it('tells the first few of many issues, and how many more', () => {
    const many = new Array<number[]>(30).fill(enhancedBlock(9, 0n, [1])).flat();
    const { summary } = readAll(concat(good, many));
    expect(summary.packets).toBe(31);
    expect(summary.issues).toHaveLength(9);
    expect(summary.issues.at(-1)?.text).toContain('22 more');
  });
});
