/** Connection tracking, address translation and reassembly: what they do with a packet, and with the next one. */
import type { TableName } from '../../../src/xtables/rule.ts';
import {
  broadcast,
  broken,
  error,
  fragment,
  icmp,
  type LivePacket,
  packet,
  tcp,
  to,
  udp,
} from '../../netstack/support/cases.ts';
import type { Fact } from '../facts.ts';
import { ipv6, type Octets, skbOfOctets, u8, u16, u32, zeros } from '../generate/octets.ts';
import { ROUTER } from '../networks/router.ts';
import { tableText } from '../profiles/matches.ts';

const C = '10.90.1.2';
const C2 = '10.90.1.3';
const S = '10.90.2.2';
const B = '10.90.3.2';
const HOST = '10.90.1.1';
const UPLINK = '10.90.2.1';
const C6 = 'fd90:1::2';
const S6 = 'fd90:2::2';

type Tables = Partial<Readonly<Record<TableName, readonly string[]>>>;
interface More {
  readonly settings?: readonly string[];
  /** Rules of IPv6; the same as IPv4's when absent. */
  readonly six?: Tables;
}

const textOf = (tables: Tables): string =>
  Object.entries(tables)
    .map(([table, rules]) => tableText(table as TableName, rules))
    .join('');

function fact(
  about: string,
  name: string,
  tables: Tables,
  packets: readonly (LivePacket | { readonly after: number; readonly sent: LivePacket })[],
  { settings = [], six }: More = {},
): Fact {
  return {
    about,
    name,
    network: ROUTER,
    rules: { host: { ip4: textOf(tables), ...(six ? { ip6: textOf(six) } : {}) } },
    settings: { host: settings },
    stimuli: packets.map((each) => {
      const { on, skb } = 'sent' in each ? each.sent : each;
      return {
        on: on === 'local' ? 'local:host' : on,
        skb,
        ...('after' in each ? { after: each.after } : {}),
      };
    }),
  };
}

const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];
const states = (...chains: readonly string[]): string[] =>
  chains.flatMap((chain) => STATES.map((state) => `-A ${chain} -m conntrack --ctstate ${state}`));
/** The state of every packet, wherever it goes. */
const TRACKED: Tables = { mangle: states('PREROUTING', 'OUTPUT'), filter: ['-A FORWARD', '-A INPUT'] };
const NAT_CHAINS = ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'];
/** Which nat chains are asked. */
const ASKED = NAT_CHAINS.map((chain) => `-A ${chain}`);
const MASQUERADE = '-A POSTROUTING -o eth1 -j MASQUERADE';

const c = (flags: number, seq: number, ack: number, payload = 0, ports: [number, number] = [4000, 80]) =>
  tcp('eth0', C, S, ports, flags, seq, ack, { payload });
const s = (flags: number, seq: number, ack: number, payload = 0, ports: [number, number] = [80, 4000]) =>
  tcp('eth1', S, C, ports, flags, seq, ack, { payload });
const OPEN = [c(2, 1000, 0), s(18, 5000, 1001), c(16, 1001, 5001)];

/** A UDP packet of 64 bytes in two pieces. */
function halves(on: 'eth0' | 'local', source: string, where: string, id: number): [LivePacket, LivePacket] {
  const whole = udp(on, source, where, 5, 6, { payload: 64 });
  return [fragment(whole, 0, 32, true, id), fragment(whole, 32, 40, false, id)];
}
const SOURCE6 = (0xfd90n << 112n) | (1n << 96n) | 2n;
/** The first 32 bytes of such a packet, with more to come. */
function firstOf6(destination: bigint, id: number): LivePacket {
  const datagram: Octets = [...u16(5), ...u16(6), ...u16(72), ...u16(0), ...zeros(64)];
  const whole = skbOfOctets(ipv6({ source: SOURCE6, destination, protocol: 17 }, datagram));
  const header: Octets = [...u8(17), ...u8(0), ...u16(1), ...u32(id)];
  const body = [...header, ...whole.bytes.subarray(40, 72)];
  return { on: 'eth0', skb: skbOfOctets(ipv6({ source: SOURCE6, destination, protocol: 44 }, body)) };
}
const FORWARDED6 = (0xfd90n << 112n) | (2n << 96n) | 2n;
const DELIVERED6 = (0xfd90n << 112n) | (1n << 96n) | 1n;

