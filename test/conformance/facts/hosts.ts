/** Whole networks: a host, its containers and who is outside; what becomes of a packet that somebody's setting is in the way of. */
import { buildSkb, type SkbSpec } from '../../../src/skb/build.ts';
import type { TableName } from '../../../src/xtables/rule.ts';
import type { Rules, Stimulus } from '../case.ts';
import type { Fact } from '../facts.ts';
import { ipv4, ipv6, type Octets, skbOfOctets, u16, u32, zeros } from '../generate/octets.ts';
import { address } from '../generate/packets.ts';
import { HOSTS } from '../networks/hosts.ts';
import { ROUTER } from '../networks/router.ts';
import { tableText } from '../profiles/matches.ts';

const OUT = '10.92.1.2';
const LAN = '10.92.2.2';
const UPLINK = '10.92.1.1';
const BRIDGE = '10.92.3.1';
const WEB = '10.92.3.2';
const DB = '10.92.3.3';
const FAR = '203.0.113.9';

type Name = 'host' | 'web' | 'db';
type On = 'out' | 'lan' | `local:${Name}`;
type More = Partial<SkbSpec>;
type Tables = Partial<Readonly<Record<TableName, readonly string[]>>>;
interface Around {
  readonly rules?: Partial<Readonly<Record<Name, Tables>>>;
  readonly nft?: string;
  readonly settings?: Partial<Readonly<Record<Name, readonly string[]>>>;
}

const send = (on: On, source: string, destination: string, more: More): Stimulus => ({
  on,
  skb: buildSkb({ source: address(source), destination: address(destination), protocol: 17, ...more }),
});
const udp = (on: On, source: string, destination: string, sport: number, dport: number, more: More = {}) =>
  send(on, source, destination, { sourcePort: sport, destinationPort: dport, payload: 8, ...more });
const SYN = 2;
const tcp = (on: On, source: string, destination: string, sport: number, dport: number, more: More = {}) =>
  send(on, source, destination, {
    protocol: 6,
    sourcePort: sport,
    destinationPort: dport,
    tcpFlags: SYN,
    tcpSequence: 1000,
    payload: 0,
    ...more,
  });
const ping = (on: On, source: string, destination: string, more: More = {}) =>
  send(on, source, destination, { protocol: 1, icmpId: 7, payload: 8, ...more });
const inBroadcast = ({ on, skb }: Stimulus): Stimulus => ({
  on,
  skb: { ...skb, etherDestination: 0xffffffffffff },
});
const OUT4 = 0x0a5c0102;
const LAN4 = 0x0a5c0202;
/** As it is, from outside. */
const octets = (bytes: Octets): Stimulus => ({ on: 'out', skb: skbOfOctets(bytes) });
const times = (count: number, each: Stimulus): Stimulus[] => Array.from({ length: count }, () => each);

function fact(
  about: string,
  name: string,
  { rules = {}, nft, settings = {} }: Around,
  stimuli: readonly Stimulus[],
): Fact {
  const texts = Object.entries(rules).map(([namespace, tables]): [string, Rules] => [
    namespace,
    {
      ip4: Object.entries(tables)
        .map(([table, lines]) => tableText(table as TableName, lines))
        .join(''),
      ...(namespace === 'host' && nft !== undefined ? { nft } : {}),
    },
  ]);
  return { about, name, network: HOSTS, rules: Object.fromEntries(texts), settings, stimuli };
}

const sysctl = (...settings: readonly string[]): string[] => settings.map((each) => `sysctl -qw net.${each}`);
/** Every chain of these counts what passes. */
const SEEN: Tables = { mangle: ['-A PREROUTING', '-A INPUT', '-A FORWARD', '-A OUTPUT', '-A POSTROUTING'] };
const LOCAL = '-m addrtype --dst-type LOCAL';
const TO_WEB = '-p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.92.3.2:80';
const MASQUERADE = '-A POSTROUTING -s 10.92.3.0/24 ! -o br0 -j MASQUERADE';
const PUBLISHED: Tables = {
  ...SEEN,
  nat: [`-A PREROUTING ${LOCAL} ${TO_WEB}`, `-A OUTPUT ! -d 127.0.0.0/8 ${LOCAL} ${TO_WEB}`, MASQUERADE],
};
const OWN_PORT: Tables = {
  ...PUBLISHED,
  nat: [
    ...(PUBLISHED.nat ?? []),
    '-A POSTROUTING -s 10.92.3.2/32 -d 10.92.3.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE',
  ],
};

