/** Whole columns of plain packets are taken in by the kernel itself: what comes of them is what comes of packets that are handed out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/capture/frame.ts';
import { scanCapture } from '../../src/capture/scan.ts';
import type { ByteSource } from '../../src/capture/source.ts';
import { CaptureFlows } from '../../src/scan/capture-flows.ts';
import type { KernelColumns } from '../../src/scan/kernel-columns.ts';
import { RECORD_WORDS } from '../../src/scan/records.ts';
import { SIGNATURE_WORDS } from '../../src/scan/signatures.ts';
import { u16, u32 } from '../capture/blocks.ts';
import { frames } from '../packet/plain-frames.ts';
import { capture, type Sent } from '../support/frames.ts';

const hosts = ['10.0.0.1', '10.0.0.2', '192.168.0.9', '192.168.0.10'];

/** Mostly the same TTL, so that few packets change a conversation's. */
const sent: fc.Arbitrary<Sent> = fc.record({
  from: fc.constantFrom(...hosts),
  to: fc.constantFrom(...hosts),
  protocol: fc.constantFrom(6, 17),
  sourcePort: fc.constantFrom(80, 4000, 4001),
  destinationPort: fc.constantFrom(80, 4000, 4001),
  ttl: fc.oneof({ weight: 100, arbitrary: fc.constant(64) }, { weight: 1, arbitrary: fc.constant(63) }),
  // The kernel reads no packets of fewer bytes.
  payload: fc.constantFrom(12, 40),
  tcpFlags: fc.constantFrom(2, 16, 18),
  tcpSequence: fc.nat(0xffffffff),
  id: fc.nat(0xffff),
});
const plain = sent.map((one) => capture(one)[0] as Frame);
const odd = frames.filter(({ linkType }) => linkType === 1);

/** A classic pcap of Ethernet: the frames over and over, seconds apart. */
function pcap(list: readonly Frame[], times: number, step: number, magic: number): Uint8Array {
  const parts: (Uint8Array | readonly number[])[] = [
    u32(magic),
    u16(2),
    u16(4),
    u32(0),
    u32(0),
    u32(262144),
    u32(1),
  ];
  for (let turn = 0; turn < times; turn++) {
    for (const [index, { bytes, captured, length }] of list.entries()) {
      const seconds = 1_700_000_000 + Math.floor((turn * list.length + index) * step);
      parts.push(
        [...u32(seconds), ...u32(((index * 7) % 1000) * 1000), ...u32(captured), ...u32(length)],
        bytes,
      );
    }
  }
  return new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
}

/** As a file is read: into the memory that is asked for, `most` bytes at a time. */
function source(bytes: Uint8Array, most: number): ByteSource {
  let memory = new Uint8Array(1 << 16);
  let at = 0;
  return {
    readInto: (wanted) => {
      memory = wanted as Uint8Array<ArrayBuffer>;
    },
    read() {
      const block = bytes.subarray(at, at + Math.min(most, memory.length));
      at += block.length;
      memory.set(block);
      return block.length > 0 ? memory.subarray(0, block.length) : undefined;
    },
    close: () => {},
  };
}

async function scanned(bytes: Uint8Array, block: number, isDirect: boolean, most: number) {
  const told = new Map<string, number>();
  const add = (name: string, packets: number) => told.set(name, (told.get(name) ?? 0) + packets);
  const odds: string[] = [];
  const flows = new CaptureFlows({
    onOdd: ({ number, seconds, bytes: own }) => odds.push(`${number} ${seconds} ${own}`),
    onSent: ({ source: from, ttl, etherSource, packets }) => add(`${from} ${ttl} ${etherSource}`, packets),
    onReceived: ({ destination, etherDestination, packets }) =>
      add(`${destination} ${etherDestination}`, packets),
    most,
    isDirect,
  });
  let passed = 0;
  const summary = await scanCapture(source(bytes, block), (frame) => flows.add(frame), {
    stretches: flows.stretches,
    columns: flows.columns,
    onColumns: (columns) => {
      if (columns.isPassed) passed += columns.count;
      flows.addColumns(columns);
    },
    onBlockEnd: () => flows.flush(),
  });
  flows.end();
  const { records, signatures, givenUp } = flows.table;
  const read = {
    ...{ summary, odds, plain: flows.plain, odd: flows.odd, count: records.count, givenUp },
    points: flows.points,
    stretches: flows.stretches.parts(),
    words: records.words.slice(0, records.count * RECORD_WORDS),
    firsts: records.firsts.slice(0, records.count),
    since: signatures.since,
    signatures: signatures.segments
      .flatMap((segment) => [...segment])
      .slice(0, signatures.count * SIGNATURE_WORDS),
    told: [...told].toSorted(),
  };
  return { read, passed, told: [...told.keys()] };
}

