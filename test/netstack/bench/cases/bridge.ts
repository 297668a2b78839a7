/** What a bridge does with frames: learning, flooding, port attributes, states. */
import { type BenchCase, far, near, type Sent } from '../bench.ts';
import { BROADCAST, counting, echo, type More, packet } from '../frames.ts';

const BRIDGE = 0x02bb000000ff;
const P = ['h:p0', 'h:p1', 'h:p2'];
const STRANGER = 0x02cc00000001;

/** p0, p1 and p2 on br0, which has 10.9.0.1/24; the far ends are 10.9.0.2, .3 and .4. */
const bridge = (more = '', options = 'mcast_snooping 0') => `
  h ip link add br0 address 02:bb:00:00:00:ff type bridge ${options}
  for p in p0 p1 p2; do h ip link set $p master br0; done
  h ip link set br0 up
  h ip addr add 10.9.0.1/24 dev br0
  for i in 2 3 4; do h ip neigh add 10.9.0.$i lladdr 02:aa:00:00:00:0$((i-1)) dev br0 nud permanent; done
  ${more}`;
const rules = { h: counting(['br0', 'eth0'], ['p0', 'p1', 'p2']) };
const address = (end: number) => `10.9.0.${end + 2}`;
/** From the station behind one port to the one behind another. */
const sent = (from: number, to: number, more: More = {}): Sent =>
  packet(P[from] ?? '', address(from), address(to), { to: far(to), ...more });
const everybody = (from: number, more: More = {}): Sent =>
  packet(P[from] ?? '', address(from), '10.9.0.255', { to: BROADCAST, ...more });
const group = (from: number, more: More = {}): Sent =>
  packet(P[from] ?? '', address(from), '239.1.2.3', { to: 0x01005e010203, ...more });
const toHost = (from: number, more: More = {}): Sent =>
  packet(P[from] ?? '', address(from), '10.9.0.1', { to: BRIDGE, ...more });
const usual = [
  sent(0, 1),
  sent(1, 0),
  sent(2, 1),
  everybody(0),
  group(1),
  sent(0, 2),
  toHost(1),
  packet('h', '10.9.0.1', '10.9.0.3'),
  packet('h', '10.9.0.1', '10.9.0.255'),
];
const quiet = (sends: readonly Sent[], end: string) => sends.filter(({ on }) => on !== end);
const kase = (name: string, more: string, send: readonly Sent[], options?: string): BenchCase => ({
  name: `bridge: ${name}`,
  ends: P,
  setup: bridge(more, options),
  rules,
  send,
});
const NO_NF = 'h sysctl -qw net.bridge.bridge-nf-call-iptables=0';

