/** Packets on both sides of what a match looks at, by the name of the match; each whole, cut short, or as a fragment at times. */
import type { Family } from '../../../src/net/ip.ts';
import type { Stimulus } from '../case.ts';
import { farMac } from '../networks/router.ts';
import type { Random } from '../random.ts';
import type { Words } from './match-rules.ts';
import { ipv4, ipv6, type Octets, padded, skbOfOctets, text, u8, u16, u32, u128, zeros } from './octets.ts';

type Body = readonly [protocol: number, octets: Octets];
type Make = (random: Random, family: Family) => Body;

const host4 = (network: number, host: number): number => 0x0a5a0000 + network * 256 + host;
const host6 = (network: number, host: number): bigint =>
  (0xfd90n << 112n) | (BigInt(network) << 96n) | BigInt(host);

const data = (random: Random): Octets =>
  random.pick<Octets>([[], [], text('x'), text('hello'), text('abHELLOcd'), zeros(random.below(40))]);

function tcp(random: Random): Body {
  const options: number[] = [];
  for (let i = random.below(4); i > 0; i--) {
    const mss = random.pick([0, 1, 400, 500, 536, 1459, 1460, 1461, 65535]);
    options.push(
      ...random.pick<Octets>([
        [1],
        [2, 4, ...u16(mss)],
        [2, 4, ...u16(mss)],
        [3, 3, 7],
        [8, 10, ...zeros(8)],
        [4, 2],
        [0],
        [5, 10, ...zeros(8)],
        [254, 4, 1, 2],
        [19, 18, ...zeros(16)],
        [2, random.below(6)],
        [random.below(256), random.below(8), random.below(256)],
      ]),
    );
  }
  const filled = padded(options.slice(0, 40), 4);
  const flags = random.pick([
    2,
    2,
    18,
    16,
    24,
    4,
    20,
    0,
    41,
    63,
    1,
    17,
    random.below(256),
    random.below(256),
  ]);
  const words = random.chance(0.06) ? random.below(16) : 5 + filled.length / 4;
  return [
    6,
    [
      ...u16(random.pick([0, 1, 49, 50, 80, 99, 100, 101, 2000, 40000, 65535])),
      ...u16(random.pick([0, 1, 53, 80, 81, 149, 150, 151, 443, 65535])),
      ...u32(random.next()),
      ...u32(random.next()),
      ...u8((words << 4) | random.pick([0, 0, 0, 1, 14])),
      ...u8(flags),
      ...u16(random.pick([0, 100, 64240])),
      ...u32(0),
      ...filled,
      ...data(random),
    ],
  ];
}

function ports(random: Random): Octets {
  return [
    ...u16(random.pick([0, 5, 49, 50, 80, 99, 100, 101, 1023, 1024, 2000, 65535])),
    ...u16(random.pick([0, 53, 67, 68, 80, 81, 149, 150, 151, 5353, 65535])),
  ];
}

const udp: Make = (random) => {
  const body = data(random);
  const length = random.chance(0.05) ? random.below(30) : 8 + body.length;
  return [17, [...ports(random), ...u16(length), ...u16(0), ...body]];
};
const udplite: Make = (random) => [136, udp(random, 4)[1]];

const icmp: Make = (random, family) => {
  const type =
    family === 4
      ? random.pick([0, 3, 3, 4, 5, 8, 8, 11, 12, 13, 17, 18, 30, 40, 255])
      : random.pick([1, 1, 2, 3, 4, 128, 128, 129, 137, 200, 255]);
  const quoted = random.chance(0.3)
    ? family === 4
      ? ipv4({ source: host4(2, 2), destination: host4(1, 2), protocol: 17 }, udp(random, 4)[1])
      : ipv6({ source: host6(2, 2), destination: host6(1, 2), protocol: 17 }, udp(random, 6)[1])
    : data(random);
  return [
    family === 4 ? 1 : 58,
    [...u8(type), ...u8(random.pick([0, 0, 1, 3, 4, 5, 13, 255])), ...u16(0), ...u32(0), ...quoted],
  ];
};

const sctp: Make = (random) => {
  const chunks: number[] = [];
  for (let i = random.below(5); i > 0; i--) {
    const size = random.pick([0, 0, 1, 3, 4, 9]);
    const type = random.pick([0, 0, 0, 1, 2, 3, 6, 6, 7, 13, 14, 64, 128, 192, 193, 194, 130, 132, 200]);
    const length = random.chance(0.05) ? random.below(8) : 4 + size;
    chunks.push(...padded([type, random.below(16), ...u16(length), ...zeros(size)], 4));
  }
  return [132, [...ports(random), ...u32(1), ...u32(0), ...chunks]];
};

