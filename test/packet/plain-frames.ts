/** Random frames of the kinds that traffic consists of, whole, cut and damaged, in the middle of a reader's block. */
import fc from 'fast-check';
import { viewOf } from '../../src/base/bytes.ts';
import { BlockFrame, type Frame } from '../../src/capture/frame.ts';
import { buildSkb } from '../../src/skb/build.ts';
import { hex, join } from './frames.ts';

const byte = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(0, 0x0a000001, 0x7f000001, 0xffffffff),
);
/** Groups of which many are zero, so that every way of shortening occurs. */
const ipv6 = fc.oneof(
  fc.array(fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  }),
  fc
    .tuple(fc.constantFrom(0, 1), ipv4)
    .map(([first, low]) => [0, 0, 0, 0, first, 0xffff, low >>> 16, low & 0xffff]),
);
const asBigint = (groups: readonly number[]) =>
  groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);

const label = fc.oneof(
  fc.stringMatching(/^[a-z0-9-]{1,8}$/).map((text) => new Uint8Array(Buffer.from(text))),
  fc.uint8Array({ minLength: 1, maxLength: 4 }),
);
const name = fc
  .tuple(fc.array(label, { maxLength: 3 }), fc.constantFrom('00', '00', 'c00c', 'c000', 'c0ff'))
  .map(([labels, end]) => join(...labels.flatMap((text) => [Uint8Array.of(text.length), text]), hex(end)));
const recordType = fc.constantFrom(
  '0001',
  '001c',
  '0005',
  '000c',
  '0002',
  '000f',
  '0010',
  '0029',
  '0041',
  'ff01',
);
const question = fc.tuple(name, recordType).map(([asked, type]) => join(asked, hex(`${type} 0001`)));
const answer = fc
  .tuple(
    name,
    recordType,
    fc.oneof(name, ipv6.map(groupBytes), fc.uint8Array({ minLength: 4, maxLength: 4 })),
  )
  .map(([owner, type, data]) =>
    join(owner, hex(`${type} 0001 0000003c`), Uint8Array.of(0, data.length), data),
  );

function groupBytes(groups: readonly number[]): Uint8Array {
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
}

/** Mostly messages, of which some say other numbers of records than they have. */
const dns = fc
  .record({
    id: fc.integer({ min: 0, max: 0xffff }),
    flags: fc.constantFrom('0100', '8180', '8183', '8182', '8380', '2800', '8580', '818f'),
    questions: fc.array(question, { maxLength: 3 }),
    answers: fc.array(answer, { maxLength: 10 }),
    more: fc.constantFrom(0, 0, 0, 1),
  })
  .map(({ id, flags, questions, answers, more }) =>
    join(
      Uint8Array.of(id >> 8, id & 255),
      hex(flags),
      Uint8Array.of(0, questions.length, 0, answers.length + more, 0, 0, 0, 0),
      ...questions,
      ...answers,
    ),
  );

const port = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(53, 5353, 4789, 8472, 6081, 2152, 3544, 6635) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
);
const payload = fc.oneof(dns, fc.uint8Array({ maxLength: 40 }), fc.constant(new Uint8Array()));

const packet = fc
  .record({
    ends: fc.oneof(fc.tuple(ipv4, ipv4), fc.tuple(ipv6.map(asBigint), ipv6.map(asBigint))),
    protocol: fc.constantFrom('tcp', 'tcp', 'udp', 'udp', 'icmp', 'icmp', 'sctp', 'gre', 'igmp'),
    sourcePort: port,
    destinationPort: port,
    icmpType: fc.oneof(fc.constantFrom(0, 8, 3, 11, 128, 129, 1, 133, 134, 135, 136, 137, 143), byte),
    tcpFlags: fc.oneof(fc.constantFrom(2, 18, 16, 24, 17, 4), fc.integer({ min: 0, max: 0x1ff })),
    words: fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 3, maxLength: 3 }),
    mss: fc.option(fc.integer({ min: 0, max: 0xffff }), { nil: undefined }),
    payload,
  })
  .map(({ ends: [source, destination], protocol, words, mss, ...rest }) => {
    const six = typeof source === 'bigint';
    const numbers = { tcp: 6, udp: 17, icmp: six ? 58 : 1, sctp: 132, gre: 47, igmp: 2 };
    const skb = buildSkb({
      ...rest,
      source,
      destination,
      protocol: numbers[protocol as keyof typeof numbers],
      tcpSequence: words[0],
      tcpAcknowledgement: words[1],
      icmpRest: words[2],
      tcpWindow: (words[2] ?? 0) & 0xffff,
      ...(mss !== undefined && { tcpMss: mss }),
    });
    return { six, bytes: skb.bytes };
  });

