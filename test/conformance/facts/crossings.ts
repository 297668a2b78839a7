/** Where two parts of the kernel meet: bridges and NAT, rules for ports and ICMP, templates and chains behind conntrack. */
import type { TableName } from '../../../src/xtables/rule.ts';
import { broadcast, icmp, type LivePacket, packet, to, udp } from '../../netstack/support/cases.ts';
import type { Rules } from '../case.ts';
import type { Fact } from '../facts.ts';
import { ipv6, skbOfOctets, u32, zeros } from '../generate/octets.ts';
import { rawPacket, sctpBytes } from '../generate/raw.ts';
import { farMac, nearMac, ROUTER } from '../networks/router.ts';
import { tableText } from '../profiles/matches.ts';

type Tables = Partial<Readonly<Record<TableName, readonly string[]>>>;
interface Around {
  readonly four?: Tables;
  readonly six?: Tables;
  readonly nft?: string;
  readonly settings?: readonly string[];
}

const textOf = (tables: Tables): string =>
  Object.entries(tables)
    .map(([table, rules]) => tableText(table as TableName, rules))
    .join('');

function fact(name: string, { four, six, nft, settings = [] }: Around, packets: readonly LivePacket[]): Fact {
  const rules: Rules = {
    ...(four ? { ip4: textOf(four) } : {}),
    ...(six ? { ip6: textOf(six) } : {}),
    ...(nft === undefined ? {} : { nft }),
  };
  return {
    name,
    network: ROUTER,
    rules: { host: rules },
    settings: { host: settings },
    stimuli: packets.map(({ on, skb }) => ({ on: on === 'local' ? 'local:host' : on, skb })),
  };
}

const SEEN: Tables = { mangle: ['-A PREROUTING', '-A INPUT', '-A FORWARD', '-A OUTPUT', '-A POSTROUTING'] };
const C = '10.90.1.2';
const S = '10.90.2.2';
const HOST = '10.90.1.1';
const C6 = 'fd90:1::2';
const HOST6 = 'fd90:1::1';
/** Of the bridge's two stations. */
const [P0, P1, P0_6, P1_6] = ['10.90.3.2', '10.90.3.3', 'fd90:3::2', 'fd90:3::3'];
const nat = (destination: string): Tables => ({
  ...SEEN,
  nat: [`-A PREROUTING -p udp -j DNAT --to-destination ${destination}`],
});

const bridges: readonly Fact[] = [
  fact(
    'a bridged packet that DNAT sends to a neighbour nobody knows waits for an answer that never comes',
    { four: nat('10.90.3.77'), six: nat('fd90:3::77') },
    [to(farMac('p1'), udp('p0', P0, P1, 5, 6)), to(farMac('p1'), udp('p0', P0_6, P1_6, 5, 6))],
  ),
  fact(
    'IPv6 DNAT back onto the bridge needs no forwarding, IPv4 DNAT does',
    {
      four: nat(P1),
      six: nat(P1_6),
      settings: ['sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0'],
    },
    [
      to(farMac('p1'), udp('p0', P0, '10.90.3.9', 5, 6)),
      to(farMac('p1'), udp('p0', P0_6, 'fd90:3::9', 5, 6)),
    ],
  ),
  fact(
    'a bridged packet that DNAT sends where no route leads is lost below the bridge as IPv6, refused above it as IPv4',
    {
      four: nat('172.16.9.9'),
      six: nat('fd99::9'),
      settings: ['ip route del default', 'ip -6 route del default'],
    },
    [to(nearMac('br0'), udp('p0', P0, S, 5, 6)), to(nearMac('br0'), udp('p0', P0_6, 'fd90:2::2', 5, 6))],
  ),
  fact(
    'a link-local sender is forwarded off its link when DNAT below a bridge found the route',
    { six: nat('fd90:2::2') },
    [to(nearMac('br0'), udp('p0', 'fe80::5', 'fd90:1::2', 5, 6)), udp('eth0', 'fe80::5', 'fd90:3::2', 5, 6)],
  ),
];