/** The address of lo comes with its being up for the first time, and stays. */
const NEVER_UP = ['ip link set lo down', 'ip addr flush dev lo'];

const routing: readonly Fact[] = [
  fact(
    '10.1',
    'forwarding off behind DNAT: the rule counts every SYN, no connection stays, nobody answers',
    { rules: { host: PUBLISHED }, settings: { host: sysctl('ipv4.ip_forward=0') } },
    times(3, tcp('out', OUT, UPLINK, 4000, 8080)),
  ),
  fact(
    '10.2',
    'without the DNAT rule the same request is for the host, forwarding or not',
    { rules: { host: { ...SEEN, nat: [MASQUERADE] } }, settings: { host: sysctl('ipv4.ip_forward=0') } },
    times(2, tcp('out', OUT, UPLINK, 4000, 8080)),
  ),
  fact(
    '10.3',
    'forwarding of the interface that a packet came in by decides, against ip_forward, not that of the other',
    { rules: { host: SEEN }, settings: { host: sysctl('ipv4.conf.eth0.forwarding=0') } },
    [udp('out', OUT, LAN, 5, 6), udp('lan', LAN, OUT, 6, 5), udp('local:web', WEB, OUT, 7, 8)],
  ),
  fact(
    '10.4',
    'an address without a prefix: the request arrives, the answer has no route',
    {
      rules: { host: SEEN, web: SEEN },
      settings: {
        web: ['ip route flush table main', 'ip addr flush dev eth0', 'ip addr add 10.92.3.2/32 dev eth0'],
      },
    },
    [
      ping('out', OUT, WEB),
      udp('out', OUT, WEB, 5, 6),
      ping('local:db', DB, WEB),
      ping('local:web', WEB, DB),
    ],
  ),
  fact(
    '10.5',
    'no default route: a sender sends nothing; a router refuses from the address it was reached by',
    {
      rules: { host: SEEN, web: SEEN },
      settings: { host: ['ip route del default'], web: ['ip route del default'] },
    },
    [
      udp('local:web', WEB, FAR, 5, 6),
      udp('local:db', DB, FAR, 5, 6),
      udp('lan', LAN, FAR, 5, 6),
      udp('local:host', UPLINK, FAR, 5, 6),
    ],
  ),
  fact(
    '10.6',
    'a bridge without an address: what the host sends to the container leaves by the default route',
    { rules: { host: SEEN }, settings: { host: ['ip addr flush dev br0'] } },
    [ping('local:host', UPLINK, WEB), ping('lan', LAN, WEB)],
  ),
  fact(
    '10.7',
    'a source address of the receiver itself is ignored, whatever rp_filter says',
    { rules: { host: SEEN }, settings: { host: sysctl('ipv4.conf.all.rp_filter=0') } },
    [
      udp('out', UPLINK, BRIDGE, 5, 6),
      udp('out', BRIDGE, UPLINK, 5, 6),
      udp('local:web', UPLINK, BRIDGE, 5, 6),
    ],
  ),
  fact(
    '10.9',
    'DNAT to 127.0.0.1 of what arrives is a martian',
    {
      rules: {
        host: { ...SEEN, nat: ['-A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 127.0.0.1:80'] },
      },
    },
    [...times(2, tcp('out', OUT, UPLINK, 4000, 8080)), tcp('local:web', WEB, UPLINK, 4000, 8080)],
  ),
  fact(
    '10.9',
    'DNAT to 127.0.0.1 arrives with route_localnet of the interface it came in by',
    {
      rules: {
        host: { ...SEEN, nat: ['-A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 127.0.0.1:80'] },
      },
      settings: { host: sysctl('ipv4.conf.eth0.route_localnet=1') },
    },
    [tcp('out', OUT, UPLINK, 4000, 8080), tcp('lan', LAN, UPLINK, 4000, 8080)],
  ),
  fact(
    '10.9',
    'DNAT of 127.0.0.1 to a container ends in OUTPUT; the rule counts',
    { rules: { host: { ...SEEN, nat: [`-A OUTPUT -d 127.0.0.1/32 ${TO_WEB}`] } } },
    times(2, tcp('local:host', '127.0.0.1', '127.0.0.1', 4000, 8080)),
  ),
  fact(
    '10.9',
    'DNAT of 127.0.0.1 to a container leaves with route_localnet of the bridge, and needs MASQUERADE',
    {
      rules: {
        host: {
          ...SEEN,
          nat: [`-A OUTPUT -d 127.0.0.1/32 ${TO_WEB}`, '-A POSTROUTING -o br0 -j MASQUERADE'],
        },
      },
      settings: { host: sysctl('ipv4.conf.br0.route_localnet=1') },
    },
    [tcp('local:host', '127.0.0.1', '127.0.0.1', 4000, 8080)],
  ),
  fact(
    '10.10',
    'blackhole is silent; an unreachable route answers 3/1, an unreachable rule 3/0, prohibit 3/13 as either',
    {
      rules: { host: SEEN },
      settings: {
        host: [
          ...['blackhole', 'unreachable', 'prohibit'].flatMap((type, i) => [
            `ip route add ${type} 198.51.100.${i}/32`,
            `ip rule add to 203.0.113.${i} ${type}`,
          ]),
        ],
      },
    },
    [0, 1, 2].flatMap((i) => [
      udp('local:web', WEB, `198.51.100.${i}`, 5, 6),
      udp('local:db', DB, `203.0.113.${i}`, 5, 6),
      udp('lan', LAN, `203.0.113.${i}`, 5, 6),
    ]),
  ),
  fact(
    '10.11',
    'a loop: the packet comes round until its TTL is used up',
    {
      rules: { host: { mangle: ['-A PREROUTING -d 198.51.100.0/24'] } },
      settings: { host: ['ip route add 198.51.100.0/24 via 10.92.3.2'], web: sysctl('ipv4.ip_forward=1') },
    },
    [tcp('out', OUT, '198.51.100.1', 4000, 80)],
  ),
  fact(
    '10.12',
    'a mark set in PREROUTING routes the packet, one set in FORWARD does not',
    {
      rules: {
        host: {
          mangle: [
            '-A PREROUTING -p udp --dport 1 -j MARK --set-xmark 0x1/0xffffffff',
            '-A FORWARD -p udp --dport 2 -j MARK --set-xmark 0x1/0xffffffff',
            '-A POSTROUTING -m mark --mark 0x1',
          ],
        },
      },
      settings: { host: ['ip rule add fwmark 1 lookup 100', 'ip route add default via 10.92.2.2 table 100'] },
    },
    [udp('local:web', WEB, FAR, 5, 1), udp('local:web', WEB, FAR, 5, 2)],
  ),
  fact(
    '10.13',
    'lo down again: 127.0.0.1 and the own address are sent to and lost, without an error; others reach the address',
    { rules: { web: SEEN }, settings: { web: ['ip link set lo down'] } },
    [
      udp('local:web', '127.0.0.1', '127.0.0.1', 5, 6),
      udp('local:web', WEB, WEB, 5, 6),
      ping('out', OUT, WEB),
      udp('local:db', DB, WEB, 5, 6),
    ],
  ),
  fact(
    '10.13',
    'lo never up: 127.0.0.1 takes the default route and is a martian there',
    { rules: { host: SEEN, web: SEEN }, settings: { web: NEVER_UP } },
    [udp('local:web', WEB, '127.0.0.1', 5, 6), udp('local:web', WEB, WEB, 5, 6), ping('out', OUT, WEB)],
  ),
  fact(
    '10.13',
    'lo never up, no default route: 127.0.0.1 has no route at all, the own address is sent to and lost',
    { rules: { web: SEEN }, settings: { web: [...NEVER_UP, 'ip route del default'] } },
    [
      udp('local:web', '127.0.0.1', '127.0.0.1', 5, 6),
      udp('local:web', WEB, WEB, 5, 6),
      ping('local:db', DB, WEB),
    ],
  ),
];

