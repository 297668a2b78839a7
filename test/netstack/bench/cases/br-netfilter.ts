/** iptables on bridged packets: translation, refusal, fragments, sizes. */
import { type BenchCase, far, type Sent } from '../bench.ts';
import { BROADCAST, counting, echo, fragments, packet, tcp } from '../frames.ts';

const BRIDGE = 0x02bb000000ff;
const ENDS = ['h:p0', 'h:p1', 'h:p2', 'h:eth0'];

const setup = (more = '') => `
  h ip link add br0 address 02:bb:00:00:00:ff type bridge mcast_snooping 0
  for p in p0 p1 p2; do h ip link set $p master br0; done
  h ip link set br0 up
  h ip addr add 10.9.0.1/24 dev br0
  h ip addr add 10.8.0.1/24 dev eth0
  h sysctl -qw net.ipv4.ip_forward=1
  for i in 2 3 4; do h ip neigh add 10.9.0.$i lladdr 02:aa:00:00:00:0$((i-1)) dev br0 nud permanent; done
  h ip neigh add 10.8.0.2 lladdr 02:aa:00:00:00:04 dev eth0 nud permanent
  ${more}`;
const rules = (extra: Readonly<Record<string, readonly string[]>> = {}) => ({
  h: counting(['br0', 'eth0'], ['p0', 'p1', 'p2'], extra),
});
const kase = (
  name: string,
  extra: Readonly<Record<string, readonly string[]>>,
  send: readonly Sent[],
  more = '',
): BenchCase => ({
  name: `br_netfilter: ${name}`,
  ends: ENDS,
  setup: setup(more),
  rules: rules(extra),
  send,
});

const DNAT = [
  '-A PREROUTING -d 10.9.0.77/32 -j DNAT --to-destination 10.9.0.3',
  '-A PREROUTING -d 10.9.0.78/32 -j DNAT --to-destination 10.9.0.1',
  '-A PREROUTING -d 10.9.0.79/32 -j DNAT --to-destination 10.8.0.2',
  '-A PREROUTING -d 10.9.0.80/32 -j DNAT --to-destination 10.9.0.2',
  '-A PREROUTING -d 10.9.0.81/32 -j DNAT --to-destination 10.77.0.1',
  '-A PREROUTING -d 10.9.0.82/32 -j DNAT --to-destination 127.0.0.1',
  '-A PREROUTING -d 10.8.0.1/32 -p udp --dport 53 -j DNAT --to-destination 10.9.0.3',
];
/** To each of them, addressed to the bridge and to a station. */
const shapes = [77, 78, 79, 80, 81, 82].flatMap((last) => [
  packet('h:p0', '10.9.0.2', `10.9.0.${last}`, { to: BRIDGE }),
  packet('h:p0', '10.9.0.2', `10.9.0.${last}`, { to: far(2), sourcePort: 1001 }),
  packet('h:p0', '10.9.0.2', `10.9.0.${last}`, { to: 0x02cc00000009, sourcePort: 1002 }),
]);