const OF_ROUTES = `rt ip nexthop ${P1} counter; rt ip6 nexthop ${P1_6} counter; rt ip nexthop ${S} counter; rt ipsec missing counter; rt classid 0 counter;`;

const answers: readonly Fact[] = [
  fact(
    'what passes over a bridge has the destination for its next hop behind PREROUTING, and no route before',
    {
      nft: `table inet t {
 chain pre { type filter hook prerouting priority 0; ${OF_ROUTES} }
 chain forw { type filter hook forward priority 0; ${OF_ROUTES} }
 chain post { type filter hook postrouting priority 0; ${OF_ROUTES} }
}`,
    },
    [
      to(farMac('p1'), udp('p0', P0, P1, 5, 6)),
      to(farMac('p1'), udp('p0', P0_6, P1_6, 5, 6)),
      udp('eth0', C, S, 5, 6),
      udp('eth0', C, '10.90.1.9', 5, 6),
    ],
  ),
  fact(
    'an ICMPv6 error comes from the source of the route to its receiver, or else from an address of the interface that the packet came in by',
    {
      six: { filter: ['-A FORWARD -p udp -j REJECT'] },
      settings: [
        'ip -6 route add 2001:db8:5::/64 via fd90:1::2 dev eth0 src fd90:2::1',
        'ip -6 route add 2001:db8:6::/64 via fd90:2::2 dev eth1',
      ],
    },
    ['2001:db8:5::9', '2001:db8:6::9', C6].flatMap((from) => [
      udp('eth0', from, 'fd90:2::2', 5, 6),
      udp('eth0', from, 'fd90:2::2', 5, 6, { ttl: 1 }),
    ]),
  ),
  fact(
    'a packet in a frame for everybody is forwarded and answered once `meta pkttype set host` has made it one for the host',
    {
      nft: `table inet t {
 chain pre { type filter hook prerouting priority 0; udp sport 7 meta pkttype set host counter; }
 chain forw { type filter hook forward priority 0; udp dport 9 reject; counter; }
}`,
    },
    [5, 7].flatMap((sport) => [
      broadcast(udp('eth0', C, S, sport, 6)),
      broadcast(udp('eth0', C, S, sport, 6, { ttl: 1 })),
      broadcast(udp('eth0', C, S, sport, 9)),
      broadcast(udp('eth0', C6, 'fd90:2::2', sport, 6)),
    ]),
  ),
  fact(
    'an ICMPv6 error speaks from the address that was asked, where that is one of the host’s: on the way over its bridge, too, not where a route alone makes it local',
    {
      six: { filter: ['-A FORWARD -p udp -j REJECT', '-A INPUT -p udp --dport 7 -j REJECT'] },
      settings: [
        'ip -6 route add local 2001:db8:77::/64 dev lo',
        'ip -6 rule add pref 10 iif eth0 to fd90:2::1 lookup 77',
        'ip -6 route add default via fd90:2::2 table 77',
      ],
    },
    [
      to(farMac('p1'), udp('p0', P0_6, HOST6, 5, 6)),
      to(farMac('p1'), udp('p0', P0_6, P1_6, 5, 6)),
      udp('eth0', C6, 'fd90:2::1', 5, 6),
      udp('eth0', C6, 'fd90:2::9', 5, 6),
      udp('eth0', C6, '2001:db8:77::5', 5, 6),
      udp('eth0', C6, '2001:db8:77::5', 5, 7),
    ],
  ),
  fact(
    'an error that NAT turns to a link-local address is looked for on the interface it had: lo, and is lost',
    { six: { ...SEEN, nat: [`-A INPUT -j SNAT --to-source ${HOST6}`] } },
    [udp('eth0', 'fe80::5', HOST6, 5, 6), udp('eth0', C6, HOST6, 5, 6)],
  ),
  fact(
    'an echo to an anycast address of its own is answered on the interface of that address alone',
    { six: SEEN },
    [
      icmp('local', HOST6, 'fd90:2::', { icmpType: 128 }),
      icmp('local', HOST6, 'fd90:1::', { icmpType: 128 }),
      icmp('eth0', C6, 'fd90:2::', { icmpType: 128 }),
      icmp('local', HOST6, 'fd90:2::1', { icmpType: 128 }),
    ],
  ),
  fact(
    'rules for destination ports compare type and code of ICMP errors',
    {
      four: SEEN,
      six: SEEN,
      settings: [
        'ip rule add dport 771 blackhole pref 500',
        'ip -6 rule add dport 260 blackhole pref 500',
        'ip rule add dport 2816 blackhole pref 501',
      ],
    },
    [
      udp('eth0', C, HOST, 5, 6),
      udp('eth0', C6, HOST6, 5, 6),
      udp('eth0', C, S, 5, 6, { ttl: 1 }),
      udp('eth0', C6, 'fd90:2::2', 5, 6, { ttl: 1 }),
      icmp('eth0', C, HOST),
    ],
  ),
  fact(
    'an echo id that is taken is counted from 0 where the destination is translated, drawn where the source is',
    {
      four: {
        ...SEEN,
        nat: [
          '-A PREROUTING -j REDIRECT',
          '-A INPUT -s 10.90.1.2/32 -j SNAT --to-source 8.8.8.8',
          '-A INPUT -s 10.90.1.3/32 -j SNAT --to-source 8.8.8.8',
        ],
      },
    },
    [C, '10.90.1.3'].flatMap((source) => [
      icmp('eth0', source, HOST, { icmpId: 7 }),
      icmp('eth0', source, '10.90.2.1', { icmpId: 7 }),
      icmp('eth0', source, '10.90.3.1', { icmpId: 7 }),
    ]),
  ),
];