const links: readonly Fact[] = [
  fact(
    '10.14',
    'a port out of its bridge: requests are routed and translated, answers go onto the bridge and are lost',
    {
      rules: { host: PUBLISHED },
      settings: { host: ['ip link set vweb nomaster', `ip link set vweb address 02:bb:00:00:00:23`] },
    },
    [udp('local:web', WEB, OUT, 5, 6), udp('out', OUT, UPLINK, 6, 5)],
  ),
  fact(
    '10.16',
    'isolated ports: nothing between them, both reach the address of the bridge',
    {
      rules: { host: SEEN },
      settings: { host: ['vweb', 'vdb'].map((port) => `bridge link set dev ${port} isolated on`) },
    },
    [
      ping('local:web', WEB, DB),
      ping('local:db', DB, WEB),
      ping('local:web', WEB, BRIDGE),
      ping('local:db', DB, BRIDGE),
    ],
  ),
  fact(
    '10.18',
    'bridge-nf is on in a new namespace: what two ports exchange passes FORWARD from the bridge to the bridge',
    {
      rules: {
        host: { filter: ['-A FORWARD -i br0 -o br0', '-A FORWARD -i vweb', '-A FORWARD -p udp -j DROP'] },
      },
    },
    [ping('local:web', WEB, DB), udp('local:db', DB, WEB, 5, 6)],
  ),
  fact(
    '10.18',
    'bridge-nf off in a container changes nothing for the bridge of the host',
    {
      rules: { host: { filter: ['-A FORWARD -p udp -j DROP'] } },
      settings: { web: sysctl('bridge.bridge-nf-call-iptables=0') },
    },
    [ping('local:web', WEB, DB), udp('local:db', DB, WEB, 5, 6)],
  ),
  fact(
    '10.18',
    'bridge-nf off in the host: no chain sees what two ports exchange',
    {
      rules: { host: { filter: ['-A FORWARD -p udp -j DROP'] } },
      settings: { host: sysctl('bridge.bridge-nf-call-iptables=0') },
    },
    [udp('local:db', DB, WEB, 5, 6), udp('local:db', DB, OUT, 5, 6)],
  ),
  ...(
    [
      [
        'the own published port with bridge-nf and without hairpin: translated at the port, and lost',
        true,
        false,
      ],
      ['the own published port with bridge-nf and hairpin: comes back', true, true],
      ['the own published port without bridge-nf: routed, so no hairpin is needed', false, false],
    ] as const
  ).map(([name, filtered, hairpin]) =>
    fact(
      '10.19',
      name,
      {
        rules: { host: OWN_PORT, web: SEEN },
        settings: {
          host: [
            ...(filtered ? [] : sysctl('bridge.bridge-nf-call-iptables=0')),
            ...(hairpin ? ['bridge link set dev vweb hairpin on'] : []),
          ],
        },
      },
      [tcp('local:web', WEB, UPLINK, 4000, 8080), tcp('local:db', DB, UPLINK, 4000, 8080)],
    ),
  ),
  fact(
    '10.20',
    'a promiscuous bridge, as a capture makes it, gets copies of what hairpin turns back',
    {
      rules: { host: OWN_PORT, web: SEEN },
      settings: { host: ['bridge link set dev vweb hairpin on', 'ip link set br0 promisc on'] },
    },
    [tcp('local:web', WEB, UPLINK, 4000, 8080)],
  ),
  fact(
    '10.21',
    'a veth whose ends have different MTUs loses the large packet without a word',
    { rules: { host: SEEN, web: SEEN }, settings: { web: ['ip link set eth0 mtu 9000'] } },
    [ping('local:web', WEB, BRIDGE, { payload: 4000 }), ping('local:web', WEB, BRIDGE, { payload: 1400 })],
  ),
];

