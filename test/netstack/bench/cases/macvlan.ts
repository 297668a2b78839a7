/** macvlan devices in every mode, in the namespace of their lower device and in others. */
import { type BenchCase, far, type Sent } from '../bench.ts';
import { BROADCAST, counting, echo, packet } from '../frames.ts';

const ONE = 0x02dd00000001;
const TWO = 0x02dd00000002;

/** m1 in namespace a (10.7.0.11) and m2 in b (10.7.0.12) on top of eth0 of h (10.7.0.1); the far end is 10.7.0.2. */
const setup = (one: string, two: string, more = '') => `
  h ip addr add 10.7.0.1/24 dev eth0
  h ip link add m1 link eth0 address 02:dd:00:00:00:01 netns "$P"a type macvlan mode ${one}
  ${two === '' ? '' : `h ip link add m2 link eth0 address 02:dd:00:00:00:02 netns "$P"b type macvlan mode ${two}`}
  a ip link set m1 up
  a ip addr add 10.7.0.11/24 dev m1
  a ip neigh add 10.7.0.2 lladdr 02:aa:00:00:00:01 dev m1 nud permanent
  a ip neigh add 10.7.0.12 lladdr 02:dd:00:00:00:02 dev m1 nud permanent
  a ip neigh add 10.7.0.1 lladdr 02:bb:00:00:00:01 dev m1 nud permanent
  h ip neigh add 10.7.0.11 lladdr 02:dd:00:00:00:01 dev eth0 nud permanent
  h ip neigh add 10.7.0.2 lladdr 02:aa:00:00:00:01 dev eth0 nud permanent
  ${
    two === ''
      ? ''
      : `b ip link set m2 up
  b ip addr add 10.7.0.12/24 dev m2
  b ip neigh add 10.7.0.2 lladdr 02:aa:00:00:00:01 dev m2 nud permanent
  b ip neigh add 10.7.0.11 lladdr 02:dd:00:00:00:01 dev m2 nud permanent`
  }
  ${more}`;
const rules = { h: counting(['eth0']), a: counting(['m1']), b: counting(['m2']) };
const send: readonly Sent[] = [
  echo('h:eth0', '10.7.0.2', '10.7.0.11', { to: ONE }),
  echo('h:eth0', '10.7.0.2', '10.7.0.12', { to: TWO }),
  echo('h:eth0', '10.7.0.2', '10.7.0.1'),
  echo('h:eth0', '10.7.0.2', '10.7.0.11', { to: far(5) }),
  echo('h:eth0', '10.7.0.2', '10.7.0.11'),
  packet('h:eth0', '10.7.0.2', '10.7.0.255', { to: BROADCAST }),
  packet('h:eth0', '10.7.0.2', '224.0.0.1', { to: 0x01005e000001 }),
  packet('h:eth0', '10.7.0.2', '239.1.2.3', { to: 0x01005e010203 }),
  echo('a', '10.7.0.11', '10.7.0.2'),
  echo('a', '10.7.0.11', '10.7.0.12'),
  echo('a', '10.7.0.11', '10.7.0.1'),
  packet('a', '10.7.0.11', '10.7.0.255'),
  echo('h', '10.7.0.1', '10.7.0.11'),
  packet('h', '10.7.0.1', '10.7.0.255'),
  // What a switch reflects.
  echo('h:eth0', '10.7.0.11', '10.7.0.12', { from: ONE, to: TWO }),
  packet('h:eth0', '10.7.0.11', '10.7.0.255', { from: ONE, to: BROADCAST }),
];
const kase = (name: string, one: string, two: string, more?: string): BenchCase => ({
  name: `macvlan: ${name}`,
  namespaces: two === '' ? ['h', 'a'] : ['h', 'a', 'b'],
  ends: ['h:eth0'],
  setup: setup(one, two, more),
  rules: two === '' ? { h: rules.h, a: rules.a } : rules,
  send: two === '' ? send.filter(({ on }) => on !== 'b') : send,
});

export const MACVLAN_CASES: readonly BenchCase[] = [
  kase('bridge mode', 'bridge', 'bridge'),
  kase('private mode', 'private', 'private'),
  kase('vepa mode', 'vepa', 'vepa'),
  kase('bridge and vepa', 'bridge', 'vepa'),
  kase('bridge and private', 'private', 'bridge'),
  kase('passthru mode', 'passthru', ''),
  kase('source mode', 'source', 'bridge', 'a ip link set m1 type macvlan macaddr add 02:aa:00:00:00:01'),
  kase('a child that is down', 'bridge', 'bridge', 'b ip link set m2 down'),
  {
    name: 'macvlan: in the namespace of its lower device',
    ends: ['h:eth0'],
    setup: `
  h ip addr add 10.7.0.1/24 dev eth0
  h ip link add m1 link eth0 address 02:dd:00:00:00:01 type macvlan mode bridge
  h ip link set m1 up
  h ip addr add 10.7.1.1/24 dev m1
  h ip neigh add 10.7.1.2 lladdr 02:aa:00:00:00:01 dev m1 nud permanent
  h ip neigh add 10.7.0.2 lladdr 02:aa:00:00:00:01 dev eth0 nud permanent
  h sysctl -qw net.ipv4.ip_forward=1`,
    rules: { h: counting(['eth0', 'm1']) },
    send: [
      echo('h:eth0', '10.7.1.2', '10.7.1.1', { to: ONE }),
      echo('h:eth0', '10.7.0.2', '10.7.1.2'),
      echo('h:eth0', '10.7.1.2', '10.7.0.2', { to: ONE }),
      packet('h:eth0', '10.7.1.2', '10.7.1.255', { to: BROADCAST }),
      packet('h', '10.7.1.1', '10.7.1.255'),
    ],
  },
];