const HEARTBEAT_ACK = 5;
const INIT_ACK = 2;
const sctp = (tag: number, type: number, initiate: number): LivePacket => ({
  on: 'eth0',
  skb: rawPacket({
    source: C,
    destination: S,
    protocol: 132,
    payload: sctpBytes([1000, 2000], tag, [
      { type, data: [...u32(initiate), ...u32(1), ...u32(0x10001), ...u32(1)] },
    ]),
  }),
});
/** A segment whose checksum is wrong is INVALID. */
const invalid = packet('eth0', C, HOST, { protocol: 6, sourcePort: 5, destinationPort: 6, tcpFlags: 2 });
invalid.skb.bytes[36] = 0x55;

const tracking: readonly Fact[] = [
  fact(
    'an SCTP connection that begins with a heartbeat answer has the tag of its own direction',
    {
      four: {
        filter: ['-A FORWARD -m conntrack --ctstate NEW', '-A FORWARD -m conntrack --ctstate INVALID'],
      },
    },
    [sctp(9, HEARTBEAT_ACK, 0x4d), sctp(9, INIT_ACK, 0x4d), sctp(8, INIT_ACK, 0x4d), sctp(9, INIT_ACK, 9)],
  ),
  fact(
    'a zone that nft sets on an INVALID or untracked packet makes a NEW one of it for the rules behind',
    {
      nft: `table ip t {
 chain early { type filter hook prerouting priority -300; udp dport 6 notrack; }
 chain in { type filter hook input priority 0; ct state invalid counter; ct state untracked counter; ct zone set 7; ct state new counter; ct zone 7 counter; ct status confirmed counter; ct direction original counter; ct mark 0 counter; ct state invalid,untracked counter drop; }
}`,
    },
    [invalid, udp('eth0', C, HOST, 5, 6), udp('eth0', C, HOST, 5, 7)],
  ),
  fact('group reports that a process sends to one host pass as any packet does', { six: SEEN }, [
    {
      on: 'local',
      skb: skbOfOctets(
        ipv6(
          {
            source: 0xfd900001000000000000000000000001n,
            destination: 0xfd900001000000000000000000000002n,
            protocol: 58,
          },
          [143, 0, ...zeros(6)],
        ),
      ),
    },
  ]),
];

export const crossingFacts: readonly Fact[] = [...bridges, ...answers, ...tracking];