const tracking: readonly Fact[] = [
  fact(
    '10.23',
    'a flow whose first packet MASQUERADE did not apply to stays untranslated; a new one beside it is translated',
    { rules: { host: { ...SEEN, nat: ['-A POSTROUTING -o eth0 -m length --length 40 -j MASQUERADE'] } } },
    [
      udp('local:web', WEB, OUT, 5, 6),
      ...times(2, udp('local:web', WEB, OUT, 5, 6, { payload: 12 })),
      udp('local:web', WEB, OUT, 7, 6, { payload: 12 }),
    ],
  ),
  fact(
    '10.24',
    'a UDP entry made before DNAT applied keeps its own destination',
    {
      rules: {
        host: {
          ...SEEN,
          nat: ['-A PREROUTING -p udp --dport 53 -m length --length 40 -j DNAT --to-destination 10.92.3.2'],
        },
      },
    },
    [
      udp('out', OUT, UPLINK, 5, 53),
      udp('out', OUT, UPLINK, 5, 53, { payload: 12 }),
      udp('out', OUT, UPLINK, 6, 53, { payload: 12 }),
    ],
  ),
  fact(
    '10.25',
    'what is not tracked passes MASQUERADE with its private source',
    {
      rules: {
        host: {
          ...SEEN,
          raw: ['-A PREROUTING -p udp --dport 6 -j CT --notrack'],
          nat: ['-A POSTROUTING', MASQUERADE],
        },
      },
    },
    [...times(2, udp('local:web', WEB, OUT, 5, 6)), udp('local:web', WEB, OUT, 5, 7)],
  ),
  fact(
    '10.26',
    'nat rules count connections, filter rules packets, policies what no rule took',
    { rules: { host: { filter: ['-A FORWARD', '-A FORWARD -p icmp -j ACCEPT'], nat: [MASQUERADE] } } },
    [
      ...times(3, udp('local:web', WEB, OUT, 5, 6)),
      udp('out', OUT, UPLINK, 6, 5),
      ...times(2, ping('local:web', WEB, OUT)),
    ],
  ),
  fact(
    '10.27a',
    'a published connection nobody remembers: what the server sends is a new one, and leaves with its own port',
    { rules: { host: PUBLISHED } },
    [
      tcp('local:web', WEB, OUT, 80, 4000, { tcpFlags: 24, tcpAcknowledgement: 2000, payload: 10 }),
      tcp('out', OUT, UPLINK, 4000, 80, { tcpFlags: 4, tcpSequence: 2000 }),
      tcp('out', OUT, UPLINK, 4000, 8080, { tcpFlags: 16, tcpSequence: 2000, tcpAcknowledgement: 1010 }),
    ],
  ),
  fact(
    '10.28',
    'nftables and iptables stand on one hook: ACCEPT in one does not end the other',
    {
      rules: { host: { filter: ['-A FORWARD -p udp -j ACCEPT'] } },
      nft: 'table ip own {\n chain forward {\n  type filter hook forward priority 10; policy accept;\n  udp dport 6 counter drop\n }\n}',
    },
    [udp('out', OUT, LAN, 5, 6), udp('out', OUT, LAN, 5, 7)],
  ),
  fact(
    '10.29',
    'OUTPUT DROP: nothing leaves',
    { rules: { web: { ...SEEN, filter: ['-A OUTPUT -p tcp -j DROP'] } } },
    [...times(2, tcp('local:web', WEB, OUT, 4000, 80)), ping('local:web', WEB, OUT)],
  ),
];

