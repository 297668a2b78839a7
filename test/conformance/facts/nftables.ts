/** What nftables' own rules do where its manual page says less: hooks and priorities, what an expression is of, chains below the IP layer. */
import type { Stimulus } from '../case.ts';
import type { Fact } from '../facts.ts';
import { ipv4, ipv6, type Octets, skbOfOctets, u16, u32, zeros } from '../generate/octets.ts';
import { nearMac, ROUTER, type RouterEnd } from '../networks/router.ts';

const host4 = (network: number, host: number): number => 0x0a5a0000 + network * 256 + host;
const host6 = (network: number, host: number): bigint =>
  (0xfd90n << 112n) | (BigInt(network) << 96n) | BigInt(host);
type To = readonly [network: number, host: number];
const SERVER: To = [2, 2];
const ROUTER_ITSELF: To = [1, 1];

const udp = (port = 53): Octets => [...u16(1000), ...u16(port), ...u16(13), ...u16(0), ...zeros(5)];
const tcp = (flags = 2, options: Octets = []): Octets => [
  ...[...u16(1000), ...u16(80), ...u32(1000), ...u32(0)],
  ...[(5 + options.length / 4) << 4, flags, ...u16(1000), ...u32(0)],
  ...options,
];
const four = (protocol: number, body: Octets, to: To = SERVER, more = {}, from: To = [1, 2]): Stimulus => ({
  on: 'eth0',
  skb: skbOfOctets(ipv4({ source: host4(...from), destination: host4(...to), protocol, ...more }, body)),
});
const six = (protocol: number, body: Octets, to: To = SERVER): Stimulus => ({
  on: 'eth0',
  skb: skbOfOctets(ipv6({ source: host6(1, 2), destination: host6(...to), protocol }, body)),
});
const local = ({ skb }: Stimulus): Stimulus => ({ on: 'local:host', skb });
/** From behind the bridge's port, to a MAC. */
const bridged = (to: To, end: RouterEnd, mac: number): Stimulus => ({
  on: end,
  skb: { ...four(17, udp(), to, {}, [3, 2]).skb, etherDestination: mac },
});
const SENT = four(17, udp(), SERVER, {}, [2, 1]);

const chain = (name: string, base: string, rules: readonly string[]): string =>
  [` chain ${name} {`, `  type ${base}; policy accept;`, ...rules.map((rule) => `  ${rule}`), ' }'].join(
    '\n',
  );
const table = (name: string, ...chains: readonly string[]): string =>
  [`table ${name} {`, ...chains, '}', ''].join('\n');

function fact(
  name: string,
  nft: string,
  stimuli: readonly Stimulus[],
  settings: readonly string[] = [],
): Fact {
  return { name, network: ROUTER, rules: { host: { nft } }, settings: { host: settings }, stimuli };
}

const TRACED = 'meta nftrace set 1';
const NO_BRIDGE_NETFILTER = ['sysctl -qw net.bridge.bridge-nf-call-iptables=0'];

