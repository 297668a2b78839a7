/** Which route a packet takes, where documentation is silent: trie and rules, sources, IPv6's own ways, answers. */
import type { Stimulus } from '../case.ts';
import type { Fact } from '../facts.ts';
import { ipv4, ipv6, type Octets, skbOfOctets, u16, zeros } from '../generate/octets.ts';
import { ROUTER } from '../networks/router.ts';
import { tableText } from '../profiles/matches.ts';

const UDP: Octets = [...u16(1000), ...u16(53), ...u16(13), ...u16(0), ...zeros(5)];
const C4 = 0x0a5a0102;
const SIX = (network: number, host: number): bigint =>
  (0xfd90n << 112n) | (BigInt(network) << 96n) | BigInt(host);
const DOC = (host: number): bigint => (0x20010db8n << 96n) | BigInt(host);

const four = (destination: number, source = C4, tos = 0): Stimulus => ({
  on: 'eth0',
  skb: skbOfOctets(ipv4({ source, destination, protocol: 17, tos }, UDP)),
});
const six = (destination: bigint, source = SIX(1, 2)): Stimulus => ({
  on: 'eth0',
  skb: skbOfOctets(ipv6({ source, destination, protocol: 17 }, UDP)),
});
const sent = ({ skb }: Stimulus): Stimulus => ({ on: 'local:host', skb });

/** Every chain counts: which ones were passed tells the decision. */
const SEEN = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'].map((chain) => `-A ${chain}`);
const fact = (name: string, settings: readonly string[], stimuli: readonly Stimulus[]): Fact => ({
  name,
  network: ROUTER,
  rules: { host: { ip4: tableText('mangle', SEEN), ip6: tableText('mangle', SEEN) } },
  settings: { host: settings },
  stimuli,
});

const LONGER = ['ip route add local 10.50.0.0/16 dev lo', 'ip route add 10.50.7.0/24 via 10.90.2.3'];
const IN_7 = 0x0a320707;
const ELSEWHERE = 0x0a320101;

const GROUP = (0xff02n << 112n) | 1n;
const grouped: Stimulus = {
  on: 'eth0',
  skb: {
    ...skbOfOctets(ipv6({ source: SIX(1, 2), destination: GROUP, protocol: 17 }, UDP)),
    etherDestination: 0x333300000001,
  },
};

export const routingFacts: readonly Fact[] = [
  fact(
    'a rule that passes table local by keeps packets for a group from the host, which has no other route to it',
    ['ip -6 rule add pref 1000 lookup local', 'ip -6 rule del pref 0', 'ip -6 rule add pref 50 goto 32766'],
    [grouped],
  ),
  fact(
    'a route that is no group’s forwards no packet for a group',
    [
      'ip -6 route replace default via fd90:1::3',
      'ip -6 rule add pref 1000 lookup local',
      'ip -6 rule del pref 0',
      'ip -6 rule add pref 50 goto 32766',
    ],
    [grouped],
  ),
  fact('without any rule tables local and main are one trie: the longer prefix of main wins', LONGER, [
    four(IN_7),
    four(ELSEWHERE),
  ]),
  fact(
    'once a rule was added, table local is asked first',
    [...LONGER, 'ip rule add to 192.0.2.1 lookup main'],
    [four(IN_7), four(ELSEWHERE)],
  ),
  fact(
    'goto to a priority that no rule has is passed over',
    [
      'ip rule add pref 100 goto 150',
      'ip rule add pref 120 lookup 7',
      'ip route add default via 10.90.1.3 table 7',
      'ip rule add pref 200 goto 300',
      'ip rule add pref 300 nop',
    ],
    [four(0x08080808), four(0x0a5a0202)],
  ),
  fact(
    'a rule for tos compares the bits 0x1c alone',
    ['ip route add default via 10.90.1.4 table 7', 'ip rule add tos 0x10 lookup 7'],
    [0, 0x10, 0x12, 0x30, 0x18, 0xf0].map((tos) => four(0x08080808, C4, tos)),
  ),
  fact(
    'from a source that is not the host’s nothing is sent; from groups and broadcasts neither',
    [],
    [
      sent(four(0x08080808, 0x0a5a0201)),
      sent(four(0x0a5a0202, 0x0a5a0101)),
      sent(four(0x0a5a0202, 0x0a5a0201)),
    ],
  ),
  fact(
    'an IPv6 prefix whose routes from a source do not fit is passed over with its plain ones',
    [
      'ip -6 route add 2001:db8::/32 from fd90:7::/64 via fd90:2::3',
      'ip -6 route add 2001:db8::/32 via fd90:1::4',
    ],
    [six(DOC(5)), six(DOC(5), SIX(7, 1))],
  ),
  fact(
    'a blackhole nexthop of IPv6 takes what it is asked for, an IPv4 one too',
    [
      'ip nexthop add id 5 blackhole',
      'ip -6 nexthop add id 6 blackhole',
      'ip -6 route add 2001:db8::/32 nhid 6',
      'ip route add 10.50.0.0/16 nhid 5',
    ],
    [six(DOC(5)), four(IN_7)],
  ),
  fact(
    'an IPv6 packet without a route is answered, forwarding or not; an IPv4 one is not without forwarding',
    [
      'ip -6 route del default',
      'ip route del default',
      'sysctl -qw net.ipv6.conf.all.forwarding=0 net.ipv4.ip_forward=0',
    ],
    [six(DOC(5)), four(IN_7)],
  ),
  fact(
    'the hash of the flow chooses among next hops when the seed is set',
    [
      // Not policy 1: that takes the hash that the kernel's trace has put on the packet, if it is traced.
      'sysctl -qw net.ipv4.fib_multipath_hash_policy=3 net.ipv4.fib_multipath_hash_fields=55 net.ipv4.fib_multipath_hash_seed=7',
      'ip route add 10.50.0.0/16 nexthop via 10.90.2.3 nexthop via 10.90.3.2 weight 2',
      'sysctl -qw net.ipv6.fib_multipath_hash_policy=3 net.ipv6.fib_multipath_hash_fields=55',
      'ip -6 route add 2001:db8::/32 nexthop via fd90:2::3 nexthop via fd90:3::2 weight 2',
    ],
    Array.from({ length: 8 }, (_, i) => [four(IN_7 + i), six(DOC(i + 1))]).flat(),
  ),
  fact(
    'a rule before table local keeps IPv6 groups from their routes',
    [
      'ip -6 rule add pref 100 iif eth0 prohibit',
      'ip -6 rule del pref 0',
      'ip -6 rule add pref 1000 table local',
    ],
    [six((0xff02n << 112n) | 1n), { ...six((0xff02n << 112n) | 1n, SIX(2, 2)), on: 'eth1' }],
  ),
  fact(
    'sources of on-link routes: the first address of the interface that is wide enough',
    [
      'ip addr add 10.77.0.1/24 dev eth1',
      'ip route add 10.88.0.0/24 dev eth1',
      'ip neigh add 10.88.0.9 lladdr 02:aa:00:00:00:02 dev eth1',
    ],
    [sent(four(0x0a580009, 0x0a5a0201)), four(0x0a580009), four(0x0a4d0001)],
  ),
];