const arp = fc
  .tuple(fc.constantFrom('0001', '0002', '0003', '0004', '0009'), ipv4, ipv4, fc.boolean())
  .map(([operation, sender, target, same]) =>
    join(
      hex(`0001 0800 0604 ${operation} 02000000000a`),
      word(sender),
      hex('0a1b2c3d4e5f'),
      word(same ? sender : target),
    ),
  );

function word(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255);
}

const MACS = '02000000000b 02a0b1c2d3e4';
const LINKS: readonly (readonly [linkType: number, before: (type: string) => string])[] = [
  [1, (type) => `${MACS} ${type}`],
  [1, (type) => `${MACS} ${type}`],
  [1, (type) => `${MACS} ${type}`],
  [1, (type) => `${MACS} ${type}`],
  [1, (type) => `${MACS} 8100 e00a ${type}`],
  [1, (type) => `${MACS} 88a8 0064 8100 000a ${type}`],
  [1, (type) => `${MACS} 0030 aaaa03 000000 ${type}`],
  [113, (type) => `0004 0001 0006 02000000000a 0000 ${type}`],
  [113, (type) => `0000 0304 0000 0000000000000000 ${type}`],
  [276, (type) => `${type} 0000 00000007 0001 00 06 02000000000a 0000`],
  [276, (type) => `${type} 0000 00000007 030a 00 00 0000000000000000`],
  [101, () => ''],
  [12, () => ''],
  [228, () => ''],
  [229, () => ''],
  [9, (type) => (type === '86dd' ? 'ff03 0057' : 'ff03 0021')],
  [0, (type) => (type === '86dd' ? '1e000000' : '02000000')],
  [147, () => ''],
];

/** Link type and bytes. */
const linked = fc
  .tuple(
    fc.constantFrom(...LINKS),
    fc.oneof(
      { weight: 9, arbitrary: packet.map(({ six, bytes }) => ({ type: six ? '86dd' : '0800', bytes })) },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.constantFrom('0806', '8035'), arp).map(([type, bytes]) => ({ type, bytes })),
      },
    ),
  )
  .map(([[linkType, before], { type, bytes }]) => ({ linkType, bytes: join(hex(before(type)), bytes) }));

/** What is done to a frame: bytes altered, padding, bytes that the snaplen cut off, and a wire that had more or fewer. */
const damage = fc.record({
  changes: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.tuple(fc.nat(90), byte), { maxLength: 3 }) },
  ),
  padding: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(20) }),
  cut: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(100) }),
  wire: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 4, 1000, -4),
});

const stamp = fc.record({
  number: fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 2 ** 40 })),
  seconds: fc.oneof(
    fc.integer({ min: 1_767_261_590, max: 1_767_261_610 }),
    fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  ),
  nanoseconds: fc.oneof(
    fc.nat(999_999).map((micro) => micro * 1000),
    fc.nat(999_999_999),
  ),
  interfaceName: fc.constantFrom(undefined, 'eth0', 'vethé"\u202e\n'),
});

export const frames: fc.Arbitrary<Frame> = fc
  .tuple(linked, damage, stamp, fc.nat(7))
  .map(([{ linkType, bytes }, { changes, padding, cut, wire }, times, base]) => {
    const whole = join(bytes, new Uint8Array(padding));
    for (const [at, value] of changes) if (at < whole.length) whole[at] = value;
    const captured = Math.max(0, whole.length - cut);
    return blockFrame(whole, {
      ...times,
      linkType,
      base,
      captured,
      length: Math.max(0, whole.length + wire),
    });
  });

interface Placed {
  readonly number: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly interfaceName?: string | undefined;
  readonly linkType: number;
  /** Where in the block it begins; what the snaplen cut off stands behind it, as the next record would. */
  readonly base: number;
  readonly captured: number;
  readonly length: number;
}

export function blockFrame(bytes: Uint8Array, placed: Placed): Frame {
  const block = new Uint8Array(placed.base + bytes.length + 8).fill(0xee);
  block.set(bytes, placed.base);
  const { base, ...fields } = placed;
  return Object.assign(new BlockFrame(), fields, { view: viewOf(block), offset: base });
}