const tracking: readonly Fact[] = [
  fact(
    '3.1',
    'one rule about connections, never reached, starts tracking in its family alone',
    { filter: ['-A FORWARD -s 1.2.3.4/32 -m conntrack --ctstate NEW'], nat: ASKED },
    [udp('eth0', C, S), udp('eth1', S, C, 2000, 1000), udp('eth0', C6, S6)],
    { six: { filter: ['-A FORWARD'], nat: ASKED } },
  ),
  fact(
    '3.1',
    'a nat table that translates nothing does not start tracking, and is not asked',
    { nat: ASKED, filter: ['-A FORWARD'] },
    [udp('eth0', C, S), udp('eth0', C, HOST), udp('local', HOST, C)],
  ),
  fact(
    '3.1',
    'an IPv6 rule starts tracking for IPv6 alone',
    { nat: ASKED },
    [udp('eth0', C, S), udp('eth0', C6, S6)],
    { six: { filter: ['-A FORWARD -m conntrack --ctstate INVALID'], nat: ASKED } },
  ),
  fact(
    '3.2',
    'tracking joins fragments before the raw table sees them',
    { raw: ['-A PREROUTING', '-A PREROUTING -f', '-A OUTPUT -f'], ...TRACKED },
    [...halves('eth0', C, S, 70), ...halves('eth0', C, HOST, 71)],
  ),
  fact(
    '3.3',
    'nat chains are asked once for each half, also while a connection stays new',
    { nat: [...ASKED, MASQUERADE], ...TRACKED },
    [
      ...[udp('eth0', C, S), udp('eth0', C, S), udp('eth1', S, UPLINK, 2000, 1000), udp('eth0', C, S)],
      ...[c(2, 1000, 0), c(2, 1000, 0)],
      ...[udp('local', '127.0.0.1', '127.0.0.1', 5, 6), udp('local', HOST, UPLINK, 5, 6)],
      ...[udp('eth0', C, HOST, 5, 6), udp('local', HOST, C, 5, 6)],
    ],
  ),
  fact(
    '3.4',
    'what is dropped is not confirmed, so that the next packet asks nat again',
    {
      nat: [...ASKED, '-A PREROUTING -p udp --dport 7 -j DNAT --to-destination 10.90.2.9'],
      mangle: [...states('PREROUTING'), '-A POSTROUTING -p udp --sport 9 -j DROP'],
      filter: ['-A FORWARD -p udp --sport 8 -j DROP'],
    },
    [
      ...[8, 8, 9, 9, 10, 10].map((port) => udp('eth0', C, S, port, 7)),
      ...[11, 11].map((port) => udp('eth0', '10.90.3.9', S, port, 7)),
      ...[12, 12].map((port) => udp('eth0', C, '10.91.1.1', port, 1)),
    ],
    {
      settings: ['sysctl -qw net.ipv4.conf.eth0.rp_filter=1', 'ip route add blackhole 10.91.1.0/24'],
    },
  ),
  fact(
    '3.5',
    'invalid and untracked packets pass untranslated; errors are turned back without a rule',
    {
      raw: ['-A PREROUTING -p udp --dport 9 -j CT --notrack'],
      nat: [
        ...ASKED,
        MASQUERADE,
        '-A PREROUTING -d 10.90.1.1/32 -p udp --dport 53 -j DNAT --to-destination 10.90.2.2:5353',
      ],
      ...TRACKED,
    },
    [
      ...[c(18, 1, 1), udp('eth0', C, S, 5, 9), udp('eth0', C, S)],
      error('eth1', S, UPLINK, 3, 3, udp('eth0', UPLINK, S)),
      error('eth1', '10.90.2.7', UPLINK, 11, 0, udp('eth0', UPLINK, S)),
      udp('eth0', C, HOST, 7, 53),
      error('eth1', S, UPLINK, 3, 3, udp('eth0', UPLINK, S, 7, 5353)),
      error('eth1', '10.90.2.7', UPLINK, 11, 0, udp('eth0', UPLINK, S, 7, 5353)),
    ],
  ),
  ...([1, 0] as const).map((loose) =>
    fact(
      '3.6',
      `flags that begin a TCP connection, nf_conntrack_tcp_loose=${loose}`,
      TRACKED,
      [0, 1, 2, 3, 4, 6, 8, 10, 16, 17, 18, 20, 24, 25, 32, 34, 41, 48, 63, 66, 130, 194].map((flags, i) =>
        c(flags, 5, 6, 0, [100 + i, 80]),
      ),
      { settings: [`sysctl -qw net.netfilter.nf_conntrack_tcp_loose=${loose}`] },
    ),
  ),
  fact('3.7', 'a SYN again is new until it is answered, whatever is acknowledged', TRACKED, [
    ...[c(2, 1000, 0), c(2, 1000, 0), c(2, 7000, 0), s(18, 5000, 99)],
    ...[c(16, 7001, 5001), s(16, 5001, 7001)],
  ]),
  fact('3.7', 'beyond the window, never sent, and out of place in an open connection', TRACKED, [
    ...OPEN,
    ...[c(24, 900000, 5001, 10), c(16, 1001, 90000), c(4, 900000, 0), c(16, 1001, 5001)],
    ...[c(24, 1001, 5001, 10), c(16, 1001, 5001), c(2, 1001, 0), c(2, 1001, 0), s(16, 5001, 1011)],
  ]),
  fact('3.7', 'a SYN in TIME_WAIT begins anew', TRACKED, [
    ...OPEN,
    ...[c(17, 1001, 5001), s(17, 5001, 1002), c(16, 1002, 5002), c(2, 90000, 0), s(18, 1, 90001)],
  ]),
  fact('3.7', 'a SYN after a reset, and after a refusal', TRACKED, [
    ...OPEN,
    ...[c(4, 1001, 0), c(2, 1002, 0)],
    ...[c(2, 1, 0, 0, [4001, 80]), s(20, 0, 2, 0, [80, 4001]), c(2, 1, 0, 0, [4001, 80])],
  ]),
  ...([1, 0] as const).map((verified) =>
    fact(
      '3.8',
      `broken transport headers and sums, nf_conntrack_checksum=${verified}`,
      TRACKED,
      [
        broken(udp('eth0', C, S, 3, 4), 26, 0x55),
        broken(tcp('eth0', C, S, [5, 6], 2), 36, 0x55),
        broken(icmp('eth0', C, S), 22, 0x55),
        broken(udp('eth0', C, S, 7, 8), 25, 0xd8),
        udp('eth0', C, S, 0, 0),
        tcp('eth0', C, S, [0, 0], 2),
        ...[1, 6, 17, 132, 136].map((protocol) => packet('eth0', C, S, { protocol, payload: 3 })),
        ...[132, 136].map((protocol) => packet('eth0', C, S, { protocol, payload: 16 })),
      ],
      { settings: [`sysctl -qw net.netfilter.nf_conntrack_checksum=${verified}`] },
    ),
  ),
  fact('3.9', 'ICMP types, and errors about what is known and what is not', TRACKED, [
    ...[8, 13, 15, 17].flatMap((icmpType) => [
      icmp('eth0', C, S, { icmpType, icmpId: icmpType }),
      icmp('eth1', S, C, { icmpType: icmpType === 8 ? 0 : icmpType + 1, icmpId: icmpType }),
    ]),
    ...[0, 14, 16, 18, 9, 10, 30, 40].map((icmpType) => icmp('eth0', C, S, { icmpType, icmpId: 99 })),
    udp('eth0', C, S),
    ...[3, 4, 5, 11, 12].map((type) => error('eth1', S, C, type, 0, udp('eth0', C, S))),
    ...[3, 4, 5, 11, 12].map((type) => error('eth1', S, C, type, 0, udp('eth0', C, S, 9, 9))),
  ]),
  fact('3.9', 'an ICMP error that quotes no more than the ports is related', TRACKED, [
    udp('eth0', C, S),
    ...[20, 22, 23, 24, 25, 27, 28].map((length) => {
      const quoted = udp('eth0', C, S).skb.bytes.slice(0, length);
      return icmp('eth1', S, C, { icmpType: 3, icmpCode: 1, icmpId: 0, payload: quoted });
    }),
  ]),
  fact(
    '3.10',
    'ICMPv6 types',
    { filter: [] },
    [
      ...[133, 134, 135, 136, 130, 131, 132, 143, 137, 129, 128].map((icmpType) =>
        icmp('eth0', C6, S6, { icmpType, icmpId: 7 }),
      ),
      icmp('eth1', S6, C6, { icmpType: 129, icmpId: 7 }),
      ...[1, 2, 3, 4].map((type) => error('eth1', S6, C6, type, 0, udp('eth0', C6, S6))),
    ],
    { six: TRACKED },
  ),
  fact(
    '3.11',
    'protocols without ports are told apart by addresses alone',
    TRACKED,
    [2, 4, 50, 51, 200].flatMap((protocol) => [
      packet('eth0', C, S, { protocol, payload: 16 }),
      packet('eth0', C, S, { protocol, payload: 20 }),
      packet('eth1', S, C, { protocol, payload: 16 }),
      packet('eth0', C, S, { protocol, payload: 16 }),
    ]),
  ),
  fact('3.12', 'broadcasts and groups are connections like any other', { nat: ASKED, ...TRACKED }, [
    ...[1, 2].map(() => broadcast(udp('eth0', C, '10.90.1.255'))),
    ...[1, 2].map(() => broadcast(udp('eth0', C, '255.255.255.255'))),
    ...[1, 2].map(() => to(0x01005e000001, udp('eth0', C, '224.0.0.1'))),
  ]),
  fact(
    '3.13',
    'the conntrack match reads the entry, in both directions',
    {
      nat: [
        MASQUERADE,
        '-A PREROUTING -d 10.90.1.1/32 -p tcp --dport 8080 -j DNAT --to-destination 10.90.2.2:80',
      ],
      mangle: [
        '--ctstate DNAT',
        '--ctstate SNAT',
        '--ctstate SNAT,NEW',
        '--ctorigdst 10.90.1.1',
        '--ctorigdstport 8080',
        '--ctorigsrc 10.90.1.2',
        '--ctreplsrc 10.90.2.2',
        '--ctrepldst 10.90.2.1',
        '--ctrepldstport 4000',
        '--ctreplsrcport 80',
        '--ctstatus SEEN_REPLY',
        '--ctstatus CONFIRMED',
        '--ctstatus ASSURED',
        '! --ctstatus ASSURED',
        '--ctdir REPLY',
      ].flatMap((words) =>
        ['PREROUTING', 'FORWARD', 'POSTROUTING'].map((chain) => `-A ${chain} -m conntrack ${words}`),
      ),
    },
    [
      tcp('eth0', C, HOST, [4000, 8080], 2, 1),
      tcp('eth1', S, UPLINK, [80, 4000], 18, 9, 2),
      tcp('eth0', C, HOST, [4000, 8080], 16, 2, 10),
      tcp('eth0', C, HOST, [4000, 8080], 24, 2, 10, { payload: 5 }),
      ...[udp('eth0', C, B), udp('p0', B, C, 2000, 1000)],
    ],
  ),
  fact(
    '3.13',
    'a status of NONE never holds, and its opposite for all that is tracked',
    {
      raw: ['-A PREROUTING -p udp --dport 9 -j CT --notrack'],
      mangle: ['-A PREROUTING -m conntrack --ctstatus NONE', '-A PREROUTING -m conntrack ! --ctstatus NONE'],
    },
    [udp('eth0', C, S), udp('eth1', S, C, 2000, 1000), udp('eth0', C, S, 5, 9), c(18, 1, 1)],
  ),
  fact(
    '3.14',
    'a zone given to what arrives is not that of the answers sent',
    { raw: ['-A PREROUTING -i eth0 -j CT --zone 1'], ...TRACKED },
    [udp('eth0', C, HOST, 5, 6), udp('local', HOST, C, 6, 5), udp('eth0', C, HOST, 5, 6)],
  ),
  fact(
    '3.15',
    'connbytes counts the packet itself, and each direction',
    {
      filter: ['original', 'reply', 'both'].flatMap((way) => [
        `-A FORWARD -m connbytes --connbytes 2 --connbytes-mode packets --connbytes-dir ${way}`,
        `-A FORWARD -m connbytes --connbytes 72 --connbytes-mode bytes --connbytes-dir ${way}`,
        `-A FORWARD -m connbytes --connbytes 36 --connbytes-mode avgpkt --connbytes-dir ${way}`,
      ]),
    },
    [...[1, 2, 3].map(() => udp('eth0', C, S)), ...[1, 2].map(() => udp('eth1', S, C, 2000, 1000))],
  ),
  fact('3.7', 'a packet to the socket that sent it: the entry is found as its own reply', TRACKED, [
    ...[1, 2, 3].map(() => udp('eth0', '10.90.2.9', '10.90.2.9', 7, 7)),
    ...[2, 2, 18, 16].map((flags) => tcp('eth0', '10.90.2.9', '10.90.2.9', [7, 7], flags, 5, 6)),
    ...[1, 2].map(() => packet('eth0', '10.90.2.9', '10.90.2.9', { protocol: 50 })),
  ]),
];