export const BRIDGE_CASES: readonly BenchCase[] = [
  kase('learns where frames come from, floods what it does not know', '', usual),
  kase('the same without bridge-nf', NO_NF, usual),
  kase('a station moves at once', '', [
    sent(0, 1),
    packet('h:p2', '10.9.0.2', '10.9.0.3', { from: far(0), to: far(1) }),
    sent(1, 0),
    sent(0, 1),
    sent(1, 0),
  ]),
  kase('a frame back to its own port is dropped, with hairpin it goes', '', [
    sent(0, 0, { from: STRANGER }),
    sent(0, 1),
    sent(0, 0, { from: STRANGER }),
    sent(0, 0, { before: 'h bridge link set dev p1 hairpin on' }),
  ]),
  kase('hairpin', 'h bridge link set dev p0 hairpin on', [
    sent(0, 1),
    sent(0, 0, { from: STRANGER }),
    everybody(0),
    sent(1, 0),
  ]),
  kase('learning off', 'h bridge link set dev p0 learning off', usual),
  kase('flood off', 'h bridge link set dev p1 flood off', usual),
  kase('mcast_flood off', 'h bridge link set dev p0 mcast_flood off', usual),
  kase('bcast_flood off', 'h bridge link set dev p1 bcast_flood off', usual),
  kase('isolated ports', 'h bridge link set dev p0 isolated on\nh bridge link set dev p1 isolated on', usual),
  kase('a locked port', 'h bridge link set dev p0 locked on', [...usual, toHost(0)]),
  kase(
    'a locked port whose station is known',
    'h bridge link set dev p0 locked on learning off\nh bridge fdb add 02:aa:00:00:00:01 dev p0 master static',
    [
      ...usual,
      sent(0, 1, { from: STRANGER }),
      packet('h:p1', '10.9.0.2', '10.9.0.4', { from: far(0), to: far(2) }),
      sent(0, 1),
    ],
  ),
  kase(
    'static and sticky entries',
    'h bridge fdb add 02:aa:00:00:00:01 dev p2 master static\nh bridge fdb add 02:aa:00:00:00:02 dev p2 master static sticky\nh bridge fdb add 02:aa:00:00:00:03 dev p0 master dynamic',
    [sent(2, 0), sent(2, 1), ...usual],
  ),
  kase('a local entry', 'h bridge fdb add 02:cc:00:00:00:01 dev p1 master local', [
    packet('h:p0', '10.9.0.2', '10.9.0.1', { to: STRANGER }),
    packet('h:p1', '10.9.0.3', '10.9.0.1', { to: STRANGER }),
    packet('h:p2', '10.9.0.3', '10.9.0.4', { from: STRANGER, to: far(0) }),
    sent(0, 2),
  ]),
  kase('ageing_time 0 learns nothing', '', usual, 'mcast_snooping 0 ageing_time 0'),
  kase('ageing', 'h ip link set br0 type bridge ageing_time 100', [
    sent(0, 1),
    sent(1, 0),
    sent(1, 0, { before: 'sleep 0.3' }),
    sent(1, 0, { before: 'sleep 1.2' }),
    sent(0, 1),
  ]),
  kase('a disabled port', 'h bridge link set dev p1 state 0', usual),
  kase('the blocking state does not stay without spanning tree', 'h bridge link set dev p1 state 4', usual),
  kase('spanning tree: nothing passes for 30 seconds', '', usual, 'mcast_snooping 0 stp_state 1'),
  kase(
    'spanning tree, after its delay',
    'h ip link set br0 type bridge forward_delay 200\nsleep 4.5',
    usual,
    'mcast_snooping 0 stp_state 1',
  ),
  kase('the bridge is down', 'h ip link set br0 down', usual),
  kase('a port is down', 'h ip link set p1 down', usual),
  kase('a port has no carrier', 'ip -n $P"far" link set e1 down', quiet(usual, 'h:p1')),
  kase(
    'a backup port',
    'h bridge link set dev p1 backup_port p2\nh bridge fdb add 02:aa:00:00:00:02 dev p1 master static\nip -n $P"far" link set e1 down',
    quiet(usual, 'h:p1'),
  ),
  kase(
    'link-local groups',
    '',
    [0, 1, 2, 3, 14].map((last) => packet('h:p0', '10.9.0.2', '224.0.0.18', { to: 0x0180c2000000 + last })),
  ),
  kase(
    'link-local groups with spanning tree or a mask',
    'sleep 4.5',
    [0, 1, 2, 3, 14].map((last) =>
      packet('h:p0', '10.9.0.2', '10.9.0.1', { to: 0x0180c2000000 + last, from: STRANGER + last }),
    ),
    'mcast_snooping 0 stp_state 1 forward_delay 200 group_fwd_mask 16392',
  ),
  kase('sources that no station has', '', [
    sent(0, 1, { from: 0x03aa00000001 }),
    sent(0, 1, { from: 0 }),
    sent(0, 1, { from: BROADCAST }),
    sent(0, 1, { from: BRIDGE }),
    sent(0, 1, { from: near(1) }),
    sent(1, 0),
  ]),
  kase('the MACs of the bridge and its ports', '', [
    ...[0, 1, 2].flatMap((port) => [
      packet('h:p0', '10.9.0.2', '10.9.0.1', { to: near(port) }),
      packet(P[port] ?? '', address(port), '10.9.0.1', { to: near(0) }),
    ]),
    packet('h:p0', '10.9.0.2', '10.9.0.3', { to: BRIDGE }),
    packet('h:p0', '10.9.0.2', '10.9.0.3', { to: near(0) }),
    packet('h:p0', '10.9.0.2', '10.9.0.3', { to: near(1) }),
  ]),
  kase('promiscuous mode', 'h ip link set br0 promisc on', usual),
  kase('tagged frames', '', [
    sent(0, 1, { vlans: [10] }),
    sent(1, 0, { vlans: [10] }),
    everybody(0, { vlans: [10] }),
    toHost(0, { vlans: [10] }),
    toHost(0, { vlans: [0] }),
    sent(0, 1, { vlans: [0] }),
    sent(0, 1, { vlans: [10, 20] }),
  ]),
  kase('tagged frames that iptables sees', 'h sysctl -qw net.bridge.bridge-nf-filter-vlan-tagged=1', [
    sent(0, 1, { vlans: [10] }),
    sent(1, 0, { vlans: [10] }),
    everybody(0, { vlans: [10] }),
    toHost(0, { vlans: [10] }),
    toHost(0, { vlans: [0] }),
    sent(0, 1, { vlans: [0] }),
    sent(0, 1, { vlans: [10, 20] }),
  ]),
  {
    name: 'bridge: ports that were added in another order than they were made',
    ends: P,
    setup: `
  h ip link add br0 address 02:bb:00:00:00:ff type bridge mcast_snooping 0
  for p in p1 p0 p2; do h ip link set $p master br0; done
  h ip link set br0 up`,
    rules,
    send: [everybody(0), everybody(1), sent(2, 0)],
  },
  {
    name: 'bridge: nf_call_iptables of one bridge',
    ends: P,
    setup: bridge(NO_NF, 'mcast_snooping 0 nf_call_iptables 1'),
    rules,
    send: usual,
  },
  {
    name: 'bridge: IPv6',
    ends: P,
    setup: bridge(
      'h sysctl -qw net.ipv6.conf.br0.disable_ipv6=0\nh ip addr add fd09::1/64 dev br0 nodad\nh ip neigh add fd09::2 lladdr 02:aa:00:00:00:01 dev br0 nud permanent',
    ),
    rules,
    rules6: { h: counting(['br0'], ['p0', 'p1', 'p2']) },
    send: [
      packet('h:p0', 'fd09::2', 'fd09::3', { to: far(1) }),
      packet('h:p1', 'fd09::3', 'fd09::2', { to: far(0) }),
      echo('h:p0', 'fd09::2', 'fd09::1', { to: BRIDGE }),
      packet('h:p0', 'fd09::2', 'ff02::1', { to: 0x333300000001 }),
      packet('h:p0', 'fd09::2', 'ff02::fb', { to: 0x3333000000fb }),
    ],
  },
];