describe('columns that the kernel takes in by itself', () => {
  it('are what they are when each is handed out', async () => {
    let passed = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 200, arbitrary: plain }, { weight: 1, arbitrary: odd }), {
          minLength: 1,
          maxLength: 40,
        }),
        fc.constantFrom(1, 20, 100, 300),
        fc.constantFrom(0, 0.01, 100_000),
        fc.constantFrom(0xa1b2c3d4, 0xa1b23c4d),
        fc.constantFrom(1 << 20, 70_000, 5000, 333),
        fc.constantFrom(5, 1000),
        async (list, times, step, magic, block, most) => {
          const bytes = pcap(list, times, step, magic);
          const [direct, handed] = [
            await scanned(bytes, block, true, most),
            await scanned(bytes, block, false, most),
          ];
          expect(handed.passed).toBe(0);
          expect(direct.read).toEqual(handed.read);
          passed += direct.passed;
        },
      ),
      { numRuns: 100 },
    );
    expect(passed).toBeGreaterThan(1000);
  });

  it.each([
    ['many to a block', 1 << 20, 0.01],
    ['of one time each', 1 << 20, 0],
    ['one to a block', 70_000, 0.01],
    ['that end in other blocks than they begin in', 50_000, 7],
    ['of a clock that goes backwards', 1 << 20, -0.01],
  ])('are noted stretch by stretch, %s', async (_, block, step) => {
    const list = capture(
      ...[100, 700, 40].map(
        (payload, index): Sent => ({
          from: '10.0.0.1',
          to: '10.0.0.2',
          protocol: 17,
          sourcePort: 4000 + index,
          destinationPort: 80,
          ttl: 64,
          id: 2,
          payload,
        }),
      ),
    );
    const bytes = pcap(list, 4000, step, 0xa1b2c3d4);
    const [direct, handed] = [
      await scanned(bytes, block, true, 1000),
      await scanned(bytes, block, false, 1000),
    ];
    expect(direct.passed).toBeGreaterThan(10_000);
    expect(direct.read.stretches.length).toBeGreaterThan(20 * 5);
    expect(direct.read).toEqual(handed.read);
  });

  it.each([
    ['earliest', -100],
    ['latest', 100],
  ])('have the %s of them in the middle of a block', async (_, apart) => {
    const list = capture({
      ...{ from: '10.0.0.1', to: '10.0.0.2', protocol: 17, sourcePort: 4000, destinationPort: 80 },
      ...{ ttl: 64, id: 2, payload: 700 },
    });
    const bytes = pcap(list, 3000, 0, 0xa1b2c3d4);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const record = (bytes.length - 24) / 3000;
    view.setUint32(24 + 1000 * record, 1_700_000_000 + apart, true);
    const [direct, handed] = [
      await scanned(bytes, 1 << 20, true, 1000),
      await scanned(bytes, 1 << 20, false, 1000),
    ];
    expect(direct.passed).toBeGreaterThan(2000);
    const { first, last } = direct.read.summary;
    expect((apart < 0 ? first : last)?.seconds).toBe(1_700_000_000 + apart);
    expect(direct.read).toEqual(handed.read);
  });

  it('are signed beyond a segment of signatures', async () => {
    // Every datagram with this identification is signed.
    const list = capture(
      ...Array.from(
        { length: 9 },
        (_, index): Sent => ({
          from: '10.0.0.1',
          to: '10.0.0.2',
          protocol: 17,
          sourcePort: 4000 + index,
          destinationPort: 80,
          ttl: 64,
          id: 33,
          payload: 12,
        }),
      ),
    );
    const bytes = pcap(list, 8000, 0, 0xa1b2c3d4);
    const [direct, handed] = [
      await scanned(bytes, 1 << 20, true, 1000),
      await scanned(bytes, 1 << 20, false, 1000),
    ];
    expect(direct.passed).toBeGreaterThan(60_000);
    expect(direct.read.signatures).toHaveLength(9 * 8000 * SIGNATURE_WORDS);
    expect(direct.read).toEqual(handed.read);
  });

  it.each([
    ['to the last place of a segment', 1024, 1024],
    ['up to less room than that', 1023, 0],
  ])('are signed %s, and no further', (_, room, taken) => {
    const [frame] = capture({ from: '10.0.0.1', to: '10.0.0.2', protocol: 17, id: 33, payload: 12 });
    const flows = new CaptureFlows({
      onOdd: () => {},
      onSent: () => {},
      onReceived: () => {},
      isDirect: true,
    });
    const columns = flows.columns as KernelColumns;
    const { buffer } = columns.memory;
    const block = columns.blockFor(false) as Uint8Array;
    block.set(pcap([frame as Frame], 2000, 0, 0xa1b2c3d4).subarray(24));
    const end = 2000 * (16 + (frame as Frame).captured);
    const shape = { little: true, header: 16, unit: 1000, limit: 262144, ahead: 16, last: 1_700_000_000 };
    const lowest = new Uint8Array(buffer, 0, 0x800);
    const signing = columns.memory.byteOffset - room * 16;
    columns.roomFor = (_columns, wanted) => {
      Object.assign(wanted, {
        known: 6,
        most: 5000,
        signing,
        signingEnd: signing + room * 16,
        signingNext: 0,
      });
      return true;
    };
    const at = columns.pass(new DataView(buffer, block.byteOffset, end), 0, end, shape);
    expect([columns.count, columns.signed, at]).toEqual([taken, taken, (taken * end) / 2000]);
    expect(lowest.some((byte) => byte !== 0)).toBe(false);
  });

  it('are handed out where their times are another clock’s', () => {
    const flows = new CaptureFlows({ onOdd: () => {}, onSent: () => {}, onReceived: () => {} });
    expect((flows.columns as KernelColumns).roomFor).toBeUndefined();
  });
});

