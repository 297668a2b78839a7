/** What matches and targets do where their names and manual pages say less or something else. */
import type { Fact } from '../facts.ts';
import { ipv4, type Octets, u16, u32, u128, zeros } from '../generate/octets.ts';
import { C4, C6, fact, four, later, S4, S6, type Sent, six, tcp, udp } from './passing.ts';

const dccp = (type: number, words: number, options: Octets): Octets => [
  ...[...u16(5), ...u16(80), words, 0, ...u16(0), type << 1, 0, ...u16(5)],
  ...options,
];
/** Longer than the tick within which connlimit collects nothing. */
const JIFFIES = 0.012;
/** Segments with these flags from each of the ports. */
const of = (flags: number, ...ports: readonly number[]) => ports.map((port) => [flags, port] as const);
const segments = (next: number, tag: number, last: number, list: readonly bigint[], left = 0): Octets => [
  ...[next, list.length * 2, 4, left, last, 0, ...u16(tag)],
  ...list.flatMap(u128),
];

const bits = Array.from({ length: 16 }, (_, bit) => `-m mark --mark ${2 ** bit}/${2 ** bit}`);
const again = (count: number, sent: Sent): Sent[] => Array.from({ length: count }, () => sent);

export const extensionFacts: readonly Fact[] = [
  fact(
    'two inverted single ports are one comparison in the nft backend',
    4,
    [
      '-p udp ! --sport 5 ! --dport 80',
      '-p udp ! --sport 5 ! --dport 80:81',
      '-p tcp ! --sport 5 ! --dport 80',
    ],
    [
      four(17, udp(5, 80)),
      four(17, udp(5, 53)),
      four(17, udp(7, 80)),
      four(17, udp(7, 53)),
      four(6, tcp(2, [], [], 5)),
    ],
  ),
  fact(
    'ipcomp compares the CPI alone, with --compres as well',
    4,
    ['-p 108 -m ipcomp --compres', '-p 108 -m ipcomp --ipcompspi 5 --compres'],
    [four(108, [6, 0, ...u16(5)]), four(108, [6, 9, ...u16(5)]), four(108, [6, 9, ...u16(6)])],
  ),
  fact(
    'dccp options are stepped over by the length that follows them, below 32 too',
    4,
    ['-p dccp --dccp-option 38', '-p dccp --dccp-option 2', '-p dccp ! --dccp-option 38'],
    [four(33, dccp(2, 4, [2, 3, 38, 0])), four(33, dccp(2, 4, [1, 0, 38, 2])), four(33, dccp(2, 3, []))],
  ),
  fact(
    'a dccp header without room for its type: dropped on the spot, in legacy tables by a rule that counts it',
    4,
    ['-p dccp ! --dccp-option 38', '-p dccp'],
    [four(33, dccp(4, 4, zeros(4)))],
  ),
  fact(
    '--srh-tag compares the two bytes of the tag exchanged',
    6,
    ['-m srh --srh-tag 11', '-m srh --srh-tag 2816', '-m srh ! --srh-tag 11'],
    [
      six(43, [...segments(17, 11, 0, [S6]), ...udp()]),
      six(43, [...segments(17, 0x0b00, 0, [S6]), ...udp()]),
    ],
  ),
  fact(
    'segments of a routing header are read behind its end',
    6,
    ['-m srh --srh-psid ::/0', '-m srh --srh-lsid ::/0', '-m srh --srh-nsid ::/0'],
    [
      six(43, [...segments(17, 0, 255, [], 1), ...udp(60)]),
      six(43, [...segments(17, 0, 255, [], 9), ...udp(60)]),
    ],
  ),
  fact(
    'the mask of a recent list is that of the rule that made it',
    6,
    [
      '-m recent --name q --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe --set',
      '-m recent --name q --rcheck',
      '-m recent --name d --rcheck',
      '-m recent --name d --mask ffff:ffff:ffff:ffff:: --rcheck',
      '-m recent --name d --set',
    ],
    [six(17, udp()), six(17, udp(), { source: C6 + 1n }), six(17, udp(), { source: C6 + 2n })],
  ),
  fact(
    'recent: --hitcount, --seconds, --reap, --rttl and --remove',
    4,
    [
      '-m recent --rcheck --hitcount 3',
      '-m recent --update --seconds 1 --hitcount 2 --name b',
      '-m recent --rcheck --rttl',
      '-m recent --name b --set',
      '-m recent --set',
      '-m length --length 40 -m recent --remove',
      '-m recent --rcheck --seconds 1 --reap',
    ],
    [
      ...again(3, four(17, udp())),
      four(17, udp(), { ttl: 9 }),
      four(17, udp(12)),
      later(1.3, four(17, udp())),
      ...again(2, four(17, udp())),
    ],
  ),
  fact(
    'a hashlimit table has the rate of the rule that made it',
    4,
    [
      '-m hashlimit --hashlimit-upto 1/min --hashlimit-burst 2 --hashlimit-name f',
      '-m hashlimit --hashlimit-upto 100/s --hashlimit-burst 9 --hashlimit-name f',
    ],
    again(4, four(17, udp())),
  ),
  fact(
    'a full hashlimit table drops who is new',
    4,
    [
      '-m hashlimit --hashlimit-upto 100/s --hashlimit-mode dstport --hashlimit-htable-size 2 --hashlimit-htable-max 1 --hashlimit-htable-expire 60000 --hashlimit-name full',
      '-p udp',
    ],
    [53, 54, 55, 53].map((port) => four(17, udp(5, port))),
  ),
  fact(
    '--hashlimit-rate-match judges an interval by the one before',
    4,
    [
      '-m hashlimit --hashlimit-upto 2/s --hashlimit-burst 2 --hashlimit-rate-match --hashlimit-htable-expire 60000 --hashlimit-name r',
      '-m hashlimit --hashlimit-above 2/s --hashlimit-burst 2 --hashlimit-rate-match --hashlimit-htable-expire 60000 --hashlimit-name s',
    ],
    [...again(6, four(17, udp())), later(1.2, four(17, udp())), later(1.2, four(17, udp()))],
  ),
  fact(
    'limit, statistic and quota count what reaches them',
    4,
    [
      '-m limit --limit 3/s --limit-burst 2',
      '-m statistic --mode nth --every 3 --packet 1',
      '-m quota --quota 80',
      '-m quota ! --quota 80',
      '-m hashlimit --hashlimit-above 1kb/s --hashlimit-name b',
    ],
    [...again(4, four(17, udp())), later(0.5, four(17, udp())), ...again(2, four(17, udp()))],
  ),
  fact(
    'cluster nodes by the source of the connection',
    4,
    [
      '-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 0xdeadbeef',
      '-m cluster --cluster-total-nodes 2 --cluster-local-node 2 --cluster-hash-seed 0xdeadbeef',
      '-m cluster --cluster-total-nodes 7 ! --cluster-local-nodemask 0x15 --cluster-hash-seed 5',
    ],
    [2, 3, 4, 5, 6].map((host) => four(17, udp(), { source: 0x0a5a0100 + host })),
  ),
  fact(
    'connlimit counts the connections of a group that are known and not closed; what is not tracked counts once',
    4,
    [0, 1, 2, 3].flatMap((limit) => [
      `-m connlimit --connlimit-above ${limit}`,
      `-m connlimit --connlimit-upto ${limit} --connlimit-mask 30`,
      `-m connlimit --connlimit-upto ${limit} --connlimit-daddr --connlimit-mask 0`,
    ]),
    [
      four(6, tcp(2, [], [], 1)),
      four(6, tcp(2, [], [], 1)),
      four(6, tcp(2, [], [], 2)),
      four(6, tcp(2, [], [], 3), { source: C4 + 1 }),
      four(6, tcp(2, [], [], 3), { source: C4 + 9 }),
      four(6, tcp(4, [], [], 1)),
      four(17, udp()),
      four(6, tcp(41, [], [], 9)),
      four(6, tcp(41, [], [], 9)),
      four(6, tcp(41, [], [], 1)),
      four(51, [17, 4, 0, 0, ...u32(5), ...u32(1), ...zeros(12)]),
      four(51, [17, 4, 0, 0, ...u32(5), ...u32(1), ...zeros(12)]),
      four(17, u16(5)),
      four(17, udp(5, 54)),
    ].map((each) => later(JIFFIES, each)),
  ),
  fact(
    'connlimit drops what has no tuple: ports cut off, no next header',
    6,
    ['-m connlimit --connlimit-above 9', '-m length --length 0:'],
    [
      six(17, u16(5)),
      six(17, [...u16(5), ...u16(6)]),
      six(59, zeros(4)),
      six(58, zeros(4)),
      six(6, tcp(2)),
    ].map((each) => later(JIFFIES, each)),
  ),
  fact(
    'connlimit: packets of known connections collect nothing; a new one, and one that ends its own, collect what is closed',
    4,
    [0, 1, 2, 3, 4, 5].map((limit) => `-m connlimit --connlimit-above ${limit}`),
    (
      [
        ...[...of(2, 1, 2, 3, 4), ...of(4, 4), ...of(2, 1, 2), ...of(4, 1), ...of(2, 2, 3), ...of(41, 4)],
        ...[...of(2, 2, 5), ...of(4, 2, 3), ...of(2, 5), ...of(41, 1), ...of(2, 6)],
      ] as const
    ).map(([flags, port]) => later(JIFFIES, four(6, tcp(flags, [], [], port)))),
  ),
  fact(
    'connlabel: a label is the connection’s, set by the first packet that comes by; what is not tracked has none',
    4,
    [
      '-m connlabel --label 7',
      '-p udp -m connlabel --label 7 --set',
      '-m connlabel --label 7',
      '-m connlabel ! --label 127',
      '-p udp --dport 54 -m connlabel ! --label 127 --set',
      '-m connlabel --label 127',
    ],
    [
      four(17, udp()),
      four(17, udp()),
      four(17, udp(5, 54)),
      four(17, udp(5, 54)),
      four(6, tcp(41)),
      four(6, tcp(2)),
    ],
  ),
  fact(
    'state is what conntrack says of the packet, in both families',
    6,
    ['NEW', 'INVALID', 'ESTABLISHED', 'RELATED', 'UNTRACKED', 'NEW,INVALID'].flatMap((state) => [
      `-m state --state ${state}`,
      `-m state ! --state ${state}`,
    ]),
    [
      six(17, udp()),
      six(6, tcp(2)),
      six(6, tcp(41)),
      six(59, zeros(4)),
      six(58, [135, 0, ...u16(0), ...zeros(20)]),
    ],
  ),
  fact(
    'TRACE changes nothing: the rules behind it, counters and the packet are as without it',
    4,
    ['-p udp -j TRACE', '-p udp', '-j TRACE', '-p tcp'],
    [four(17, udp()), four(6, tcp(2))],
    { table: 'raw' },
  ),
  fact(
    'HMARK of addresses, ports, SPIs and of what an error quotes',
    4,
    [
      '-j HMARK --hmark-tuple src,dst,sport,dport,proto --hmark-rnd 0xcafe --hmark-mod 65536',
      ...bits,
      '-p esp -j HMARK --hmark-tuple src,spi --hmark-rnd 1 --hmark-mod 65536',
      ...bits.map((rule) => `-p esp ${rule}`),
    ],
    [
      four(17, udp()),
      four(6, tcp(2)),
      four(50, [...u32(77), ...u32(1)]),
      four(1, [8, 0, ...u16(0), ...u32(7)]),
      four(1, [3, 3, ...u16(0), ...u32(0), ...ipv4({ source: S4, destination: C4, protocol: 17 }, udp())]),
      four(17, udp(), { fragment: 0x2000 }),
    ],
  ),
  fact(
    'HMARK of IPv6',
    6,
    ['-j HMARK --hmark-tuple src,dst,sport,dport,proto --hmark-rnd 0xcafe --hmark-mod 65536', ...bits],
    [
      six(17, udp()),
      six(60, [17, 0, 1, 4, 0, 0, 0, 0, ...udp()]),
      six(58, [128, 0, ...u16(0), ...u32(7)]),
      six(44, [17, 0, ...u16(0), ...u32(7), ...udp()]),
    ],
  ),
  fact(
    'REJECT answers only what adds up; GRE, ESP and SCTP need not',
    4,
    ['-j REJECT'],
    [
      four(17, udp()),
      four(6, tcp(2)),
      four(47, zeros(8)),
      four(50, [...u32(5), ...u32(1)]),
      four(89, zeros(8)),
      four(103, [0xff, 0xff, 0, 0]),
      four(4, ipv4({ source: C4, destination: S4, protocol: 17 }, udp())),
      four(17, [...u16(1), ...u16(2), ...u16(8), ...u16(0x1234)]),
    ],
    { table: 'filter', chain: 'FORWARD' },
  ),
  fact(
    'REJECT of IPv6 needs something behind the headers',
    6,
    ['-j REJECT'],
    [
      six(17, udp()),
      six(60, [17, 0, 1, 4, 0, 0, 0, 0]),
      six(51, [17, 4, 0, 0, ...u32(5), ...u32(1), ...zeros(12)]),
      six(51, [17, 4, 0, 0, ...u32(5), ...u32(1), ...zeros(12), ...udp()]),
    ],
    { table: 'filter', chain: 'FORWARD' },
  ),
  fact(
    'tcp-reset: sequence numbers by the flags and the length',
    4,
    ['-p tcp -j REJECT --reject-with tcp-reset'],
    [
      four(6, tcp(2)),
      four(6, tcp(16, [], zeros(7))),
      four(6, tcp(17)),
      four(6, tcp(3, [1, 1, 1, 0], zeros(3))),
      four(6, tcp(4)),
      four(6, tcp(0)),
    ],
    { table: 'filter', chain: 'FORWARD' },
  ),
  fact(
    'TTL is set, raised to 255 at most, lowered to 0 at least',
    4,
    [
      '-m length --length 33 -j TTL --ttl-inc 250',
      '-m length --length 34 -j TTL --ttl-dec 200',
      '-m length --length 35 -j TTL --ttl-set 9',
    ],
    [four(17, udp(5)), four(17, udp(6)), four(17, udp(7))],
    { chain: 'POSTROUTING' },
  ),
  fact(
    'TCP options are lowered, added and stripped, checksums kept',
    4,
    [
      '-p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1000',
      '-p tcp -j TCPOPTSTRIP --strip-options timestamp,sack-permitted',
      '-p tcp -j ECN --ecn-tcp-remove',
    ],
    [
      four(6, tcp(2, [2, 4, ...u16(1460)])),
      four(6, tcp(2, [2, 4, ...u16(900), 4, 2, 1, 1])),
      four(6, tcp(0xc2, [1, 1, 8, 10, ...zeros(8)])),
      four(6, tcp(2, [], zeros(5))),
      four(6, tcp(16, [1, 1, 8, 10, ...zeros(8)])),
    ],
    { chain: 'FORWARD' },
  ),
  fact(
    'prefixes translated without a change of the checksum',
    6,
    ['-j SNPT --src-pfx fd90:1::/64 --dst-pfx 2001:db8:5:6::/64', '-j LOG'],
    [six(17, udp()), six(6, tcp(2))],
    { chain: 'POSTROUTING' },
  ),
  fact(
    'hop-by-hop options are looked at before any chain',
    6,
    ['-m hbh', '-p udp'],
    [
      six(0, [17, 0, 1, 4, 0, 0, 0, 0, ...udp()]),
      six(0, [17, 0, 1, 4, 0, 1, 0, 0, ...udp()]),
      six(0, [17, 0, 30, 4, 1, 2, 3, 4, ...udp()]),
      six(0, [17, 0, 94, 4, 1, 2, 3, 4, ...udp()]),
      six(0, [17, 0, 158, 4, 1, 2, 3, 4, ...udp()]),
      six(0, [17, 0, 1, 9, 0, 0, 0, 0, ...udp()]),
      six(0, [17, 0, 5, 2, 0, 0, 1, 0, ...udp()]),
    ],
  ),
  fact(
    'goto, nested jumps and returns, one chain from several places',
    4,
    ['-j A', '-g B', '-p udp'],
    [four(17, udp()), four(6, tcp(2))],
    {
      more: [
        ':A - [0:0]',
        ':B - [0:0]',
        ':C - [0:0]',
        '-A A -j C',
        '-A A -p udp -j RETURN',
        '-A A -g B',
        '-A A',
        '-A B -j C',
        '-A B -p tcp',
        '-A C -p tcp -j RETURN',
        '-A C',
      ],
    },
  ),
];
