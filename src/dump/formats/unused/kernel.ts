/** Outputs of kernel tools that show a state otherwise than another command does, or events. */
import { lazily } from '../../../base/memo.ts';
import { has } from '../../format.ts';
import { isObject } from '../../json.ts';
import type { Unused } from './unused.ts';

export const KERNEL = lazily((): readonly Unused[] => [
  {
    id: 'ip-route-get',
    command: 'ip route get',
    why: 'says where the kernel sends one packet, not which routes and rules there are; `ip route show table all` and `ip rule` do',
    tells: /^\s+cache\b|\suid \d+\s*$/,
    commands: /^ip (?:-\S+ )*r(?:o(?:u(?:te?)?)?)? g(?:et?)? /,
  },
  {
    id: 'conntrack-xml',
    command: 'conntrack -L -o xml',
    why: 'is not read in this form; `conntrack -L -o extended` has the same',
    tells: /^<conntrack>/,
  },
  {
    id: 'conntrack-count',
    command: 'conntrack -C',
    why: 'is one number; `sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max` has it with its limit',
    commands: /^conntrack (?:-C|--count)/,
  },
  {
    id: 'nft-names',
    command: 'nft list tables',
    why: 'names tables, chains or sets without what is in them; `nft list ruleset` has all',
    tells: /^table (?:ip6?|inet|arp|bridge|netdev) \S+\s*$/,
    commands:
      /^nft (?:-\S+ )*list (?:tables|chains|sets|maps|meters|flowtables|counters|quotas|limits|hooks|ct helpers?)\b/,
  },
  {
    id: 'ipset-names',
    command: 'ipset list -n',
    why: 'names the sets without what is in them; `ipset save` has both',
    commands: /^ipset (?:-n|-name) (?:list|-L)|^ipset (?:list|-L) .*(?:-n|-name)(?= |$)/,
  },
  {
    id: 'ip-vrf',
    command: 'ip vrf show',
    why: 'names VRFs and their tables; `ip -d link` has them with their ports',
    tells: /^\s*Name\s+Table\s*$/,
  },
  {
    id: 'ip-tunnel',
    command: 'ip tunnel show',
    why: 'shows tunnels without their interfaces; `ip -d link` has both',
    tells: /^\S+: (?:gre|ip|ipv6|any|unknown)\/(?:ip|ipv6)\s+remote \S+\s+local \S+/,
  },
  {
    id: 'ip-tuntap',
    command: 'ip tuntap',
    why: 'names tun and tap devices; `ip -d link` has them with all else',
    tells: /^\S+: (?:tun|tap)(?: |$)/,
  },
  {
    id: 'ip-token',
    command: 'ip token',
    why: 'has interface identifiers of IPv6; `ip addr` has the addresses that came of them',
    tells: /^token \S+ dev \S+/,
  },
  {
    id: 'ip-ntable',
    command: 'ip ntable',
    why: 'has settings of the neighbour tables; `sysctl -a` has those that count (gc_thresh3, base_reachable_time)',
    tells: /^inet6? (?:arp_cache|ndisc_cache)\s*$/,
  },
  {
    id: 'ip-addrlabel',
    command: 'ip addrlabel',
    why: 'has the label table by which IPv6 source addresses are chosen; the default one is taken',
    tells: /^prefix \S+ (?:dev \S+ )?label \d+/,
  },
  {
    id: 'ip-netconf',
    command: 'ip netconf',
    why: 'has some of the settings of the interfaces; `sysctl -a` has all',
    tells: /^inet6? \S+ forwarding (?:on|off) rp_filter /,
  },
  {
    id: 'ip-netconf-json',
    command: 'ip -j netconf',
    why: 'has some of the settings of the interfaces; `sysctl -a` has all',
    tells: (record) => has(record, 'family', 'forwarding', 'rp_filter'),
  },
  {
    id: 'ip-maddr',
    command: 'ip maddr',
    why: 'says which groups the interfaces joined; of those nettrace asks `bridge -d mdb` only',
    tells:
      /^\s+(?:inet {2}22[4-9]\.|inet6 ff0)|^IPv6\/IPv4 Group Memberships|^\d+\s+\S+\s+ff0[0-9a-f]{29}\s+\d+ [0-9A-F]{8} \d+/,
    commands: /^ip (?:-\S+ )*m(?:a(?:ddr\w*)?)?(?= |$)/,
  },
  {
    id: 'ip-maddr-json',
    command: 'ip -j maddr',
    why: 'says which groups the interfaces joined; of those nettrace asks `bridge -d mdb` only',
    tells: (record) => Array.isArray(record.maddr),
  },
  {
    id: 'ip-xfrm',
    command: 'ip xfrm state',
    why: 'IPsec is not modelled: every packet counts as one without',
    tells: /^src \S+ dst \S+\s*$|^\s+proto (?:esp|ah|comp) spi 0x/,
  },
  {
    id: 'wg',
    command: 'wg show',
    why: 'the peers of WireGuard are not modelled; `ip -d link` and `ip route` tell what goes there',
    tells: /^interface: \S+$|^ {2}(?:public key|listening port|allowed ips): /,
  },
  {
    id: 'ipvsadm',
    command: 'ipvsadm -Ln',
    why: 'IPVS is not modelled',
    tells: /^IP Virtual Server version /,
  },
  {
    id: 'brctl-showmacs',
    command: 'brctl showmacs',
    why: 'names the ports by numbers; `bridge fdb` has their names',
    tells: /^port no\s+mac addr\s+is local\?\s+ageing timer/,
  },
  {
    id: 'brctl-showstp',
    command: 'brctl showstp',
    why: 'has the spanning tree; `bridge -d link` has the state of each port',
    tells: /^\s*designated root\s+[0-9a-f]{4}\.[0-9a-f]{12}/,
  },
  {
    id: 'ethtool',
    command: 'ethtool',
    why: 'tells of the hardware and its offloads; `ethtool -S` has the counters, `ip -d link` the rest',
    tells:
      /^(?:(?:Settings|Features|Ring parameters|Channel parameters|Coalesce parameters|Pause parameters|Time stamping parameters|Module|Private flags|Offload parameters) for \S+:|driver: \S|Permanent address: |netlink error: )/,
  },
  {
    id: 'tc-filter',
    command: 'tc filter',
    why: 'what filters of traffic control do to packets is not modelled; `tc -s qdisc` shows what queues dropped',
    tells: /^filter (?:parent|protocol|block|dev) \S+|^class \S+ [0-9a-f]+:[0-9a-f]* /,
  },
  {
    id: 'ebtables-list',
    command: 'ebtables -L',
    why: 'prints options otherwise than they are given; `ebtables-save` has the rules',
    tells: /^Bridge (?:table: \w+|chain: \S+, entries: \d+)/,
  },
  {
    id: 'arptables-list',
    command: 'arptables -L',
    why: 'prints options otherwise than they are given; `arptables-save` has the rules',
    tells: /^-j \S+ .*(?:-s \S+ -d \S+|--(?:opcode|h-length|src-mac) )/,
    commands: /^arptables(?:-nft|-legacy)? (?:.* )?(?:-\w*L|--list)/,
  },
  {
    id: 'ss-summary',
    command: 'ss -s',
    why: 'counts sockets by protocol; `ss -lntup` has them one by one',
    tells: /^TCP: {3}\d+ \(estab \d+, closed \d+/,
  },
  {
    id: 'socket-users',
    command: 'fuser',
    why: 'names processes; `ss -lntup` has them with their sockets',
    commands: /^fuser /,
  },
  {
    id: 'iptables-version',
    command: 'iptables -V',
    why: 'says which backend the command has; `iptables-save` has its rules and says so too',
    tells: /^ip6?tables v\d[\d.]+(?: \((?:nf_tables|legacy)\))?\s*$/,
    commands: /^(?:ip6?tables|nft|conntrack|ipset|ip|docker|podman) (?:-V|-v|--version)$/,
  },
  {
    id: 'xtables-modules',
    command: 'cat /proc/net/ip_tables_matches',
    why: 'names extensions that are loaded; `iptables-save` has the rules',
    commands: /^cat \/proc\/net\/ip6?_tables_(?:matches|targets)/,
  },
  {
    id: 'lsmod',
    command: 'lsmod',
    why: 'says which modules are loaded, not what they were told; `iptables-save` and `sysctl -a` do',
    tells: /^Module\s+Size\s+Used by\b/,
    commands: /^(?:lsmod|modinfo|modprobe)(?: |$)/,
  },
  {
    id: 'uname',
    command: 'uname',
    why: 'names the kernel; what is modelled is that of Linux 6.18, and docs/kernel.md says where older ones differ',
    tells: /^Linux \S+ \d+\.\d+\S* #\d|^Linux version \d+\.\d+/,
    commands: /^uname(?: |$)/,
  },
  {
    id: 'os-release',
    command: 'cat /etc/os-release',
    why: 'names the distribution, of which nothing hangs',
    tells: /^(?:PRETTY_NAME|VERSION_CODENAME|ID_LIKE)=|^Distributor ID:\s/,
    commands: /^(?:cat \/etc\/(?:os-release|\w*-release|issue|debian_version)|lsb_release|hostnamectl)/,
  },
  {
    id: 'dmesg',
    command: 'dmesg, journalctl',
    why: 'none of its lines is of netfilter (TRACE, LOG, a full table)',
    tells:
      /^(?:<\d+>)?\[ *\d+\.\d{6}\] |^(?:\w{3} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) \S+ [\w.@-]+(?:\[\d+\])?: |^time="\d{4}-\d\d-\d\dT\S+" level=\w+ /,
  },
  {
    id: 'teamdctl-json',
    command: 'teamdctl state dump',
    why: 'teams are taken for plain links; `ip -d link` has their ports',
    tells: (record) => isObject(record.setup) && 'runner_name' in record.setup,
  },
  {
    id: 'retis-json',
    command: 'retis events',
    why: 'events of retis are not read; netfilter traces and captures are',
    tells: (record) => isObject(record.common) && has(record.common, 'timestamp') && has(record, 'kernel'),
  },
]);