const translation: readonly Fact[] = [
  fact(
    '4.1',
    'REDIRECT goes to the first address of where the packet came in',
    {
      nat: [
        '-A PREROUTING -p udp --dport 53 -j REDIRECT --to-ports 5353',
        '-A OUTPUT -p udp --dport 53 -j REDIRECT',
      ],
      ...TRACKED,
    },
    [
      ...[udp('eth0', C, S, 5, 53), udp('eth0', C, UPLINK, 6, 53), udp('p0', B, S, 5, 53)],
      ...[udp('local', HOST, S, 5, 53), udp('local', 'fd90:1::1', S6, 5, 53)],
      ...[udp('eth0', C6, S6, 5, 53), udp('eth1', S, C, 5, 53)],
    ],
    {
      settings: ['ip addr add 10.90.1.50/24 dev eth0', 'ip addr del 10.90.2.1/24 dev eth1'],
      six: {
        nat: [
          '-A PREROUTING -p udp --dport 53 -j REDIRECT --to-ports 5353',
          '-A OUTPUT -p udp --dport 53 -j REDIRECT',
        ],
      },
    },
  ),
  fact(
    '4.2',
    'MASQUERADE takes the address of the next hop’s subnet, not that of the route',
    { nat: [MASQUERADE], ...TRACKED },
    [
      ...[udp('eth0', C, '10.90.22.2'), udp('eth0', C, '10.92.1.1'), udp('eth0', C, S)],
      udp('local', '10.90.2.200', S, 77, 78),
    ],
    {
      settings: [
        'ip addr add 10.90.22.1/24 dev eth1',
        'ip addr add 10.90.2.200/24 dev eth1',
        'ip neigh add 10.90.22.2 lladdr 02:aa:00:00:00:02 dev eth1 nud permanent',
        'ip route add 10.92.0.0/16 via 10.90.22.2 src 10.90.2.200',
      ],
    },
  ),
  fact(
    '4.3',
    'OUTPUT keeps the interface of the first route, POSTROUTING has that of the second',
    {
      mangle: [
        '-A OUTPUT -p udp --dport 9 -j MARK --set-mark 1',
        ...['eth0', 'eth1'].map((device) => `-A POSTROUTING -o ${device}`),
      ],
      nat: [
        '-A OUTPUT -d 10.90.2.77/32 -j DNAT --to-destination 10.90.1.2',
        ...['eth0', 'eth1'].map((device) => `-A POSTROUTING -o ${device}`),
      ],
      filter: ['eth0', 'eth1'].map((device) => `-A OUTPUT -o ${device}`),
      security: ['eth0', 'eth1'].map((device) => `-A OUTPUT -o ${device}`),
    },
    [udp('local', UPLINK, '10.90.2.77'), udp('local', UPLINK, S, 5, 9)],
    {
      settings: [
        'ip rule add fwmark 1 lookup 100 pref 100',
        'ip route add default via 10.90.1.2 dev eth0 table 100',
      ],
    },
  ),
  ...([0, 1] as const).map((localnet) =>
    fact(
      '4.4',
      `from 127.0.0.1 to elsewhere by DNAT, route_localnet=${localnet}`,
      {
        nat: [
          '-A OUTPUT -d 127.0.0.1/32 -p udp --dport 53 -j DNAT --to-destination 10.90.3.2:53',
          '-A POSTROUTING -o br0 -m addrtype --src-type LOCAL -j MASQUERADE',
        ],
        ...TRACKED,
      },
      [udp('local', '127.0.0.1', '127.0.0.1', 5, 53), udp('local', '127.0.0.1', '127.0.0.1', 5, 53)],
      { settings: [`sysctl -qw net.ipv4.conf.br0.route_localnet=${localnet}`] },
    ),
  ),
  ...['all=0 eth0=0', 'all=0 eth0=1', 'all=1 eth0=0'].map((words) =>
    fact(
      '4.5',
      `DNAT to 127.0.0.1 of what arrives, route_localnet ${words}`,
      { nat: ['-A PREROUTING -p udp --dport 54 -j DNAT --to-destination 127.0.0.1'], ...TRACKED },
      [
        ...[udp('eth0', C, HOST, 5, 54), udp('eth1', S, UPLINK, 5, 54)],
        ...[udp('eth0', C, '127.0.0.1', 5, 55), udp('eth0', '127.0.0.2', HOST, 5, 55)],
      ],
      {
        settings: words
          .split(' ')
          .map((word) => word.split('='))
          .map(([device, value]) => `sysctl -qw net.ipv4.conf.${device}.route_localnet=${value}`),
      },
    ),
  ),
  fact(
    '4.6',
    'addresses of a range are chosen by source and destination, or by source alone',
    {
      nat: [
        '-A PREROUTING -p udp --dport 55 -j DNAT --to-destination 10.90.2.2-10.90.2.9',
        '-A PREROUTING -p udp --dport 56 -j DNAT --to-destination 10.90.2.2-10.90.2.9 --persistent',
        '-A POSTROUTING -o eth1 -p tcp -j SNAT --to-source 10.90.2.100-10.90.2.120',
        '-A POSTROUTING -o eth1 -p icmp -j SNAT --to-source 10.90.2.100-10.90.2.120 --persistent',
      ],
    },
    [
      ...[2, 3, 4].flatMap((host) => [
        udp('eth0', `10.90.1.${host}`, HOST, 1000 + host, 55),
        udp('eth0', `10.90.1.${host}`, '8.8.8.8', 1000, 55),
        udp('eth0', `10.90.1.${host}`, HOST, 1000, 56),
        udp('eth0', `10.90.1.${host}`, '8.8.8.8', 1000, 56),
        tcp('eth0', `10.90.1.${host}`, S, [1000, 80], 2),
        tcp('eth0', `10.90.1.${host}`, '8.8.8.8', [1000, 80], 2),
        tcp('eth0', `10.90.1.${host}`, '8.8.4.4', [1001, 80], 2),
        icmp('eth0', `10.90.1.${host}`, S),
        icmp('eth0', `10.90.1.${host}`, '8.8.8.8'),
      ]),
    ],
  ),
  fact(
    '4.7',
    'a range of destination ports: the own one, else the first whose reply is free',
    { nat: ['-A PREROUTING -p tcp -j DNAT --to-destination 10.90.2.2:7000-7001'] },
    [
      ...[9000, 7001, 9001, 9002].map((port) => tcp('eth0', C, HOST, [5, port], 2)),
      ...[9000, 7001].map((port) => tcp('eth0', C2, HOST, [5, port], 2)),
    ],
  ),
  fact(
    '4.8',
    'a source keeps its port while the reply is free; one port alone for two drops',
    {
      nat: [
        '-A POSTROUTING -o eth1 -p udp -j SNAT --to-source 10.90.2.10:5000',
        '-A POSTROUTING -o eth1 -p tcp -j SNAT --to-source 10.90.2.10',
        '-A POSTROUTING -o eth1 -p icmp -j SNAT --to-source 10.90.2.10',
      ],
      mangle: ['-A POSTROUTING'],
    },
    [
      ...[udp('eth0', C, S, 5, 1), udp('eth0', C, S, 6, 1), udp('eth0', C, S, 6, 2)],
      ...[C, C2].map((from) => tcp('eth0', from, S, [5, 2], 2)),
      tcp('eth0', C2, S, [5, 3], 2),
      ...[C, C2].map((from) => icmp('eth0', from, S)),
    ],
  ),
  fact(
    '4.9',
    'a reply that is taken gives another source port without any rule for it',
    { nat: ['-A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 10.90.2.2:80'] },
    [tcp('eth0', C, HOST, [5000, 8080], 2), tcp('eth0', C, S, [5000, 80], 2)],
  ),
  fact(
    '4.10',
    'NETMAP keeps the bits of the host',
    {
      nat: [
        '-A PREROUTING -d 10.95.0.0/16 -j NETMAP --to 10.90.0.0/16',
        '-A POSTROUTING -o eth1 -s 10.90.1.0/24 -j NETMAP --to 10.96.7.0/24',
      ],
    },
    [udp('eth0', C, '10.95.2.2'), udp('eth1', S, '10.96.7.2', 2000, 1000), udp('eth0', C2, S)],
  ),
  fact(
    '4.11',
    'where each packet shows which of its addresses',
    {
      ...Object.fromEntries(
        (['raw', 'mangle', 'filter'] as const).map((table) => [
          table,
          ['PREROUTING', 'FORWARD', 'POSTROUTING']
            .filter((chain) => table !== 'filter' || chain === 'FORWARD')
            .filter((chain) => table !== 'raw' || chain === 'PREROUTING')
            .flatMap((chain) =>
              [C, S, HOST, UPLINK].flatMap((address) => [
                `-A ${chain} -s ${address}/32`,
                `-A ${chain} -d ${address}/32`,
              ]),
            ),
        ]),
      ),
      nat: [MASQUERADE, '-A PREROUTING -d 10.90.1.1/32 -p udp --dport 53 -j DNAT --to-destination 10.90.2.2'],
    },
    [
      ...[udp('eth0', C, S), udp('eth1', S, UPLINK, 2000, 1000), udp('eth0', C, S)],
      ...[udp('eth0', C, HOST, 7, 53), udp('eth1', S, UPLINK, 53, 7), udp('eth0', C, HOST, 7, 53)],
    ],
  ),
  fact(
    '4.12',
    'SNAT in INPUT comes behind the filter, and an answer is turned back before it',
    {
      nat: ['-A INPUT -p udp --dport 99 -j SNAT --to-source 10.90.1.77'],
      filter: [C, '10.90.1.77'].flatMap((address) => [
        `-A INPUT -s ${address}/32`,
        `-A OUTPUT -d ${address}/32`,
      ]),
      mangle: [C, '10.90.1.77'].map((address) => `-A OUTPUT -d ${address}/32`),
    },
    [udp('eth0', C, HOST, 5, 99), udp('local', HOST, '10.90.1.77', 99, 5), udp('eth0', C, HOST, 5, 99)],
  ),
];