describe('sums of what came alike', () => {
  it('are told in one order, whatever the seed', async () => {
    const list = capture(
      ...Array.from(
        { length: 300 },
        (_, index): Sent => ({
          from: `10.0.${index >> 4}.${index & 15}`,
          to: '192.0.2.1',
          sourcePort: index,
          payload: 12,
        }),
      ),
    );
    const bytes = pcap(list, 1, 0, 0xa1b2c3d4);
    const inOrder = async () => (await scanned(bytes, 1 << 20, true, 1000)).told;
    const first = await inOrder();
    expect(first.length).toBeGreaterThan(300);
    for (let turn = 0; turn < 5; turn++) expect(await inOrder()).toEqual(first);
  });

  it.each([
    ['more ends than there are sums', 35_000, 64],
    ['more records that are told one by one than a list has', 70_000, 63],
  ])('are the same for %s', async (_, count, ttl) => {
    const list = capture(
      ...Array.from(
        { length: count },
        (_unused, index): Sent => ({
          from: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
          to: '192.0.2.1',
          protocol: 6,
          sourcePort: 4000,
          destinationPort: 80,
          ttl: 64,
        }),
      ),
    );
    const other = list.map((frame) => {
      const bytes = frame.bytes.slice();
      bytes[22] = ttl;
      return { ...frame, bytes } as Frame;
    });
    const { read } = await scanned(pcap([...list, ...other], 1, 0, 0xa1b2c3d4), 1 << 20, true, 200_000);
    const packets = new Map(read.told);
    const ether = [...packets.keys()].find((name) => name.startsWith(`${0xc0000201} `));
    expect(packets.get(ether ?? '')).toBe(2 * count);
    const own = read.told.filter(([name]) => name !== ether);
    expect(own).toHaveLength(ttl === 64 ? count : 2 * count);
    expect(new Set(own.map(([, sum]) => sum))).toEqual(new Set([ttl === 64 ? 2 : 1]));
  });
});