const docker: readonly Fact[] = [
  fact(
    '10.32',
    'an internal network has a default route; its packets die on the host',
    {
      rules: {
        host: {
          filter: [
            ':DOCKER-ISOLATION-STAGE-1 - [0:0]',
            '-A FORWARD -j DOCKER-ISOLATION-STAGE-1',
            '-A DOCKER-ISOLATION-STAGE-1 ! -s 10.92.3.0/24 -o br0 -j DROP',
            '-A DOCKER-ISOLATION-STAGE-1 ! -d 10.92.3.0/24 -i br0 -j DROP',
            '-A DOCKER-ISOLATION-STAGE-1 -j RETURN',
          ],
        },
      },
    },
    [
      udp('local:web', WEB, OUT, 5, 6),
      udp('lan', LAN, WEB, 5, 6),
      ping('local:web', WEB, DB),
      ping('local:web', WEB, BRIDGE),
    ],
  ),
  fact(
    '10.34',
    'the chain of published ports returns for its own bridge: a container goes to the host itself',
    {
      rules: {
        host: {
          ...SEEN,
          nat: [
            ':DOCKER - [0:0]',
            `-A PREROUTING ${LOCAL} -j DOCKER`,
            `-A OUTPUT ! -d 127.0.0.0/8 ${LOCAL} -j DOCKER`,
            MASQUERADE,
            '-A DOCKER -i br0 -j RETURN',
            `-A DOCKER ! -i br0 ${TO_WEB}`,
          ],
        },
      },
    },
    [
      tcp('local:db', DB, UPLINK, 4000, 8080),
      tcp('local:web', WEB, BRIDGE, 4000, 8080),
      tcp('out', OUT, UPLINK, 4000, 8080),
      tcp('local:host', UPLINK, UPLINK, 4000, 8080),
    ],
  ),
  fact(
    '10.34',
    'INPUT that drops breaks that way for containers, not for those outside',
    {
      rules: {
        host: {
          nat: [
            ':DOCKER - [0:0]',
            `-A PREROUTING ${LOCAL} -j DOCKER`,
            '-A DOCKER -i br0 -j RETURN',
            `-A DOCKER ! -i br0 ${TO_WEB}`,
          ],
          filter: ['-A INPUT -p tcp -j DROP'],
        },
      },
    },
    [tcp('local:db', DB, UPLINK, 4000, 8080), tcp('out', OUT, UPLINK, 4000, 8080)],
  ),
  fact(
    '10.36',
    'a port published on 127.0.0.1: those outside are refused by the host',
    { rules: { host: { ...SEEN, nat: [`-A PREROUTING -d 127.0.0.1/32 ! -i br0 ${TO_WEB}`] } } },
    [tcp('out', OUT, UPLINK, 4000, 8080), tcp('local:web', WEB, UPLINK, 4000, 8080)],
  ),
  fact(
    '10.40',
    'ICMP errors to one receiver are limited, echo replies are not',
    {
      rules: { host: SEEN },
      settings: { host: sysctl('ipv4.icmp_ratelimit=1000', 'ipv4.icmp_ratemask=6168') },
    },
    [
      ...Array.from({ length: 12 }, (_, i) => udp('out', OUT, UPLINK, 5, 6 + i)),
      ...Array.from({ length: 9 }, (_, i) => ping('out', OUT, UPLINK, { icmpSequence: i })),
      udp('lan', LAN, UPLINK, 5, 6),
    ],
  ),
  fact(
    '10.44',
    'an answer from another address than was asked is refused by the client',
    {
      rules: {
        host: SEEN,
        web: {
          ...SEEN,
          filter: ['-A INPUT -m conntrack --ctstate NEW', '-A INPUT -m conntrack --ctstate ESTABLISHED'],
        },
      },
    },
    [udp('local:web', WEB, UPLINK, 5, 53), udp('local:host', BRIDGE, WEB, 53, 5)],
  ),
];