const PIECES = (flag: string): Tables => ({
  raw: ['-A PREROUTING', `-A PREROUTING ${flag}`, '-A PREROUTING -p udp', '-A PREROUTING -p udp --dport 6'],
  filter: ['INPUT', 'FORWARD'].flatMap((chain) => [
    ...[`-A ${chain}`, `-A ${chain} ${flag}`, `-A ${chain} -p udp`, `-A ${chain} -p udp --dport 6`],
    `-A ${chain} -m length --length 92`,
  ]),
});
const FRAG6 = '-m frag --fragid 0:4294967295';
const tracked = (pieces: Tables): Tables => ({ ...pieces, mangle: states('PREROUTING') });

const fragments: readonly Fact[] = [
  fact('7.1', 'untracked fragments pass one by one, and are joined for the host before INPUT', PIECES('-f'), [
    ...halves('eth0', C, S, 72),
    ...halves('eth0', C, HOST, 73),
  ]),
  fact('7.2', 'tracked fragments pass as one, and leave as they were cut', tracked(PIECES('-f')), [
    ...halves('eth0', C, S, 74),
    ...halves('eth0', C, HOST, 75),
    ...halves('eth0', C, S, 76).reverse(),
    halves('eth0', C, S, 77)[0],
  ]),
  fact(
    '7.2',
    'CT --notrack comes too late to keep fragments apart',
    {
      ...PIECES('-f'),
      raw: ['-A PREROUTING -f', '-A PREROUTING -j CT --notrack'],
      mangle: states('PREROUTING'),
    },
    halves('eth0', C, S, 78),
  ),
  fact(
    '7.3',
    'an untracked IPv6 fragment passes by itself, INPUT too',
    { filter: [] },
    [firstOf6(FORWARDED6, 79), firstOf6(DELIVERED6, 80)],
    { six: PIECES(FRAG6) },
  ),
  fact(
    '7.3',
    'a tracked IPv6 fragment passes no chain until the others are there',
    { filter: [] },
    [firstOf6(FORWARDED6, 81), firstOf6(DELIVERED6, 82)],
    { six: tracked(PIECES(FRAG6)) },
  ),
];

export const conntrackFacts: readonly Fact[] = [...tracking, ...translation, ...fragments];
