/** One fault a network: what becomes of a packet, and which cause of the catalogue that is. */
import { describe, expect, it } from 'vitest';
import type { Trace } from '../../src/netstack/hop.ts';
import { probe } from '../../src/netstack/probe.ts';
import { ip, type NetnsSpec, network, way } from './support/lab.ts';

/** A client outside, a host with a bridge, and two containers on it. */
const OUTSIDE: NetnsSpec = {
  links: ['eth0 203.0.113.10/24'],
  routes: '172.18.0.0/16 via 203.0.113.2 dev eth0',
  iptables: '',
};
const HOST: NetnsSpec = {
  links: ['eth0 203.0.113.2/24', 'br0 172.18.0.1/16 kind=bridge', 'veth1 master=br0', 'veth2 master=br0'],
  routes: 'default via 203.0.113.10 dev eth0',
  iptables: '',
  sysctl: { 'net.ipv4.ip_forward': 1, 'net.bridge.bridge-nf-call-iptables': 1 },
  ss: 'tcp LISTEN 0 128 127.0.0.1:9000 0.0.0.0:* users:(("app",pid=7,fd=3))\ntcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=8,fd=3))\n',
};
const C1: NetnsSpec = {
  links: ['eth0 172.18.0.2/16'],
  routes: 'default via 172.18.0.1 dev eth0',
  iptables: '',
  ss: 'tcp LISTEN 0 128 0.0.0.0:80 0.0.0.0:* users:(("web",pid=9,fd=3))\ntcp LISTEN 0 128 127.0.0.1:81 0.0.0.0:* users:(("web",pid=9,fd=4))\n',
};
const C2: NetnsSpec = {
  links: ['eth0 172.18.0.3/16'],
  routes: 'default via 172.18.0.1 dev eth0',
  iptables: '',
  ss: '',
};
const WIRES = ['e:eth0=h:eth0', 'h:veth1=c1:eth0', 'h:veth2=c2:eth0'];

const filter = (rules: string, forward = 'ACCEPT', input = 'ACCEPT', output = 'ACCEPT') =>
  `*filter\n:INPUT ${input} [0:0]\n:FORWARD ${forward} [0:0]\n:OUTPUT ${output} [0:0]\n${rules}COMMIT\n`;
const nat = (rules: string) =>
  `*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n${rules}COMMIT\n`;
const raw = (rules: string) => `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules}COMMIT\n`;
const PUBLISH =
  '-A PREROUTING -d 203.0.113.2/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80\n';

interface Case {
  readonly name: string;
  readonly e?: Partial<NetnsSpec>;
  readonly h?: Partial<NetnsSpec>;
  readonly c1?: Partial<NetnsSpec>;
  readonly c2?: Partial<NetnsSpec>;
  readonly wires?: readonly string[];
  /** `from to proto[:port]` */
  readonly send: string;
  readonly there: string;
  readonly back?: string;
  readonly detail?: (trace: Trace) => unknown;
  readonly is?: unknown;
}

const sysctlOf = (trace: Trace) => trace.sysctl;
const ruleOf = (trace: Trace) => trace.rule && `${trace.rule.table} ${trace.rule.chain}`;