const ALL: Tables = {
  raw: ['-A PREROUTING', '-A OUTPUT'],
  mangle: SEEN.mangle ?? [],
  nat: [
    '-A PREROUTING',
    '-A INPUT',
    '-A OUTPUT',
    '-A POSTROUTING',
    '-A POSTROUTING -s 1.2.3.4/32 -j MASQUERADE',
  ],
  filter: ['-A INPUT', '-A FORWARD', '-A OUTPUT'],
  security: ['-A INPUT', '-A FORWARD', '-A OUTPUT'],
};

/** A host of the router's networks. */
const SIX = (network: number): bigint => (0xfd90n << 112n) | (BigInt(network) << 96n) | 2n;
const DATAGRAM: Octets = [...u16(1000), ...u16(53), ...u16(13), ...u16(0), ...zeros(5)];

/** Ports without flags, half of the ports, and a whole header. */
const PIECES = [
  octets(ipv4({ source: OUT4, destination: LAN4, protocol: 6 }, [...u16(5), ...u16(6), ...zeros(6)])),
  octets(ipv4({ source: OUT4, destination: LAN4, protocol: 6 }, u16(5))),
  octets(ipv4({ source: OUT4, destination: LAN4, protocol: 17 }, u16(5))),
  tcp('out', OUT, LAN, 5, 6),
];

