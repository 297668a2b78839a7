/** What targets do to packets that are no ordinary ones, and what the host answers to those. */
import type { Fact } from '../facts.ts';
import { ipv6, type Octets, skbOfOctets, u8, u16, u32, zeros } from '../generate/octets.ts';
import { ROUTER } from '../networks/router.ts';
import { C6, fact, four, S6, six, tcp, udp } from './passing.ts';

const R4 = 0x0a5a0101;
const R6 = (0xfd90n << 112n) | (1n << 96n) | 1n;
const MAPPED = (0xfd77n << 112n) | (0xffffn << 64n);
const ALL_ONES = (1n << 64n) - 1n;
const SYN = 2;
const LATER = 0x2003;
const FIRST = 0x2000;
/** Every error is sent. */
const unlimited = { settings: ['sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0'] };
const forward = { chain: 'FORWARD' } as const;

/** A TCP header that says to have `words` words. */
const long = (words: number, options: Octets = []): Octets => {
  const octets = tcp(SYN, options);
  return [...octets.slice(0, 12), ...u8(words << 4), ...octets.slice(13)];
};
const udplite = (coverage: number, data = 4): Octets => [
  ...[...u16(1000), ...u16(53), ...u16(coverage), ...u16(0)],
  ...zeros(data),
];
const error = (type: number, code: number, quoted: Octets): Octets => [
  ...[...u8(type), ...u8(code), ...u16(0), ...u32(0)],
  ...quoted,
];
const padding = (next: number): Octets => [next, 0, 1, 4, 0, 0, 0, 0];
const fragment = (next: number, word: number, id: number): Octets => [next, 0, ...u16(word), ...u32(id)];
const echo: Octets = [...[8, 0, ...u16(0)], ...u32(7)];
const local4 = { destination: R4 };
const local6 = { destination: R6 };

/** nft's own statement, with the same mistake as TCPMSS. */
const maxseg: Fact = {
  name: 'nft’s tcp option maxseg size set at an odd offset leaves a wrong checksum',
  network: ROUTER,
  rules: {
    host: {
      nft: 'table ip own {\n chain forward {\n  type filter hook forward priority -150; policy accept;\n  tcp option maxseg size set 536 counter\n }\n}',
    },
  },
  stimuli: [
    [1, 2, 4, ...u16(1460), 1, 1, 1],
    [2, 4, ...u16(1460)],
  ].map((options) => ({ on: 'eth0', skb: skbOfOctets(four(6, tcp(SYN, options)).octets) })),
};