const dccp: Make = (random) => {
  const options: number[] = [];
  for (let i = random.below(5); i > 0; i--) {
    options.push(
      ...random.pick<Octets>([[0], [1], [32, 3, 0], [33, 2], [38, 4, 1, 2], [255, random.below(4)], [31]]),
    );
  }
  const type = random.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15]);
  const extended = random.below(2);
  const fixed = (extended ? 16 : 12) + ({ 0: 4, 1: 12, 2: 0, 7: 12 }[type] ?? 8);
  const body = padded(options, 4);
  const words = random.chance(0.1) ? random.below(16) : (fixed + body.length) / 4;
  const head = [...ports(random), words, 0, ...u16(0), (type << 1) | extended, 0, ...u16(5)];
  return [33, [...head, ...zeros(fixed - head.length), ...body, ...data(random)]];
};

const spi = (random: Random): Octets =>
  u32(random.pick([0, 1, 5, 99, 100, 101, 150, 199, 200, 201, 0x10000, 0xffffffff]));
const esp: Make = (random) => [50, [...spi(random), ...u32(1), ...zeros(8)]];
const ah: Make = (random) => [
  51,
  [
    17,
    random.pick([4, 4, 4, 1, 2, 5]),
    ...u16(random.pick([0, 0, 1])),
    ...spi(random),
    ...u32(1),
    ...zeros(12),
  ],
];
const ipcomp: Make = (random) => [
  108,
  [
    6,
    random.pick([0, 0, 1, 255]),
    ...u16(random.pick([0, 1, 5, 49, 50, 51, 99, 100, 101, 65535])),
    ...data(random),
  ],
];
const mobility: Make = (random) => [
  135,
  [
    random.pick([59, 59, 59, 6]),
    random.below(2),
    random.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 255]),
    0,
    ...u16(0),
    ...zeros(random.below(12)),
  ],
];
const other: Make = (random) => [random.pick([2, 47, 89, 103, 253]), [...zeros(random.below(20))]];
const nothing: Make = (random) => [59, [...zeros(random.below(9))]];

const ALL: readonly Make[] = [tcp, tcp, udp, udp, icmp, sctp, dccp, esp, ah, ipcomp, udplite, other];
const ONLY: Readonly<Record<string, readonly Make[]>> = {
  tcp: [tcp],
  tcpmss: [tcp],
  ecn: [tcp, tcp, udp],
  udp: [udp],
  udplite: [udplite],
  icmp: [icmp],
  icmp6: [icmp],
  sctp: [sctp],
  dccp: [dccp],
  esp: [esp, esp, udp],
  ah: [ah, ah, udp],
  ipcomp: [ipcomp],
  mh: [mobility],
  multiport: [tcp, udp, sctp, dccp, udplite],
  TCPMSS: [tcp],
  TCPOPTSTRIP: [tcp],
  ECN: [tcp],
  CHECKSUM: [udp],
};

/** The body behind up to `most` extension headers. */
function extended(random: Random, [protocol, octets]: Body, most: number): Body {
  let next = protocol;
  let body = octets;
  for (let i = random.below(most + 1); i > 0; i--) {
    const kind = random.pick(['hbh', 'dst', 'dst', 'rt', 'srh', 'frag', 'ah'] as const);
    if (kind === 'hbh' || kind === 'dst') {
      const options = random.pick<Octets>([
        [1, 4, 0, 0, 0, 0],
        [5, 2, 0, 0, 1, 0],
        [1, 2, 0, 0, 0, 0],
        [4, 12, ...zeros(12)],
        [0, 0, 0, 0, 0, 0],
        [1, 0, 5, 2, 0, 0],
        [30, 4, 1, 2, 3, 4],
        [1, 1, 0, 0, 1, 0],
      ]);
      const words = random.chance(0.05) ? random.below(4) : (options.length + 2) / 8 - 1;
      body = [next, words, ...options, ...body];
      next = kind === 'hbh' ? 0 : 60;
    } else if (kind === 'rt' || kind === 'srh') {
      const hops = Array.from({ length: random.below(4) }, () => host6(2, 2 + random.below(4)));
      const type = kind === 'srh' ? 4 : random.pick([0, 0, 0, 2, 3]);
      const last = kind === 'srh' ? (hops.length - 1) & 0xff : 0;
      const fixed =
        kind === 'srh'
          ? [last, random.below(2), ...u16(random.pick([0, 1, 9, 10, 11]))]
          : u32(random.pick([0, 0, 1]));
      const words = random.chance(0.05) ? random.below(8) : hops.length * 2;
      body = [next, words, type, random.below(3), ...fixed, ...hops.flatMap(u128), ...body];
      next = 43;
    } else if (kind === 'frag') {
      const word = random.pick([0, 1, 1, 8, 9, 16, 0x29, 2, 6]);
      body = [next, random.pick([0, 0, 1]), ...u16(word), ...u32(random.pick([4, 5, 6, 7, 8, 9])), ...body];
      next = 44;
    } else {
      body = [
        next,
        random.pick([4, 4, 1]),
        ...u16(random.pick([0, 0, 1])),
        ...spi(random),
        ...u32(1),
        ...zeros(12),
        ...body,
      ];
      next = 51;
    }
  }
  return [next, body];
}

