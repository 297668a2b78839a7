/** Packets that belong to sockets: -m socket, TPROXY, and nftables' own words for both. */
import type { Family } from '../../../src/net/ip.ts';
import type { HeldSocket, Rules, Stimulus } from '../case.ts';
import type { Fact } from '../facts.ts';
import { ipv4, ipv6, type Octets, skbOfOctets, u16, u32, zeros } from '../generate/octets.ts';
import { ROUTER } from '../networks/router.ts';
import { tableText } from '../profiles/matches.ts';

const C4 = 0x0a5a0102;
const C6 = (0xfd90n << 112n) | (1n << 96n) | 2n;
/** Somebody else's: 203.0.113.9, 2001:db8::9. */
const FAR4 = 0xcb007109;
const FAR6 = (0x20010db8n << 96n) | 9n;
const OWN4 = 0x0a5a0101;
const [CLIENT4, CLIENT6, SITE4, SITE6] = ['10.90.1.2', 'fd90:1::2', '203.0.113.9', '2001:db8::9'] as const;
const [SYN, ACK] = [2, 16] as const;

const tcp = (port: number, flags: number = SYN, from = 1000): Octets => [
  ...[...u16(from), ...u16(port), ...u32(1000), ...u32(flags & ACK ? 5000 : 0)],
  ...[0x50, flags, ...u16(1000), ...u32(0)],
];
const udp = (port: number, from = 1000): Octets => [
  ...u16(from),
  ...u16(port),
  ...u16(13),
  ...u16(0),
  ...zeros(5),
];
const four = (protocol: number, body: Octets, destination = FAR4, more = {}): Octets =>
  ipv4({ source: C4, destination, protocol, ...more }, body);
const six = (protocol: number, body: Octets, destination = FAR6): Octets =>
  ipv6({ source: C6, destination, protocol }, body);

/** What the mark makes local, in both families. */
const DIVERT = [
  'ip rule add fwmark 1/1 lookup 100',
  'ip route add local default dev lo table 100',
  'ip -6 rule add fwmark 1/1 lookup 100',
  'ip -6 route add local default dev lo table 100',
];
/** What is delivered ends there: a real socket would answer. */
const ENDS = tableText('filter', ['-A INPUT -m mark --mark 0x1/0x1 -j DROP', '-A INPUT -p tcp -j DROP']);

/** A listener is told from a connected one only where the listing has connected ones at all. */
const LISTENERS: readonly HeldSocket[] = [
  { protocol: 'tcp', address: '0.0.0.0', port: 50, transparent: true },
  { protocol: 'tcp', address: '0.0.0.0', port: 51 },
  { protocol: 'tcp', address: '10.90.1.1', port: 52, transparent: true, mark: 0x40 },
  { protocol: 'tcp', address: SITE4, port: 80, transparent: true, mark: 0x20 },
  { protocol: 'tcp', address: SITE4, port: 81, peer: [CLIENT4, 1000], transparent: true, mark: 0x10 },
  { protocol: 'udp', address: '0.0.0.0', port: 50, transparent: true },
  { protocol: 'udp', address: '10.90.1.1', port: 53 },
  { protocol: 'udp', address: SITE4, port: 54, peer: [CLIENT4, 1000], transparent: true, mark: 0x10 },
  { protocol: 'udp', address: SITE4, port: 55, peer: [CLIENT4, 1000], transparent: true },
];
const LISTENERS6: readonly HeldSocket[] = [
  { protocol: 'tcp', address: '::', port: 50, transparent: true },
  { protocol: 'tcp', address: '::', port: 51, v6only: false },
  { protocol: 'tcp', address: SITE6, port: 81, peer: [CLIENT6, 1000], transparent: true, mark: 0x10 },
  { protocol: 'udp', address: '::', port: 50, transparent: true },
  { protocol: 'udp', address: 'fd90:1::1', port: 53, mark: 3 },
  { protocol: 'udp', address: SITE6, port: 54, peer: [CLIENT6, 1000], transparent: true, mark: 0x10 },
];

interface Around {
  readonly rules?: readonly string[];
  readonly nft?: string;
  readonly sockets?: readonly HeldSocket[];
  readonly settings?: readonly string[];
  readonly more?: string;
}

function fact(
  name: string,
  family: Family,
  {
    rules = [],
    nft,
    sockets = family === 4 ? LISTENERS : LISTENERS6,
    settings = DIVERT,
    more = ENDS,
  }: Around,
  sent: readonly Octets[],
): Fact {
  const mangle = rules.map((rule) => (rule.startsWith('-A') ? rule : `-A PREROUTING ${rule}`));
  const text = tableText('mangle', mangle) + more;
  const own: Rules = { [family === 4 ? 'ip4' : 'ip6']: text, ...(nft === undefined ? {} : { nft }) };
  return {
    name,
    network: ROUTER,
    rules: { host: own },
    settings: { host: settings },
    sockets: { host: sockets },
    stimuli: sent.map((octets): Stimulus => ({ on: 'eth0', skb: skbOfOctets(octets) })),
  };
}