export const nftablesFacts: readonly Fact[] = [
  fact(
    'of base chains with one priority, the one made last is asked first',
    table(
      'inet a',
      chain('one', 'filter hook forward priority 0', ['counter']),
      chain('two', 'filter hook forward priority 0', ['counter']),
      chain('three', 'filter hook forward priority -1', ['counter']),
    ) + table('ip b', chain('four', 'filter hook forward priority 0', ['counter', 'udp dport 54 drop'])),
    [four(17, udp()), four(17, udp(54)), six(17, udp())],
  ),
  fact(
    'the priority of a nat chain orders it among nat chains: all of them stand behind mangle',
    table(
      'ip n',
      chain('late', 'nat hook prerouting priority 300', ['counter dnat to 10.90.2.4']),
      chain('early', 'nat hook prerouting priority -190', ['udp dport 54 counter dnat to 10.90.2.3']),
      chain('mangle', 'filter hook prerouting priority -150', ['ip daddr 10.90.2.2 counter']),
      chain('behind', 'filter hook prerouting priority -50', ['ip daddr 10.90.2.2 counter', 'counter']),
    ),
    [four(17, udp()), four(17, udp(54)), four(17, udp(54))],
  ),
  fact(
    'iiftype is of the device that the packet is at, in output of none; ether asks for it first',
    table(
      'inet t',
      ...(['prerouting', 'input', 'forward', 'output', 'postrouting'] as const).map((hook) =>
        chain(hook, `filter hook ${hook} priority 0`, [
          'meta iiftype ether counter',
          'meta iiftype != ether counter',
          'meta iiftype loopback counter',
          'ether saddr 02:aa:00:00:00:01 counter',
        ]),
      ),
    ),
    [
      four(17, udp()),
      four(17, udp(), ROUTER_ITSELF),
      local(SENT),
      local(four(17, udp(), [2, 1], {}, [2, 1])),
    ],
  ),
  fact(
    'in postrouting a forwarded packet still has its incoming interface, a sent one an empty name',
    table(
      'inet p',
      chain('post', 'filter hook postrouting priority 0', [
        'iifname "eth0" counter',
        'iifname != "eth0" counter',
        'oifname "eth1" counter',
      ]),
    ),
    [four(17, udp()), local(SENT)],
  ),
  fact(
    'before conntrack has seen the packet its state is invalid',
    table(
      'inet c',
      chain('before', 'filter hook prerouting priority -250', [
        'ct state invalid counter',
        'ct state new counter',
      ]),
      chain('behind', 'filter hook prerouting priority -150', [
        'ct state invalid counter',
        'ct state new counter',
      ]),
    ),
    [four(17, udp()), four(6, tcp(41)), six(6, tcp())],
  ),
  fact(
    'ct state with != compares all bits at once, without it asks for any of them',
    table(
      'inet c',
      chain('forward', 'filter hook forward priority 0', [
        'ct state new,established counter',
        'ct state != new,established counter',
        'ct state != new counter',
        'ct state != { new, established } counter',
      ]),
    ),
    [four(17, udp()), four(17, udp()), four(6, tcp(41))],
  ),
  fact(
    'maxseg is lowered and raised; without the option the rule goes on, without a TCP header it ends',
    table(
      'inet m',
      chain('forward', 'filter hook forward priority 0', [
        'tcp option maxseg size set 1000 counter',
        'tcp option maxseg size 1000 counter',
        'tcp option maxseg exists counter',
      ]),
    ),
    [
      four(6, tcp(2, [2, 4, ...u16(1460)])),
      four(6, tcp(2, [2, 4, ...u16(500)])),
      four(6, tcp()),
      four(17, udp()),
    ],
  ),
  fact(
    'dnat ip in an inet table leaves IPv6 packets alone, and the rule counts',
    table(
      'inet d',
      chain('pre', 'nat hook prerouting priority -100', [
        'udp dport 53 counter dnat ip to 10.90.2.3',
        'counter',
      ]),
    ),
    [four(17, udp()), six(17, udp())],
  ),
  fact(
    'reject in prerouting does not answer packets from an own address to elsewhere',
    table('ip r', chain('pre', 'filter hook prerouting priority 0', ['udp dport 53 counter reject'])),
    [four(17, udp()), four(17, udp(), SERVER, {}, [2, 1])],
  ),
  fact(
    'a later fragment meets ports by chance where one load is enough',
    table(
      'ip f',
      chain('forward', 'filter hook forward priority 0', [
        'udp dport 53 counter',
        'udp sport 1000 counter',
        '@th,0,32 0x03e80035 counter',
        '@th,0,64 0 counter',
        'tcp option maxseg exists counter',
        '@nh,48,8 32 counter',
        'ip frag-off & 0x1fff != 0 counter',
      ]),
    ),
    [
      four(17, udp(), SERVER, { fragment: 0x2000 }),
      four(17, udp(), SERVER, { fragment: 2 }),
      four(6, tcp(2, [2, 4, ...u16(1460)]), SERVER, { fragment: 2 }),
      four(17, zeros(3), SERVER, { fragment: 4 }),
    ],
  ),
  fact(
    'sets and maps: intervals, verdicts, the longest entry of a concatenation; an update counts and times',
    table(
      'inet s',
      ' set seen { type ipv4_addr; flags dynamic,timeout; timeout 1m; counter; }',
      ' map to { type inet_service : verdict; flags interval; elements = { 53 : accept, 54 : drop, 60-70 : goto other } }',
      ' set pairs { type ipv4_addr . inet_service; flags interval; elements = { 10.90.2.0/24 . 70-80 } }',
      ' chain other { counter; }',
      chain('forward', 'filter hook forward priority 0', [
        'update @seen { ip saddr } counter',
        'ip saddr @seen counter',
        'ip daddr . udp dport @pairs counter',
        'udp dport vmap @to',
        'counter',
      ]),
    ),
    [53, 54, 65, 75, 90].map((port) => four(17, udp(port))),
  ),
  fact(
    'netdev: ingress before anything else, egress after everything, with the frame’s header in the length',
    table(
      'netdev n',
      chain('in0', 'filter hook ingress device "eth0" priority 0', [
        TRACED,
        'udp dport 54 counter drop',
        'ip saddr 10.90.1.2 counter',
        'meta mark set 7',
      ]),
      chain('out1', 'filter hook egress device "eth1" priority 0', [
        'udp dport 55 counter drop',
        'meta mark 7 counter',
        'meta length 47 counter',
      ]),
    ) + table('inet f', chain('forward', 'filter hook forward priority 0', ['meta mark 7 counter'])),
    [four(17, udp()), four(17, udp(54)), four(17, udp(55)), six(17, udp()), local(SENT)],
  ),
  fact(
    'ingress of an inet table: both families, before the checks of the IP layer',
    table(
      'inet i',
      chain('in0', 'filter hook ingress device "eth0" priority 0', [
        TRACED,
        'ip ttl 1 counter',
        'udp dport 54 counter drop',
        'meta l4proto udp counter',
      ]),
    ),
    [
      four(17, udp()),
      four(17, udp(54)),
      four(17, udp(), SERVER, { ttl: 1 }),
      six(17, udp()),
      six(17, udp(54)),
    ],
  ),
  fact(
    'bridge: prerouting, forward and postrouting of frames from port to port; input and output of the host’s own',
    table(
      'bridge b',
      ...(['prerouting', 'input', 'forward', 'output', 'postrouting'] as const).map((hook) =>
        chain(hook, `filter hook ${hook} priority 0`, [
          ...(hook === 'prerouting' ? [TRACED] : []),
          'iifname "p0" counter',
          'oifname "p1" counter',
          'ip protocol udp counter',
        ]),
      ),
    ),
    [
      bridged([3, 3], 'p0', 0x02aa00000004),
      bridged([3, 1], 'p0', nearMac('br0')),
      bridged([2, 2], 'p0', nearMac('br0')),
      bridged([3, 255], 'p0', 0xffffffffffff),
      four(17, udp(), [3, 2]),
    ],
    NO_BRIDGE_NETFILTER,
  ),
  fact(
    'bridge: a drop in each of the hooks',
    table(
      'bridge b',
      chain('pre', 'filter hook prerouting priority -300', [TRACED, 'ip daddr 10.90.3.7 counter drop']),
      chain('in', 'filter hook input priority 0', ['ip daddr 10.90.3.1 counter drop']),
      chain('between', 'filter hook forward priority 0', ['ip daddr 10.90.3.3 counter drop']),
      chain('post', 'filter hook postrouting priority 0', ['ip daddr 10.90.3.4 counter drop']),
    ),
    [
      bridged([3, 7], 'p0', 0x02aa00000004),
      bridged([3, 1], 'p0', nearMac('br0')),
      bridged([3, 3], 'p0', 0x02aa00000004),
      bridged([3, 4], 'p0', 0x02aa00000004),
      bridged([3, 5], 'p0', 0x02aa00000004),
    ],
    NO_BRIDGE_NETFILTER,
  ),
];