const EXTENDED = new Set(['frag', 'hbh', 'dst', 'rt', 'srh', 'ipv6header', 'ah', 'mh', 'hashlimit', 'l4']);
const TOS = [0, 0, 0, 1, 2, 3, 0x10, 0x28, 0x2b, 0xb8, 0xe0, 0xff];
const TTL = [64, 64, 64, 1, 2, 9, 10, 11, 63, 65, 128, 254, 255];
/** Extensions that look at connections: whole and ordinary packets, for what conntrack makes of others is not the question. */
const TRACKED = new Set([
  'conntrack',
  'connmark',
  'connlabel',
  'state',
  'cluster',
  'CONNMARK',
  'CT',
  'NOTRACK',
  'HMARK',
]);
const request: Make = (_, family) => [
  family === 4 ? 1 : 58,
  [family === 4 ? 8 : 128, 0, ...u16(0), ...u32(7)],
];
const opening: Make = (random) => [
  6,
  [...ports(random), ...u32(random.next()), ...u32(0), 0x50, 2, ...u16(1000), ...u32(0)],
];
const datagram: Make = (random) => {
  const body = data(random);
  return [17, [...ports(random), ...u16(8 + body.length), ...u16(0), ...body]];
};

/** Asked of packets for the router as well. */
const LOCAL = new Set(['addrtype', 'REJECT']);
const OPTIONS: readonly Octets[] = [[], [], [], [], [], [1, 1, 1, 0], [148, 4, 0, 0], zeros(8)];
const GROUP_MACS = [0xffffffffffff, 0x01005e000001, 0x333300000001];
const SOURCE_MACS = [farMac('eth0'), farMac('eth0') ^ 1, 0x021122334455, 0x001122334455, 0x02aa00000009];

/** One packet for a match or target. It comes in by eth0 and is to be forwarded to eth1, or is for the router, or for everybody. */
export function matchPacket(random: Random, family: Family, words: Words): Stimulus {
  const { name, pauses } = words;
  const ordinary = TRACKED.has(name) && (name !== 'HMARK' || random.chance(0.5));
  const [protocol, body] = ordinary
    ? random.pick([request, opening, datagram])(random, family)
    : oddBody(random, family, name);
  const local = LOCAL.has(name) && random.chance(0.3);
  const hosts = words.few ? 2 : 5;
  const [from, to] = [2 + random.below(hosts), 2 + random.below(hosts)];
  const common = { protocol, tos: random.pick(TOS), ttl: ordinary ? 64 : random.pick(TTL) };
  const skb = skbOfOctets(
    family === 4
      ? ipv4(
          {
            ...common,
            source: host4(1, from),
            destination: local ? host4(1, 1) : host4(2, to),
            id: random.below(65536),
            fragment: ordinary ? 0 : random.pick([0, 0, 0, 0, 0, 0, 0, 0, 0x4000, 0x2000, 1, 5, 0x2003]),
            options: ordinary ? [] : random.pick(OPTIONS),
          },
          body,
        )
      : ipv6({ ...common, source: host6(1, from), destination: local ? host6(1, 1) : host6(2, 2) }, body),
  );
  if (name === 'mac' || name === 'eui64') skb.etherSource = random.pick(SOURCE_MACS);
  if (name === 'pkttype' && random.chance(0.4)) skb.etherDestination = random.pick(GROUP_MACS);
  return { on: 'eth0', skb, ...(pauses ? { after: random.pick(pauses) } : {}) };
}

/** What the extension looks at above all, at times behind other headers, at times cut. */
function oddBody(random: Random, family: Family, name: string): Body {
  const makes = ONLY[name] ?? (family === 6 ? [...ALL, mobility, nothing] : ALL);
  const made = random.pick(makes)(random, family);
  const [protocol, body] =
    family === 6 ? extended(random, made, EXTENDED.has(name) ? 3 : random.below(3)) : made;
  return [protocol, random.chance(0.12) ? body.slice(0, random.below(body.length + 1)) : body];
}
