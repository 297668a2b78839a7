/** Settings of a gateway that change the way of many packets. */
import type { Random } from '../random.ts';
import type { Site } from './site.ts';

export function randomSettings(random: Random, site: Site, often = 0.07): string[] {
  const [gateway] = site.namespaces;
  if (!gateway) return [];
  const device = () => random.pick(gateway.interfaces);
  const network = () => random.pick(site.networks[4]);
  const host = random.pick(site.hosts);
  const lines = [
    'sysctl -qw net.bridge.bridge-nf-call-iptables=0',
    'sysctl -qw net.bridge.bridge-nf-call-ip6tables=0',
    `sysctl -qw net.ipv4.conf.${device()}.rp_filter=1`,
    'sysctl -qw net.ipv4.conf.all.rp_filter=2',
    `sysctl -qw net.ipv4.conf.${device()}.forwarding=0`,
    'sysctl -qw net.ipv4.ip_forward=0',
    'sysctl -qw net.ipv6.conf.all.forwarding=0',
    'sysctl -qw net.ipv4.conf.all.route_localnet=1',
    'sysctl -qw net.ipv4.conf.all.accept_local=1',
    'sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0',
    'sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1',
    'sysctl -qw net.ipv4.conf.all.src_valid_mark=1',
    'ip route add blackhole 8.8.8.0/24',
    'ip route add unreachable 203.0.113.0/24',
    'ip -6 route add prohibit 2001:db8:77::/48',
    `ip rule add fwmark 1 lookup 100 pref 100`,
    'ip rule add fwmark 2/2 lookup 100 pref 101',
    `ip rule add from ${network()} to ${network()} lookup 100 pref 102`,
    'ip rule add tos 0x10 lookup 100 pref 103',
    `ip rule add iif ${device()} prohibit pref 104`,
    'ip rule add ipproto udp dport 53 lookup 100 pref 105',
  ];
  const chosen = lines.filter(() => random.chance(often));
  const ports = gateway.ports.filter(() => random.chance(often));
  return [
    `ip route add default via ${host.address[4]} table 100`,
    ...chosen,
    ...ports.map((port) => `bridge link set dev ${port} ${random.pick(['hairpin', 'isolated'])} on`),
  ];
}