/** An error from the client about what a socket here sent to it. */
const errorAbout = (protocol: number, port: number): Octets =>
  four(1, [
    3,
    3,
    ...u16(0),
    ...u32(0),
    ...ipv4({ source: FAR4, destination: C4, protocol }, [...u16(port), ...u16(1000), ...u32(0)]),
  ]);

const SOCKET = ['', ' --transparent', ' --nowildcard', ' --transparent --nowildcard'].map(
  (options) => `-m socket${options}`,
);
const RESTORE = [
  '-m socket --restore-skmark',
  '-m mark --mark 0x10',
  '-m mark --mark 0x20',
  '-m socket --nowildcard --transparent --restore-skmark',
  '-m mark --mark 0x0',
];

export const socketFacts: readonly Fact[] = [
  fact(
    'socket: of a connection or listening on that very address; --nowildcard takes listeners on any, --transparent only transparent ones',
    4,
    { rules: SOCKET, settings: [] },
    [
      ...[81, 80, 50, 51, 52].flatMap((port) => [four(6, tcp(port)), four(6, tcp(port, ACK))]),
      ...[50, 53, 54, 56].map((port) => four(17, udp(port))),
      four(17, udp(54, 1001)),
      four(17, udp(53), OWN4),
      four(17, udp(50), OWN4),
      four(6, tcp(81, ACK, 1001)),
      four(47, zeros(8)),
    ],
  ),
  fact(
    'socket: an ICMP error belongs to whom it quotes; pieces of headers to nobody',
    4,
    { rules: SOCKET, settings: [] },
    [
      ...[81, 82].map((port) => errorAbout(6, port)),
      ...[54, 57].map((port) => errorAbout(17, port)),
      four(1, [8, 0, ...u16(0), ...u32(7)]),
      four(6, tcp(81, ACK).slice(0, 14)),
      four(17, udp(54).slice(0, 6)),
    ],
  ),
  fact(
    '--restore-skmark gives the packet the mark of the socket that matches, 0 as well',
    4,
    { rules: ['-j MARK --set-xmark 0x2/0xffffffff', ...RESTORE], settings: [], more: '' },
    [four(17, udp(54)), four(17, udp(55)), four(17, udp(50)), four(17, udp(60))],
  ),
  fact('socket in IPv6', 6, { rules: SOCKET, settings: [] }, [
    ...[81, 80, 50, 51].flatMap((port) => [six(6, tcp(port)), six(6, tcp(port, ACK))]),
    ...[50, 53, 54].map((port) => six(17, udp(port))),
    six(60, [17, 0, 1, 4, 0, 0, 0, 0, ...udp(54)]),
    six(58, [
      1,
      4,
      ...u16(0),
      ...u32(0),
      ...ipv6({ source: FAR6, destination: C6, protocol: 17 }, udp(1000, 54)),
    ]),
  ]),
  fact(
    'socket in INPUT, behind TPROXY: the one that it was given to',
    4,
    {
      rules: [
        '-p udp --dport 60 -j TPROXY --on-port 50 --tproxy-mark 0x1/0x1',
        '-A INPUT -m socket',
        '-A INPUT -m socket --nowildcard',
        '-A INPUT -m socket --transparent --nowildcard',
      ],
    },
    [four(17, udp(60)), four(17, udp(53), OWN4), four(17, udp(61), OWN4)],
  ),
  fact(
    'TPROXY: to the listener on port and address of the rule, else to none, and the packet is dropped',
    4,
    {
      rules: [
        '-p tcp --dport 60 -j TPROXY --on-port 50 --tproxy-mark 0x1/0x1',
        '-p tcp --dport 61 -j TPROXY --on-port 52 --tproxy-mark 0x1/0x1',
        '-p tcp --dport 62 -j TPROXY --on-port 52 --on-ip 10.90.2.1 --tproxy-mark 0x1/0x1',
        '-p tcp --dport 63 -j TPROXY --on-port 51 --tproxy-mark 0x1/0x1',
        '-p tcp --dport 64 -j TPROXY --on-port 99 --tproxy-mark 0x1/0x1',
        '-p tcp --dport 50 -j TPROXY --on-port 0 --tproxy-mark 0x5/0x5',
        '-p tcp --dport 81 -j TPROXY --on-port 99 --tproxy-mark 0x1/0x1',
        '-p tcp --dport 80 -j TPROXY --on-port 80 --on-ip 203.0.113.9 --tproxy-mark 0x1/0x1',
        '-p udp --dport 60 -j TPROXY --on-port 50 --tproxy-mark 0x1/0x1',
        '-p udp --dport 61 -j TPROXY --on-port 53 --tproxy-mark 0x1/0x1',
        '-p udp --dport 62 -j TPROXY --on-port 54 --on-ip 203.0.113.9 --tproxy-mark 0x1/0x1',
        '-p udp --dport 54 -j TPROXY --on-port 50 --tproxy-mark 0x1/0x1',
      ],
    },
    [
      ...[60, 61, 62, 63, 64, 50, 81, 80].map((port) => four(6, tcp(port))),
      four(6, tcp(81, ACK)),
      four(6, tcp(81, ACK, 1001)),
      four(6, tcp(60, ACK)),
      four(6, tcp(60).slice(0, 12)),
      ...[60, 61, 62, 54].map((port) => four(17, udp(port))),
      four(17, udp(54, 1001)),
      four(17, udp(60).slice(0, 6)),
    ],
  ),
  fact(
    'TPROXY without a rule for the mark: what is to be forwarded is lost, what is for the host arrives at that socket',
    4,
    { rules: ['-p udp -j TPROXY --on-port 50 --tproxy-mark 0x1/0x1'], settings: [] },
    [four(17, udp(60)), four(17, udp(60), OWN4), four(17, udp(60), 0x0a5a0202)],
  ),
  fact(
    'TPROXY in IPv6, behind other headers too',
    6,
    {
      rules: [
        '-p tcp --dport 60 -j TPROXY --on-port 50 --tproxy-mark 0x1/0x1',
        '-p tcp --dport 63 -j TPROXY --on-port 51 --tproxy-mark 0x1/0x1',
        '-p tcp --dport 64 -j TPROXY --on-port 99 --tproxy-mark 0x1/0x1',
        '-p tcp --dport 81 -j TPROXY --on-port 99 --tproxy-mark 0x1/0x1',
        '-p udp --dport 60 -j TPROXY --on-port 50 --on-ip fd90:1::1 --tproxy-mark 0x1/0x1',
        '-p udp --dport 54 -j TPROXY --on-port 99 --tproxy-mark 0x1/0x1',
      ],
    },
    [
      ...[60, 63, 64, 81].map((port) => six(6, tcp(port))),
      six(6, tcp(81, ACK)),
      ...[60, 54].map((port) => six(17, udp(port))),
      six(60, [17, 0, 1, 4, 0, 0, 0, 0, ...udp(60)]),
    ],
  ),
  fact(
    'a packet that belongs to a connected socket is not forwarded while early demultiplexing is on',
    4,
    { settings: [], more: '' },
    [four(6, tcp(81, ACK)), four(17, udp(54)), four(17, udp(54, 1001)), four(6, tcp(80))],
  ),
  fact(
    'without early demultiplexing it is',
    4,
    { settings: ['sysctl -qw net.ipv4.tcp_early_demux=0'], more: '' },
    [four(6, tcp(81, ACK)), four(17, udp(54))],
  ),
  fact(
    'nft tproxy: without a transparent socket there the rule ends, and the packet goes on; fragments are joined before',
    4,
    {
      rules: ['-A INPUT'],
      nft: `table inet proxy {
 chain prerouting {
  type filter hook prerouting priority -150; policy accept;
  udp dport 60 tproxy ip to :50 counter meta mark set 1 accept
  udp dport 61 tproxy ip to :53 counter meta mark set 1 accept
  udp dport 62 tproxy ip to 203.0.113.9:54 counter meta mark set 1 accept
  tcp dport 60 tproxy ip to :50 counter meta mark set 1 accept
  tcp dport 63 tproxy ip to :51 counter meta mark set 1 accept
  tcp dport 81 tproxy ip to :99 counter meta mark set 1 accept
  meta l4proto { tcp, udp } tproxy ip to 10.90.1.1 counter meta mark set 1 accept
 }
}`,
    },
    [
      ...[60, 61, 62, 53, 54].map((port) => four(17, udp(port))),
      ...[60, 63, 81, 52].map((port) => four(6, tcp(port))),
      four(17, udp(60).slice(0, 8), FAR4, { fragment: 0x2000 }),
      four(17, zeros(5), FAR4, { fragment: 1 }),
    ],
  ),
  fact(
    'nft socket: transparent, mark and wildcard of the socket; without one the rule does not match',
    4,
    {
      settings: [],
      nft: `table inet sk {
 chain prerouting {
  type filter hook prerouting priority -150; policy accept;
  socket transparent 1 counter
  socket transparent 0 counter
  socket wildcard 1 counter
  socket wildcard 0 counter
  socket mark 0x10 counter
  socket mark != 0x10 counter
  socket wildcard 0 socket transparent 1 counter meta mark set socket mark
  meta mark 0x10 counter
 }
}`,
    },
    [
      ...[50, 53, 54, 55, 60].map((port) => four(17, udp(port))),
      four(17, udp(53), OWN4),
      ...[50, 51, 80, 81, 82].map((port) => four(6, tcp(port))),
    ],
  ),
];
