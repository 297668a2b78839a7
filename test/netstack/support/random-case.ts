import type { LiveCase } from './live-case.ts';
import { Random } from './random.ts';
import { answers, randomPacket } from './random-packets.ts';
import { randomRules } from './random-rules.ts';

const PACKETS = 30;
const ANSWERS = 60;

/** Settings that change the way of many packets, each with how to undo it. */
const SETTINGS: readonly (readonly [on: string, off: string])[] = [
  ['sysctl -qw net.bridge.bridge-nf-call-iptables=0', 'sysctl -qw net.bridge.bridge-nf-call-iptables=1'],
  ['sysctl -qw net.bridge.bridge-nf-call-ip6tables=0', 'sysctl -qw net.bridge.bridge-nf-call-ip6tables=1'],
  ['sysctl -qw net.ipv4.conf.eth0.rp_filter=1', 'sysctl -qw net.ipv4.conf.eth0.rp_filter=0'],
  ['sysctl -qw net.ipv4.conf.all.rp_filter=2', 'sysctl -qw net.ipv4.conf.all.rp_filter=0'],
  ['sysctl -qw net.ipv4.conf.eth1.forwarding=0', 'sysctl -qw net.ipv4.conf.eth1.forwarding=1'],
  ['sysctl -qw net.ipv4.ip_forward=0', 'sysctl -qw net.ipv4.ip_forward=1'],
  ['sysctl -qw net.ipv4.conf.all.route_localnet=1', 'sysctl -qw net.ipv4.conf.all.route_localnet=0'],
  ['sysctl -qw net.ipv4.conf.all.accept_local=1', 'sysctl -qw net.ipv4.conf.all.accept_local=0'],
  ['sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0', 'sysctl -qw net.netfilter.nf_conntrack_tcp_loose=1'],
  [
    'sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1',
    'sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=0',
  ],
  ['ip route add 10.90.2.2 via 10.90.1.3', 'ip route del 10.90.2.2 via 10.90.1.3'],
  ['ip route add blackhole 8.8.8.0/24', 'ip route del blackhole 8.8.8.0/24'],
  ['ip rule add fwmark 1 lookup 100 pref 100', 'ip rule del pref 100'],
  ['ip rule add fwmark 2/2 iif eth0 lookup 100 pref 101', 'ip rule del pref 101'],
  ['ip rule add from 10.90.3.0/24 to 10.90.1.0/24 lookup 100 pref 102', 'ip rule del pref 102'],
  ['ip rule add tos 0x10 lookup 100 pref 103', 'ip rule del pref 103'],
  ['bridge link set dev p0 hairpin on', 'bridge link set dev p0 hairpin off'],
];

export function randomCase(seed: number): LiveCase {
  const random = new Random(seed);
  const rules4 = randomRules(random, 4);
  const rules6 = randomRules(random, 6);
  const chosen = SETTINGS.filter(() => random.chance(0.06));
  const setup = ['ip route add default via 10.90.1.2 dev eth0 table 100', ...chosen.map(([on]) => on)];
  const teardown = [...chosen.map(([, off]) => off), 'ip route flush table 100'];
  const inRouter = (commands: readonly string[]) => commands.map((command) => `R ${command}`).join('\n');
  return {
    name: `seed ${seed}`,
    rules4,
    rules6,
    setup: inRouter(setup),
    teardown: inRouter(teardown),
    packets: Array.from({ length: PACKETS }, () => randomPacket(random)),
    follow: answers(random, ANSWERS),
  };
}