const walking: readonly Fact[] = [
  fact('1.1', 'chains of a packet for the host, in order', { rules: { host: ALL } }, [
    udp('out', OUT, UPLINK, 5, 6),
  ]),
  fact('1.2', 'chains of a forwarded packet, in order', { rules: { host: ALL } }, [
    udp('out', OUT, LAN, 5, 6),
  ]),
  fact('1.3', 'chains of a packet that the host sends, in order', { rules: { host: ALL } }, [
    udp('local:host', UPLINK, LAN, 5, 6),
  ]),
  fact(
    '1.4',
    'security INPUT comes before nat INPUT in legacy tables, after it in those of nft',
    { rules: { host: { nat: ALL.nat ?? [], security: ALL.security ?? [], filter: ['-A INPUT'] } } },
    times(2, udp('out', OUT, UPLINK, 5, 6)),
  ),
  fact(
    '1.5',
    'to an own address: out by lo and in by lo, mark and connection kept, nat once',
    {
      rules: {
        host: {
          ...ALL,
          mangle: [
            '-A OUTPUT -o lo -j MARK --set-xmark 0x7/0xffffffff',
            '-A POSTROUTING -o lo -m mark --mark 0x7',
            '-A PREROUTING -i lo -m mark --mark 0x7',
            '-A INPUT -i lo -m mark --mark 0x7 -m conntrack --ctstate NEW',
          ],
        },
      },
    },
    [udp('local:host', UPLINK, BRIDGE, 5, 6), udp('local:host', '127.0.0.1', '127.0.0.1', 5, 6)],
  ),
  fact(
    '1.6',
    'tables that are not there are not walked',
    { rules: { host: { filter: ['-A FORWARD -p udp'] } } },
    [udp('out', OUT, LAN, 5, 6), udp('out', OUT, UPLINK, 5, 6)],
  ),
  fact(
    '2.1',
    'rules without a target, jumps and RETURN are steps; the end of a chain is none',
    {
      rules: {
        host: {
          filter: [
            ':ONE - [0:0]',
            ':TWO - [0:0]',
            ':EMPTY - [0:0]',
            '-A FORWARD -p udp',
            '-A FORWARD -j EMPTY',
            '-A FORWARD -j ONE',
            '-A FORWARD -p icmp -j RETURN',
            '-A FORWARD -s 10.92.2.2/32',
            '-A ONE -j TWO',
            '-A ONE -p tcp -j RETURN',
            '-A ONE',
            '-A TWO -p udp -j RETURN',
            '-A TWO',
          ],
        },
      },
    },
    [udp('out', OUT, LAN, 5, 6), tcp('out', OUT, LAN, 5, 6), ping('out', OUT, LAN), ping('lan', LAN, OUT)],
  ),
  fact(
    '2.2',
    'unconditional verdicts in a chain of one’s own and in a built-in one are rules',
    {
      rules: {
        host: {
          filter: [
            ':ONE - [0:0]',
            '-A FORWARD -p udp -j ONE',
            '-A FORWARD -j ACCEPT',
            '-A ONE -p udp --dport 9',
            '-A ONE -j ACCEPT',
          ],
        },
      },
    },
    [udp('out', OUT, LAN, 5, 6), tcp('out', OUT, LAN, 5, 6)],
  ),
  fact(
    '2.3',
    'after goto the chain goes on where the last jump came from, else at the policy',
    {
      rules: {
        host: {
          filter: [
            ':ONE - [0:0]',
            ':TWO - [0:0]',
            ':THREE - [0:0]',
            '-A FORWARD -p udp -j ONE',
            '-A FORWARD -p tcp -g TWO',
            '-A FORWARD',
            '-A ONE -g TWO',
            '-A ONE',
            '-A TWO -p udp --dport 7 -j RETURN',
            '-A TWO -g THREE',
            '-A TWO',
            '-A THREE',
          ],
        },
      },
    },
    [udp('out', OUT, LAN, 5, 6), udp('out', OUT, LAN, 5, 7), tcp('out', OUT, LAN, 5, 6)],
  ),
  fact(
    '2.4',
    'rules count the length at that moment: an option that TCPMSS adds counts in the rules behind it',
    {
      rules: {
        host: {
          mangle: [
            '-A PREROUTING',
            '-A FORWARD -p tcp -m length --length 40',
            '-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1000',
            '-A POSTROUTING -m length --length 44',
          ],
        },
      },
    },
    [tcp('out', OUT, LAN, 5, 6), udp('out', OUT, LAN, 5, 6, { payload: 1 })],
  ),
  fact(
    '2.5',
    'policies count what falls off the end, in nat first packets alone',
    {
      rules: {
        host: { filter: ['-A FORWARD -p tcp -j ACCEPT', '-A FORWARD -p icmp -j DROP'], nat: [MASQUERADE] },
      },
    },
    [...times(2, udp('out', OUT, LAN, 5, 6)), tcp('out', OUT, LAN, 5, 6), ping('out', OUT, LAN)],
  ),
  fact(
    '2.6',
    'raw, mangle, filter and security see what is invalid or not tracked too',
    { rules: { host: { ...ALL, raw: ['-A PREROUTING -p udp --dport 9 -j CT --notrack', '-A PREROUTING'] } } },
    [udp('out', OUT, LAN, 5, 9), tcp('out', OUT, LAN, 5, 6, { tcpFlags: 18 })],
  ),
  fact(
    '2.7',
    'an absent interface has an empty name; + ends a name that begins so',
    {
      rules: {
        host: {
          mangle: [
            ':ANY - [0:0]',
            '-A PREROUTING -j ANY',
            '-A FORWARD -j ANY',
            '-A OUTPUT -j ANY',
            '-A POSTROUTING -j ANY',
            ...['i', 'o'].flatMap((flag) =>
              ['eth0', 'eth+', 'eth0+', 'eth', '+'].map((name) => `-A ANY -${flag} ${name}`),
            ),
            ...['i', 'o'].flatMap((flag) => ['eth0', 'eth+'].map((name) => `-A ANY ! -${flag} ${name}`)),
          ],
        },
      },
    },
    [udp('out', OUT, LAN, 5, 6), udp('local:host', UPLINK, OUT, 5, 6)],
  ),
  fact(
    '2.8',
    'ports and flags of a piece of a header: legacy tables drop it there, nft goes on',
    {
      rules: {
        host: {
          filter: [
            '-A FORWARD -p tcp',
            '-A FORWARD -p tcp -m tcp --dport 6',
            '-A FORWARD -p tcp -m tcp --tcp-flags SYN SYN',
            '-A FORWARD -p udp -m udp --sport 5',
            '-A FORWARD',
          ],
        },
      },
    },
    PIECES,
  ),
  fact(
    '2.8',
    'multiport of a piece of a header: both drop it there',
    {
      rules: {
        host: { filter: ['-A FORWARD -p tcp', '-A FORWARD -p tcp -m multiport --ports 6,7', '-A FORWARD'] },
      },
    },
    PIECES,
  ),
  {
    about: '2.9',
    name: 'IPv6 headers before the upper layer are skipped; AH by legacy tables, not by those of nft',
    network: ROUTER,
    rules: {
      host: {
        ip6: tableText(
          'mangle',
          [
            '-p udp',
            '-p udp -m udp --dport 53',
            '-p ah',
            '-p ipv6-opts',
            '-p ipv6-frag',
            '-p ipv6-route',
          ].map((match) => `-A FORWARD ${match}`),
        ),
      },
    },
    stimuli: (
      [
        [60, [17, 0, 1, 4, 0, 0, 0, 0]],
        [43, [17, 0, 4, 0, 0, 0, 0, 0]],
        [0, [17, 0, 1, 4, 0, 0, 0, 0]],
        [44, [17, 0, 0, 0, ...u32(7)]],
        [51, [17, 4, 0, 0, ...u32(5), ...u32(1), ...zeros(12)]],
      ] as const
    ).map(([protocol, header]) => ({
      on: 'eth0',
      skb: skbOfOctets(ipv6({ source: SIX(1), destination: SIX(2), protocol }, [...header, ...DATAGRAM])),
    })),
  },
  fact(
    '8.1',
    'REJECT is a step that ends the packet; errors, resets, broadcasts, later fragments and pieces of headers are not answered',
    {
      rules: {
        host: {
          filter: [
            '-A FORWARD -p tcp -j REJECT --reject-with tcp-reset',
            '-A FORWARD -j REJECT',
            '-A FORWARD',
            '-A INPUT -j REJECT',
          ],
        },
      },
    },
    [
      tcp('out', OUT, LAN, 5, 6),
      tcp('out', OUT, LAN, 5, 6, { tcpFlags: 4 }),
      ping('out', OUT, LAN, { icmpType: 3, icmpCode: 3, payload: udp('lan', LAN, OUT, 5, 6).skb.bytes }),
      inBroadcast(udp('out', OUT, UPLINK, 5, 6)),
      inBroadcast(udp('out', OUT, '10.92.1.255', 5, 6)),
      udp('out', OUT, UPLINK, 5, 6),
      octets(ipv4({ source: OUT4, destination: LAN4, protocol: 17, fragment: 4 }, zeros(16))),
      octets(ipv4({ source: OUT4, destination: LAN4, protocol: 6 }, [...u16(5), ...u16(6), ...zeros(6)])),
    ],
  ),
  fact(
    '8.2',
    'REJECT answers with port unreachable when nothing else is said, echo requests as well',
    { rules: { host: { filter: ['-A FORWARD -j REJECT'] } } },
    [
      udp('out', OUT, LAN, 5, 6),
      tcp('out', OUT, LAN, 5, 6),
      ping('lan', LAN, OUT),
      udp('local:web', WEB, LAN, 5, 6),
    ],
  ),
  fact(
    '8.3',
    'REJECT in OUTPUT: the sender is told, by the error and by the ICMP message',
    {
      rules: {
        host: {
          ...SEEN,
          filter: ['-A OUTPUT -p udp -j REJECT', '-A OUTPUT -p tcp -j DROP', '-A INPUT -p icmp'],
        },
      },
    },
    [udp('local:host', UPLINK, LAN, 5, 6), tcp('local:host', UPLINK, LAN, 5, 6)],
  ),
  fact(
    '8.4',
    'a copy that TEE makes goes through OUTPUT and POSTROUTING untracked',
    {
      rules: {
        host: {
          raw: ['-A OUTPUT'],
          mangle: [
            '-A PREROUTING -p udp -j TEE --gateway 10.92.3.3',
            '-A OUTPUT -m conntrack --ctstate UNTRACKED',
            '-A OUTPUT -m conntrack --ctstate NEW',
            '-A POSTROUTING -o br0',
            '-A POSTROUTING -o eth1',
          ],
        },
      },
    },
    [udp('out', OUT, LAN, 5, 6)],
  ),
];

export const hostsFacts: readonly Fact[] = [...walking, ...routing, ...links, ...tracking, ...docker];