export const targetFacts: readonly Fact[] = [
  maxseg,
  fact(
    'ECN takes a later fragment for a TCP header, and what is there for its checksum',
    4,
    ['-p tcp -j ECN --ecn-tcp-cwr 1'],
    [
      four(6, tcp(SYN), { fragment: LATER }),
      four(6, tcp(SYN), { fragment: FIRST }),
      four(6, tcp(0x82)),
      four(6, tcp(SYN).slice(0, 19)),
    ],
  ),
  fact(
    'TCPOPTSTRIP drops a header that is longer than the packet or shorter than a header',
    4,
    ['-p tcp -j TCPOPTSTRIP --strip-options 2,3,254'],
    [four(6, long(4)), four(6, long(6)), four(6, long(15, zeros(4))), four(6, tcp(SYN, [1, 1, 1, 1]))],
  ),
  fact(
    'TCPOPTSTRIP ends at an option that goes on behind the header, steps over a length of 0, and leaves the last byte',
    4,
    ['-p tcp -j TCPOPTSTRIP --strip-options 2,3,254'],
    [
      four(6, tcp(SYN, [3, 0, 3, 3, 7, 2, 4, 5])),
      four(6, tcp(SYN, [254, 3, 9, 254, 9, 9, 9, 9])),
      four(6, tcp(SYN, [0, 2, 4, 5, 180, 0, 0, 3])),
      four(6, tcp(SYN, [1, 1, 1, 3])),
      four(6, tcp(SYN, [3, 3, 7, 1]), { fragment: LATER }),
    ],
  ),
  fact(
    'TCPMSS at an odd offset leaves a wrong checksum; End of Options is no end; a length of 0 is a step',
    4,
    ['-p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 536'],
    [
      four(6, tcp(SYN, [1, 2, 4, ...u16(1460), 1, 1, 1])),
      four(6, tcp(SYN, [0, 0, 2, 4, ...u16(1460), 1, 1])),
      four(6, tcp(SYN, [2, 5, 5, 180, 1, 2, 4, ...u16(1460), 0, 0, 0])),
      four(6, tcp(SYN, [3, 0, 2, 4, ...u16(1460), 1, 1])),
      four(6, tcp(SYN, [9, 9, 9, 9])),
      four(6, tcp(SYN, zeros(36))),
      four(6, tcp(SYN, zeros(40))),
    ],
    forward,
  ),
  fact(
    'TCPMSS drops a header that is longer than the packet or shorter than a header, and leaves later fragments',
    4,
    ['-p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 536'],
    [
      four(6, long(3)),
      four(6, long(9)),
      four(6, long(5, [1, 1, 1, 1])),
      four(6, tcp(SYN, [2, 4, ...u16(1460)]), { fragment: FIRST }),
      four(6, tcp(SYN, [2, 4, ...u16(1460)]), { fragment: LATER }),
    ],
    forward,
  ),
  fact(
    'SNPT: no checksum is touched; an error about what was sent to the prefix names the new one inside',
    6,
    ['-j SNPT --src-pfx fd90:1::/48 --dst-pfx fd77::/64'],
    [
      six(17, udp()),
      six(17, [...u16(1), ...u16(2), ...u16(9), ...u16(0xffff), 9]),
      six(58, error(3, 0, ipv6({ source: S6, destination: C6, protocol: 17 }, udp()))),
      six(58, error(3, 0, ipv6({ source: C6, destination: S6, protocol: 17 }, udp()))),
      six(58, error(128, 0, ipv6({ source: S6, destination: C6, protocol: 17 }, udp()))),
      six(60, [...padding(58), ...error(3, 0, ipv6({ source: S6, destination: C6, protocol: 17 }, udp()))]),
    ],
    { chain: 'POSTROUTING' },
  ),
  fact(
    'DNPT: an error about what was sent from the prefix names the new one inside',
    6,
    ['-j DNPT --src-pfx fd90:2::/64 --dst-pfx fd90:2:0:1::/64'],
    [
      six(17, udp()),
      six(58, error(1, 4, ipv6({ source: S6, destination: C6, protocol: 17 }, udp()))),
      six(58, error(1, 4, ipv6({ source: C6, destination: S6, protocol: 17 }, udp()))),
    ],
  ),
  fact(
    'an address without a word to make up for the prefix is refused with ICMPv6 4/0',
    6,
    ['-j DNPT --src-pfx fd77::/64 --dst-pfx fd90:2:0:1::/64'],
    [six(17, udp(), { destination: MAPPED | ALL_ONES }), six(17, udp(), { destination: MAPPED | 1n })],
    unlimited,
  ),
  fact(
    'what CT hung on a packet is NEW and confirmed, has neither addresses nor a protocol, and is not replaced',
    4,
    [
      '-m conntrack --ctstate INVALID',
      '-j CT --zone 1',
      '-m conntrack --ctstate NEW',
      '-m conntrack --ctstate INVALID',
      '-m conntrack --ctproto 17',
      '-m conntrack ! --ctproto 17',
      '-m conntrack --ctorigsrc 0.0.0.0',
      '-m conntrack --ctstatus CONFIRMED',
      '-m conntrack --ctdir ORIGINAL',
      '-m conntrack --ctexpire 0',
      '-m connmark --mark 0',
      '-j CT --notrack',
      '-m conntrack --ctstate UNTRACKED',
    ],
    [four(17, udp())],
    { table: 'raw' },
  ),
  fact(
    'a TEE copy leaves by the device that is named, by the way to the gateway there; its mark and source choose no route',
    4,
    [
      '-j MARK --set-mark 1',
      '-m length --length 33 -j TEE --gateway 10.90.1.4 --oif eth1',
      '-m length --length 34 -j TEE --gateway 10.90.1.1 --oif eth1',
      '-m length --length 35 -j TEE --gateway 10.90.1.4 --oif nosuch',
      '-m length --length 28 -j TEE --gateway 10.90.1.4',
    ],
    [...[5, 6, 7].map((length) => four(17, udp(length))), four(2, [0x16, 0, 0, 0, ...zeros(4)])],
    {
      ...forward,
      settings: [
        'ip rule add fwmark 1 to 10.90.1.4 blackhole',
        'ip rule add from 10.90.1.2 to 10.90.1.4 blackhole',
      ],
    },
  ),
  fact(
    'a TEE copy of IPv6 leaves by the device that is named',
    6,
    [
      '-m length --length 53 -j TEE --gateway fd90:1::4 --oif eth1',
      '-m length --length 54 -j TEE --gateway fd90:1::4',
    ],
    [six(17, udp(5)), six(17, udp(6))],
    forward,
  ),
  fact(
    'a protocol without a handler: ICMPv6 4/1 points at the byte that names it',
    6,
    ['-p tcp'],
    [
      six(253, zeros(8), local6),
      six(60, [...padding(253), ...zeros(8)], local6),
      six(0, [...padding(60), ...padding(253), ...zeros(8)], local6),
      six(51, [17, 4, 0, 0, ...u32(5), ...u32(1), ...zeros(12), ...udp()], local6),
      six(60, [...padding(0), ...padding(17), ...udp()], local6),
      six(60, [...padding(59)], local6),
      six(44, [...fragment(253, 0, 1), ...zeros(8)], local6),
    ],
    unlimited,
  ),
  fact(
    'UDP-Lite is refused as UDP is, if its coverage and checksum are right',
    4,
    ['-p udp'],
    [
      ...[0, 8, 10, 12].map((coverage) => four(136, udplite(coverage), local4)),
      ...[7, 13].map((coverage) => four(136, udplite(coverage), local4)),
      four(136, udplite(8).slice(0, 7), local4),
      four(136, udplite(0), { ...local4, fragment: 0 }),
    ],
    unlimited,
  ),
  fact(
    'UDP-Lite over IPv6 is refused as UDP is',
    6,
    ['-p udp'],
    [0, 8, 12, 13].map((coverage) => six(136, udplite(coverage), local6)),
    unlimited,
  ),
  fact(
    'first fragments of IPv6 that can’t be one are refused behind INPUT with ICMPv6 4/0 and 4/3',
    6,
    ['-m frag --fragmore'],
    [
      six(44, [...fragment(17, 1, 5), ...udp(8)], local6),
      six(44, [...fragment(17, 1, 6), ...udp(5)], local6),
      six(44, [...fragment(6, 1, 7), ...zeros(16)], local6),
      six(44, [...fragment(60, 1, 8), ...padding(17), ...zeros(8)], local6),
    ],
    { ...unlimited, chain: 'INPUT' },
  ),
  fact(
    'no RST for a signed segment (TCP-MD5, TCP-AO), or one with options that are none',
    4,
    ['-p tcp'],
    [
      four(6, tcp(SYN, [19, 18, ...zeros(16), 1, 1]), local4),
      four(6, tcp(SYN, [1, 1, 19, 18, ...zeros(16)]), local4),
      four(6, tcp(SYN, [0, 0, 19, 18, ...zeros(16)]), local4),
      four(6, tcp(SYN, [19, 10, ...zeros(18)]), local4),
      four(6, tcp(SYN, [5, 1, ...zeros(18)]), local4),
      four(6, tcp(SYN, [5, 21, ...zeros(18)]), local4),
      four(6, tcp(SYN, [5, 0, ...zeros(14)]), local4),
      four(6, tcp(SYN, [29, 16, ...zeros(18)]), local4),
      four(6, long(4), local4),
    ],
  ),
  fact(
    'REJECT answers a signed segment, and one whose header is longer than the packet',
    4,
    ['-p tcp -j REJECT --reject-with tcp-reset'],
    [four(6, tcp(SYN, [19, 18, ...zeros(16), 1, 1])), four(6, long(9)), four(6, long(2))],
    { table: 'filter', chain: 'FORWARD' },
  ),
  fact(
    'REJECT takes less than a UDP header for damaged, unless it happens to add up',
    4,
    ['-j REJECT'],
    [four(17, [7]), four(17, [1, 0]), four(17, udp().slice(0, 7)), four(17, [])],
    { table: 'filter', chain: 'FORWARD', ...unlimited },
  ),
  fact(
    'REJECT takes less than a UDP header for damaged in IPv6 too',
    6,
    ['-j REJECT'],
    [six(17, [7]), six(0, [...padding(17), 3, 255])],
    { table: 'filter', chain: 'FORWARD', ...unlimited },
  ),
  fact(
    'a TEE copy to the host itself is the host’s; nothing is answered from an address that isn’t',
    4,
    ['-j TEE --gateway 10.90.1.1'],
    [
      four(17, udp()),
      four(6, tcp(SYN)),
      four(253, zeros(8)),
      four(1, echo),
      four(1, [3, 3, ...echo.slice(2)]),
    ],
    { ...forward, ...unlimited },
  ),
  fact(
    'an RST has the traffic class of what it refuses, without ECN',
    6,
    ['-p tcp'],
    [0, 0x2b, 3].map((tos) => six(6, tcp(SYN), { ...local6, tos })),
  ),
  fact(
    'an RST has the TOS of what it refuses, without ECN',
    4,
    ['-p tcp'],
    [0, 0x2b, 3].map((tos) => four(6, tcp(SYN), { ...local4, tos })),
  ),
  fact(
    'errors answer neither errors, nor ICMP of a type that is unknown or missing',
    4,
    ['-p icmp'],
    [
      ...Array.from({ length: 20 }, (_, type) => four(1, [type, ...echo.slice(1)], { ttl: 1 })),
      ...[0, 1].map((length) => four(1, echo.slice(0, length), { ttl: 1 })),
      four(1, [3], { ttl: 1 }),
      four(1, echo, { ttl: 1, fragment: LATER }),
    ],
    unlimited,
  ),
  fact(
    'errors of ICMPv6 answer all types from 128 on, a redirect too, and first fragments whose type is elsewhere',
    6,
    ['-p icmpv6'],
    [
      ...[0, 1, 5, 127, 128, 137, 255].map((type) => six(58, [type, ...echo.slice(1)], { ttl: 1 })),
      ...[0, 1].map((length) => six(58, [128].slice(0, length), { ttl: 1 })),
      six(44, fragment(58, 1, 5), { ttl: 1 }),
      six(44, fragment(58, 0, 5), { ttl: 1 }),
    ],
    unlimited,
  ),
];