export const BR_NETFILTER_CASES: readonly BenchCase[] = [
  kase('DNAT in all shapes', { nat: DNAT }, shapes),
  kase('DNAT in all shapes, without forwarding', { nat: DNAT }, shapes, 'h sysctl -qw net.ipv4.ip_forward=0'),
  kase('DNAT in all shapes, on a hairpin port', { nat: DNAT }, shapes, 'h bridge link set dev p0 hairpin on'),
  kase('DNAT in all shapes, on a promiscuous bridge', { nat: DNAT }, shapes, 'h ip link set br0 promisc on'),
  kase(
    'DNAT in all shapes, with a default route',
    { nat: DNAT },
    shapes,
    'h ip route add default via 10.8.0.2',
  ),
  kase('DNAT without bridge-nf', { nat: DNAT }, shapes, 'h sysctl -qw net.bridge.bridge-nf-call-iptables=0'),
  kase('DNAT of a broadcast frame', { nat: DNAT }, [
    packet('h:p0', '10.9.0.2', '10.9.0.77', { to: BROADCAST }),
    packet('h:p0', '10.9.0.2', '10.9.0.78', { to: BROADCAST }),
  ]),
  kase('a translated conversation', { nat: DNAT }, [
    tcp('h:p0', '10.9.0.2', '10.9.0.77', [5, 80], 2, { to: far(2) }),
    tcp('h:p1', '10.9.0.3', '10.9.0.2', [80, 5], 18, { to: far(0), tcpAcknowledgement: 1 }),
    tcp('h:p0', '10.9.0.2', '10.9.0.77', [5, 80], 16, { to: far(2), tcpSequence: 1, tcpAcknowledgement: 1 }),
    packet('h:eth0', '10.8.0.2', '10.8.0.1', { destinationPort: 53 }),
    packet('h:p1', '10.9.0.3', '10.8.0.2', { sourcePort: 53, destinationPort: 1000, to: BRIDGE }),
  ]),
  kase(
    'MASQUERADE and SNAT of bridged packets',
    {
      nat: [
        '-A POSTROUTING -s 10.9.0.2/32 -p udp -j MASQUERADE',
        '-A POSTROUTING -s 10.9.0.4/32 -j SNAT --to-source 10.9.0.9',
      ],
    },
    [
      packet('h:p0', '10.9.0.2', '10.9.0.3', { to: far(1) }),
      packet('h:p1', '10.9.0.3', '10.9.0.1', { sourcePort: 2000, destinationPort: 1000, to: BRIDGE }),
      packet('h:p2', '10.9.0.4', '10.9.0.3', { to: far(1) }),
      packet('h:p1', '10.9.0.3', '10.9.0.9', { sourcePort: 2000, destinationPort: 1000, to: far(2) }),
      packet('h:p0', '10.9.0.2', '10.8.0.2', { to: BRIDGE }),
    ],
  ),
  kase(
    'REJECT of bridged packets',
    {
      filter: [
        '-A FORWARD -p tcp -j REJECT --reject-with tcp-reset',
        '-A FORWARD -p udp -j REJECT',
        '-A INPUT -p udp -j REJECT --reject-with icmp-host-prohibited',
      ],
    },
    [
      tcp('h:p0', '10.9.0.2', '10.9.0.3', [5, 80], 2, { to: far(1) }),
      packet('h:p0', '10.9.0.2', '10.9.0.3', { to: far(1) }),
      tcp('h:p1', '10.9.0.3', '10.9.0.2', [80, 5], 2, { to: far(0) }),
      packet('h:p1', '10.9.0.3', '10.9.0.2', { to: far(0) }),
      packet('h:p1', '10.9.0.3', '10.9.0.1', { to: BRIDGE }),
      tcp('h:p1', '10.9.0.3', '10.8.0.2', [6, 7], 2, { to: BRIDGE }),
      packet('h:p0', '10.9.0.2', '10.9.0.255', { to: BROADCAST }),
    ],
  ),
  kase(
    'DROP by port',
    {
      mangle: [
        '-A FORWARD -m physdev --physdev-in p0 --physdev-out p1 -j DROP',
        '-A PREROUTING -m physdev --physdev-in p2 -d 10.9.0.2 -j DROP',
        '-A POSTROUTING -m physdev ! --physdev-is-bridged -p tcp -j DROP',
      ],
      filter: [
        '-A INPUT -m physdev --physdev-in p1 -j DROP',
        '-A FORWARD -m physdev --physdev-is-bridged -p icmp -j DROP',
      ],
    },
    [
      packet('h:p0', '10.9.0.2', '10.9.0.3', { to: far(1) }),
      packet('h:p1', '10.9.0.3', '10.9.0.2', { to: far(0) }),
      packet('h:p2', '10.9.0.4', '10.9.0.2', { to: far(0) }),
      packet('h:p1', '10.9.0.3', '10.9.0.1', { to: BRIDGE }),
      echo('h:p1', '10.9.0.3', '10.9.0.4', { to: far(2) }),
      packet('h:p0', '10.9.0.2', '10.9.0.255', { to: BROADCAST }),
      tcp('h:p0', '10.9.0.2', '10.8.0.2', [5, 6], 2, { to: BRIDGE }),
      tcp('h:p0', '10.9.0.2', '10.9.0.3', [5, 6], 2, { to: far(1) }),
    ],
  ),
  kase('fragments over a bridge', {}, [
    ...fragments(packet('h:p0', '10.9.0.2', '10.9.0.3', { to: far(1), payload: 1500, id: 7 }), [800, 708]),
    ...fragments(packet('h:p1', '10.9.0.3', '10.9.0.2', { to: far(0), payload: 100, id: 8 }), [56, 52]),
    ...fragments(packet('h:p1', '10.9.0.3', '10.9.0.1', { to: BRIDGE, payload: 100, id: 9 }), [56, 52]),
    ...fragments(packet('h:p1', '10.9.0.3', '10.8.0.2', { to: BRIDGE, payload: 1600, id: 10 }), [1000, 608]),
  ]),
  {
    name: 'br_netfilter: fragments over a bridge without connection tracking',
    ends: ENDS,
    setup: setup(),
    rules: {
      h: '*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n-A FORWARD -f\n-A FORWARD -p udp -m udp --dport 2000\n-A INPUT -f\n-A INPUT -p udp --dport 2000\nCOMMIT\n',
    },
    send: [
      ...fragments(packet('h:p0', '10.9.0.2', '10.9.0.3', { to: far(1), payload: 1500, id: 7 }), [800, 708]),
      ...fragments(packet('h:p1', '10.9.0.3', '10.9.0.1', { to: BRIDGE, payload: 100, id: 9 }), [56, 52]),
    ],
  },
  kase(
    'sizes',
    {},
    [
      ...[1500, 1400, 1404, 1405, 1450].flatMap((size, i) => [
        packet('h:p0', '10.9.0.2', '10.9.0.3', { to: far(1), payload: size - 28, id: 20 + i }),
        packet('h:p0', '10.9.0.2', '10.9.0.3', {
          to: far(1),
          payload: size - 28,
          dontFragment: true,
          sourcePort: 50 + i,
        }),
      ]),
      packet('h:p0', '10.9.0.2', '10.9.0.255', { to: BROADCAST, payload: 1450 - 28, id: 30 }),
    ],
    'h ip link set p1 mtu 1400',
  ),
  kase(
    'sizes without bridge-nf',
    {},
    [
      ...[1500, 1400, 1404, 1405].flatMap((size, i) => [
        packet('h:p0', '10.9.0.2', '10.9.0.3', { to: far(1), payload: size - 28, id: 20 + i }),
        packet('h:p0', '10.9.0.2', '10.9.0.3', {
          to: far(1),
          payload: size - 28,
          dontFragment: true,
          vlans: [5],
        }),
      ]),
    ],
    'h ip link set p1 mtu 1400\nh sysctl -qw net.bridge.bridge-nf-call-iptables=0',
  ),
  kase('damaged headers, TTL and martians are the bridge’s no business, only checksums are', {}, [
    packet('h:p0', '10.9.0.2', '10.9.0.3', { to: far(1), ttl: 1 }),
    packet('h:p0', '127.0.0.1', '127.0.0.2', { to: far(1) }),
    packet('h:p0', '255.255.255.255', '0.0.0.0', { to: far(1) }),
    packet('h:p0', '224.1.1.1', '10.9.0.3', { to: far(1) }),
    packet('h:p0', '10.9.0.1', '10.9.0.3', { to: far(1) }),
  ]),
];