const CASES: readonly Case[] = [
  {
    name: 'healthy ping to the outside',
    send: 'c1 203.0.113.10 icmp',
    there: 'c1 >eth0 > h br0/veth1>eth0 > e eth0 = delivered',
    back: 'e >eth0 > h eth0>br0 > c1 eth0 = delivered',
  },
  {
    name: 'healthy TCP between containers',
    send: 'c2 172.18.0.2 tcp:80',
    there: 'c2 >eth0 > h br0/veth2>br0 > c1 eth0 = delivered',
    back: 'c1 >eth0 > h br0/veth1>br0 > c2 eth0 = delivered',
    detail: (trace) => trace.socket?.process,
    is: 'web',
  },
  {
    name: 'healthy published port',
    h: { iptables: nat(PUBLISH) },
    send: 'e 203.0.113.2 tcp:8080',
    there: 'e >eth0 > h eth0>br0 > c1 eth0 = delivered',
    back: 'c1 >eth0 > h br0/veth1>eth0 > e eth0 = delivered',
  },
  // Forwarding and routing
  {
    name: 'ip_forward 0',
    h: { sysctl: { 'net.ipv4.ip_forward': 0 } },
    send: 'c1 203.0.113.10 icmp',
    there: 'c1 >eth0 > h br0/veth1 = dropped fwd-ip-forward-off',
    detail: sysctlOf,
    is: 'net.ipv4.ip_forward',
  },
  {
    name: 'ip_forward 0 behind a DNAT',
    h: { sysctl: { 'net.ipv4.ip_forward': 0 }, iptables: nat(PUBLISH) },
    send: 'e 203.0.113.2 tcp:8080',
    there: 'e >eth0 > h eth0 = dropped fwd-ip-forward-off-dnat',
    detail: (trace) => trace.reason,
    is: 'IP_INADDRERRORS',
  },
  {
    name: 'forwarding 0 on the bridge',
    h: { sysctl: { 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.br0.forwarding': 0 } },
    send: 'c1 203.0.113.10 icmp',
    there: 'c1 >eth0 > h br0/veth1 = dropped fwd-iface-forwarding-off',
    detail: sysctlOf,
    is: 'net.ipv4.conf.br0.forwarding',
  },
  // A limit is used up only where less of it would have let the packet through
  {
    name: 'a limited LOG before a DROP',
    h: {
      iptables: filter('-A FORWARD -p icmp -m limit --limit 5/min -j LOG\n-A FORWARD -p icmp -j DROP\n'),
    },
    send: 'c1 203.0.113.10 icmp',
    there: 'c1 >eth0 > h br0/veth1>eth0 = dropped flt-rule-drop',
  },
  {
    name: 'a limited way to a LOG before a policy',
    h: {
      iptables: filter(
        ':LOGS - [0:0]\n-A FORWARD -m hashlimit --hashlimit-upto 5/min --hashlimit-name l -j LOGS\n-A LOGS -j LOG\n-A LOGS -j RETURN\n',
        'DROP',
      ),
    },
    send: 'c1 203.0.113.10 icmp',
    there: 'c1 >eth0 > h br0/veth1>eth0 = dropped flt-forward-policy-drop',
  },
  {
    name: 'no more than no connection at a time accepted, by way of a chain',
    h: {
      iptables: filter(
        ':SOME - [0:0]\n-A FORWARD -p tcp -m connlimit --connlimit-upto 0 --connlimit-mask 32 --connlimit-saddr -j SOME\n-A SOME -j ACCEPT\n',
        'DROP',
      ),
    },
    send: 'c1 203.0.113.10 tcp:80',
    there: 'c1 >eth0 > h br0/veth1>eth0 = dropped flt-rate-limit',
  },
  {
    name: 'no default route',
    c1: { routes: '' },
    send: 'c1 203.0.113.10 icmp',
    there: 'c1 = dropped route-netns-no-default',
  },
  {
    name: 'no default route for the answer',
    c1: { routes: '' },
    send: 'e 172.18.0.2 icmp',
    there: 'e >eth0 > h eth0>br0 > c1 eth0 = delivered',
    back: 'c1 = dropped route-netns-no-default',
  },
  {
    name: 'router without a route',
    h: { routes: '' },
    send: 'c1 8.8.8.8 icmp',
    there: 'c1 >eth0 > h br0/veth1 = rejected route-missing',
    back: 'h >br0 > c1 eth0 = delivered',
  },
  {
    name: 'gateway nobody owns',
    c1: { routes: 'default via 172.18.0.254 dev eth0' },
    send: 'c1 203.0.113.10 icmp',
    there: 'c1 >eth0 = dropped route-wrong-gateway',
  },
  { name: 'nobody has the address', send: 'c1 172.18.0.99 icmp', there: 'c1 >eth0 = dropped neigh-failed' },
  {
    name: 'bridge subnet covers the destination',
    h: {
      iptables: nat('-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.99:80\n'),
    },
    send: 'e 203.0.113.2 tcp:8080',
    there: 'e >eth0 > h eth0>br0 = dropped neigh-failed',
  },
  {
    name: 'prohibit',
    h: { routes: 'default via 203.0.113.10 dev eth0\nprohibit 198.51.100.0/24' },
    send: 'c1 198.51.100.1 icmp',
    there: 'c1 >eth0 > h br0/veth1 = rejected route-special-type',
  },
  {
    name: 'blackhole',
    h: { routes: 'default via 203.0.113.10 dev eth0\nblackhole 198.51.100.0/24' },
    send: 'c1 198.51.100.1 icmp',
    there: 'c1 >eth0 > h br0/veth1 = dropped route-special-type',
  },
  {
    name: 'policy rule that leads nowhere',
    h: {
      rules:
        '0:\tfrom all lookup local\n100:\tfrom 172.18.0.0/16 iif br0 prohibit\n32766:\tfrom all lookup main\n',
    },
    send: 'c1 203.0.113.10 icmp',
    there: 'c1 >eth0 > h br0/veth1 = rejected route-special-type',
  },
  {
    name: 'strict rp_filter',
    h: {
      links: [...HOST.links, 'eth1 198.51.100.2/24'],
      sysctl: { 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.all.rp_filter': 1 },
      routes: 'default via 198.51.100.1 dev eth1\n203.0.113.0/28 via 198.51.100.1 dev eth1',
    },
    send: 'e 172.18.0.2 icmp',
    there: 'e >eth0 = dropped rpf-strict-drop',
    detail: sysctlOf,
    is: undefined,
  },
  {
    name: 'routers that send it round',
    h: { routes: '198.51.100.0/24 via 203.0.113.10 dev eth0' },
    e: { routes: '198.51.100.0/24 via 203.0.113.2 dev eth0', sysctl: { 'net.ipv4.ip_forward': 1 } },
    send: 'c1 198.51.100.9 icmp',
    there: 'loop = dropped ttl-expired',
  },
  // Links, bridge, neighbours
  {
    name: 'bridge without an address',
    h: { links: ['eth0 203.0.113.2/24', 'br0 kind=bridge', 'veth1 master=br0', 'veth2 master=br0'] },
    send: 'c1 203.0.113.10 icmp',
    there: 'c1 >eth0 = dropped bridge-no-ip',
  },
  {
    name: 'bridge down',
    h: {
      links: [
        'eth0 203.0.113.2/24',
        'br0 172.18.0.1/16 kind=bridge down',
        'veth1 master=br0',
        'veth2 master=br0',
      ],
    },
    send: 'c1 172.18.0.3 icmp',
    there: 'c1 >eth0 = dropped neigh-failed',
  },
  {
    name: 'container’s link down',
    c2: { links: ['eth0 172.18.0.3/16 down'] },
    send: 'c1 172.18.0.3 icmp',
    there: 'c1 >eth0 = dropped link-down',
  },
  {
    name: 'veth that is no port',
    h: {
      links: ['eth0 203.0.113.2/24', 'br0 172.18.0.1/16 kind=bridge', 'veth1', 'veth2 master=br0'],
      sysctl: { 'net.ipv4.ip_forward': 1 },
    },
    send: 'h 172.18.0.2 icmp',
    there: 'h >br0 = dropped bridge-port-not-enslaved',
  },
  {
    name: 'isolated ports',
    h: {
      links: [
        'eth0 203.0.113.2/24',
        'br0 172.18.0.1/16 kind=bridge',
        'veth1 master=br0 isolated',
        'veth2 master=br0 isolated',
      ],
    },
    send: 'c1 172.18.0.3 icmp',
    there: 'c1 >eth0 = dropped neigh-failed',
  },
  {
    name: 'lo down',
    c1: { links: ['lo 127.0.0.1/8 down', 'eth0 172.18.0.2/16'] },
    send: 'c1 172.18.0.2 icmp',
    there: 'c1 >lo = dropped link-lo-down',
  },
  {
    name: 'address without its network',
    c1: { links: ['eth0 172.18.0.2/32'], routes: '' },
    send: 'h 172.18.0.2 icmp',
    there: 'h >br0 > c1 eth0 = delivered',
    back: 'c1 = dropped route-netns-no-default',
  },
  {
    name: 'arp_ignore',
    h: {
      links: [
        'eth0 203.0.113.2/24',
        'lo2 198.51.100.7/32 kind=dummy',
        'br0 172.18.0.1/16 kind=bridge',
        'veth1 master=br0',
        'veth2 master=br0',
      ],
      sysctl: { 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.all.arp_ignore': 1 },
    },
    c1: { routes: '198.51.100.7 dev eth0 scope link' },
    send: 'c1 198.51.100.7 icmp',
    there: 'c1 >eth0 = dropped arp-ignore-silent',
  },
  {
    name: 'address on a port of the bridge',
    h: {
      links: ['eth0 203.0.113.2/24', 'br0 kind=bridge', 'veth1 172.18.0.1/16 master=br0', 'veth2 master=br0'],
    },
    send: 'h 172.18.0.2 icmp',
    there: 'h >veth1 = dropped addr-on-enslaved-port',
  },
  {
    name: 'stale neighbour entry',
    h: { neighbours: '172.18.0.2 dev br0 lladdr 02:00:00:00:00:99 PERMANENT\n' },
    send: 'h 172.18.0.2 icmp',
    there: 'h >br0 > c2 eth0 = dropped neigh-stale-mac',
  },
  // NAT
  {
    name: 'DNAT to 127.0.0.1',
    h: { iptables: nat('-A PREROUTING -p tcp -m tcp --dport 90 -j DNAT --to-destination 127.0.0.1:9000\n') },
    send: 'e 203.0.113.2 tcp:90',
    there: 'e >eth0 > h eth0 = dropped nat-dnat-to-localhost',
    detail: sysctlOf,
    is: 'net.ipv4.conf.eth0.route_localnet',
  },
  {
    name: 'DNAT of 127.0.0.1 to a container',
    h: {
      iptables: nat(
        '-A OUTPUT -d 127.0.0.1/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80\n',
      ),
    },
    send: 'h 127.0.0.1 tcp:8080',
    there: 'h >lo = dropped nat-loopback-dnat',
    detail: sysctlOf,
    is: 'net.ipv4.conf.br0.route_localnet',
  },
  {
    name: 'own published port without hairpin',
    h: {
      iptables: nat(
        '-A PREROUTING -d 203.0.113.2/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80\n',
      ),
    },
    send: 'c1 203.0.113.2 tcp:8080',
    there: 'c1 >eth0 > h br0/veth1 = dropped nat-self-hairpin',
  },
  {
    name: 'own published port, routed',
    h: {
      iptables: nat(
        '-A PREROUTING -d 203.0.113.2/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80\n',
      ),
      sysctl: { 'net.ipv4.ip_forward': 1, 'net.bridge.bridge-nf-call-iptables': 0 },
    },
    send: 'c1 203.0.113.2 tcp:8080',
    there: 'c1 >eth0 > h br0/veth1>br0 > c1 eth0 = dropped martian-drop',
  },
  // Filtering
  {
    name: 'FORWARD policy',
    h: { iptables: filter('', 'DROP') },
    send: 'c1 203.0.113.10 icmp',
    there: 'c1 >eth0 > h br0/veth1>eth0 = dropped flt-forward-policy-drop',
    detail: ruleOf,
    is: 'filter FORWARD',
  },
  {
    name: 'FORWARD policy between ports of a bridge',
    h: { iptables: filter('', 'DROP') },
    send: 'c1 172.18.0.3 icmp',
    there: 'c1 >eth0 > h br0/veth1>br0 = dropped flt-bridge-nf-drop',
  },
  {
    name: 'icc=false',
    h: { iptables: filter('-A FORWARD -i br0 -o br0 -j DROP\n') },
    send: 'c1 172.18.0.3 icmp',
    there: 'c1 >eth0 > h br0/veth1>br0 = dropped flt-icc-off',
  },
  {
    name: 'only one direction allowed',
    h: {
      iptables: filter(
        '-A FORWARD -i br0 -j ACCEPT\n-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT\n',
        'DROP',
      ),
    },
    send: 'c1 203.0.113.10 icmp',
    there: 'c1 >eth0 > h br0/veth1>eth0 > e eth0 = delivered',
    back: 'e >eth0 > h eth0>br0 = dropped flt-forward-reply-blocked',
  },
  {
    name: 'INPUT policy before a container',
    h: { iptables: filter('', 'ACCEPT', 'DROP') },
    send: 'c1 172.18.0.1 tcp:22',
    there: 'c1 >eth0 > h br0/veth1 = dropped flt-input-blocks-container',
  },
  {
    name: 'INPUT policy before an outsider',
    h: { iptables: filter('', 'ACCEPT', 'DROP') },
    send: 'e 203.0.113.2 tcp:22',
    there: 'e >eth0 > h eth0 = dropped flt-input-drop',
  },
  {
    name: 'OUTPUT policy',
    c1: { iptables: filter('', 'ACCEPT', 'ACCEPT', 'DROP') },
    send: 'c1 172.18.0.1 icmp',
    there: 'c1 >eth0 = dropped flt-output-drop',
  },
  {
    name: 'a rule in a chain of its own',
    h: { iptables: filter(':MINE - [0:0]\n-A FORWARD -j MINE\n-A MINE -s 172.18.0.2/32 -j DROP\n') },
    send: 'c1 203.0.113.10 icmp',
    there: 'c1 >eth0 > h br0/veth1>eth0 = dropped flt-rule-drop',
    detail: ruleOf,
    is: 'filter MINE',
  },
  {
    name: 'REJECT',
    h: { iptables: filter('-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\n') },
    send: 'c1 203.0.113.10 tcp:80',
    there: 'c1 >eth0 > h br0/veth1>eth0 = rejected flt-reject',
    // The answer to what came in by a bridge port goes straight out of it.
    back: 'h > c1 eth0 = delivered',
  },
  {
    name: 'Docker’s isolation',
    h: {
      links: [...HOST.links, 'br9 172.19.0.1/16 kind=bridge', 'veth9 master=br9'],
      iptables: filter(
        ':DOCKER-ISOLATION-STAGE-1 - [0:0]\n:DOCKER-ISOLATION-STAGE-2 - [0:0]\n-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n-A DOCKER-ISOLATION-STAGE-1 -i br0 ! -o br0 -j DOCKER-ISOLATION-STAGE-2\n-A DOCKER-ISOLATION-STAGE-2 -o br9 -j DROP\n',
      ),
    },
    send: 'c1 172.19.0.2 icmp',
    there: 'c1 >eth0 > h br0/veth1>br9 = dropped flt-docker-isolation',
  },
  {
    name: 'Docker’s internal network',
    h: {
      iptables: filter(
        ':DOCKER-ISOLATION-STAGE-1 - [0:0]\n-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n-A DOCKER-ISOLATION-STAGE-1 ! -d 172.18.0.0/16 -i br0 -j DROP\n',
      ),
    },
    send: 'c1 203.0.113.10 icmp',
    there: 'c1 >eth0 > h br0/veth1>eth0 = dropped flt-docker-internal',
  },
  {
    name: 'Docker 28’s raw rule',
    h: { iptables: raw('-A PREROUTING -d 172.18.0.2/32 ! -i br0 -j DROP\n') },
    send: 'e 172.18.0.2 tcp:80',
    there: 'e >eth0 > h eth0 = dropped flt-docker-raw-direct',
  },
  {
    name: 'rules of the other backend',
    h: { iptables: filter('-A FORWARD -j ACCEPT\n'), legacy: filter('', 'DROP') },
    send: 'c1 203.0.113.10 icmp',
    there: 'c1 >eth0 > h br0/veth1>eth0 = dropped flt-legacy-nft-mix',
  },
  {
    name: 'INVALID dropped',
    h: { iptables: filter('-A FORWARD -m conntrack --ctstate INVALID -j DROP\n') },
    send: 'c1 203.0.113.10 synack:80',
    there: 'c1 >eth0 > h br0/veth1>eth0 = dropped ct-invalid-drop',
  },
  // Sockets
  {
    name: 'port closed',
    send: 'h 172.18.0.2 tcp:8080',
    there: 'h >br0 > c1 eth0 = rejected sock-not-listening',
    back: 'c1 >eth0 > h br0/veth1 = delivered',
  },
  {
    name: 'bound to 127.0.0.1',
    send: 'h 172.18.0.2 tcp:81',
    there: 'h >br0 > c1 eth0 = rejected sock-loopback-bound',
    back: 'c1 >eth0 > h br0/veth1 = delivered',
  },
  {
    name: 'no listener on the host',
    send: 'e 203.0.113.2 tcp:5000',
    there: 'e >eth0 > h eth0 = rejected sock-not-listening',
  },
  // MTU
  {
    name: 'TTL ends',
    send: 'c1 203.0.113.10 icmp ttl=1',
    there: 'c1 >eth0 > h br0/veth1>eth0 = dropped ttl-expired',
    back: 'h >br0 > c1 eth0 = delivered',
  },
  // IPv6
  {
    name: 'IPv6 forwarding off',
    h: {
      links: ['eth0 2001:db8::2/64', 'br0 fd00::1/64 kind=bridge', 'veth1 master=br0', 'veth2 master=br0'],
      sysctl: { 'net.ipv6.conf.all.forwarding': 0 },
    },
    c1: { links: ['eth0 fd00::2/64'], routes: 'default via fd00::1 dev eth0 metric 1024' },
    send: 'c1 2001:db8::10 icmpv6',
    there: 'c1 >eth0 > h br0/veth1 = dropped v6-forwarding-off',
  },
  { name: 'no IPv6 route', send: 'c1 2001:db8::10 icmpv6', there: 'c1 = dropped v6-no-path' },
];

const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, synack: 6, icmpv6: 58 };

function run({ e, h, c1, c2, wires, send }: Case) {
  const { world } = network(
    { e: { ...OUTSIDE, ...e }, h: { ...HOST, ...h }, c1: { ...C1, ...c1 }, c2: { ...C2, ...c2 } },
    wires ?? WIRES,
    { respond: true },
  );
  const [from = '', to = '', what = '', ...more] = send.split(' ');
  const [protocol = '', port] = what.split(':');
  const ttl = more.find((word) => word.startsWith('ttl='))?.slice(4);
  return probe(world, {
    from,
    to: ip(to),
    protocol: PROTOCOLS[protocol] ?? 0,
    ...(port === undefined ? {} : { destinationPort: Number(port) }),
    ...(protocol === 'synack' ? { tcpFlags: 18 } : {}),
    ...(ttl === undefined ? {} : { ttl: Number(ttl) }),
  });
}

/** arp_ignore by its value: an address of another interface, of the whole network and of scope host. */
const ARP_IGNORE: readonly (readonly [value: number, elsewhere: boolean, onTheLink: boolean])[] = [
  [0, true, true],
  [1, false, true],
  [2, false, true],
  [3, true, true],
  [4, true, true],
  [7, true, true],
  [8, false, false],
  [9, true, true],
];

describe('arp_ignore', () => {
  it.each(ARP_IGNORE)('%d', (value, elsewhere, onTheLink) => {
    const h = {
      ...HOST,
      links: [...(HOST.links ?? []), 'lo2 198.51.100.7/32 kind=dummy'],
      sysctl: { ...HOST.sysctl, 'net.ipv4.conf.all.arp_ignore': value },
    };
    const c1 = { ...C1, routes: `${C1.routes}\n198.51.100.7 dev eth0 scope link` };
    const { world } = network({ e: OUTSIDE, h, c1, c2: C2 }, WIRES, { respond: true });
    for (const [to, answers] of [
      ['198.51.100.7', elsewhere],
      ['172.18.0.1', onTheLink],
    ] as const) {
      const { there } = probe(world, { from: 'c1', to: ip(to), protocol: 1 });
      expect(way(there), to).toBe(
        answers ? 'c1 >eth0 > h br0/veth1 = delivered' : 'c1 >eth0 = dropped arp-ignore-silent',
      );
    }
  });
});

describe('causes', () => {
  it.each(CASES.map((each): [string, Case] => [each.name, each]))('%s', (_, each) => {
    const { there, back } = run(each);
    if (each.there.startsWith('loop'))
      expect(way(there)).toMatch(/> h eth0>eth0 > e eth0>eth0 .*= dropped ttl-expired$/);
    else expect(way(there)).toBe(each.there);
    if (each.back !== undefined) expect(back && way(back)).toBe(each.back);
    if (each.detail) expect(each.detail(there)).toEqual(each.is);
  });
});
