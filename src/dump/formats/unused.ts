/** What people paste and nettrace recognises, but takes nothing from: listed with the reason, and what to give in its place. */
import { type Format, firstLine, firstRecord, has } from '../format.ts';
import { isObject, type JsonObject } from '../json.ts';
import type { DumpText } from '../text.ts';

/** Stands behind the command's name: what it says instead of what the kernel holds. */
interface Unused {
  readonly id: string;
  readonly command: string;
  readonly why: string;
  /** One line with this pattern tells it; of JSON, an object. */
  readonly tells: RegExp | ((record: JsonObject) => boolean);
}

const UNUSED: readonly Unused[] = [
  {
    id: 'nmcli',
    command: 'nmcli device',
    why: 'says what NetworkManager set up, not what the kernel holds; `ip addr` and `ip route` do',
    tells: /^\s*(?:GENERAL\.DEVICE:|DEVICE\s+TYPE\s+STATE\s+CONNECTION\b)/,
  },
  {
    id: 'ufw',
    command: 'ufw status',
    why: 'says what ufw was asked for; the rules it made of it are in `iptables-save` and `ip6tables-save`',
    tells: /^\s*Status: (?:in)?active\s*$|^Profile: \S.*$|^Default: \w+ \(incoming\)/,
  },
  {
    id: 'firewall-cmd',
    command: 'firewall-cmd --list-all',
    why: 'says what firewalld was asked for; the rules it made of it are in `nft list ruleset` or `iptables-save`',
    tells: /^ {2}(?:target: \S+|icmp-block-inversion: \w+|masquerade: (?:yes|no))\s*$/,
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
    tells: /^\S+: (?:gre|ip|ipv6|any)\/(?:ip|ipv6)\s+remote \S+\s+local \S+/,
  },
  {
    id: 'docker-version',
    command: 'docker version',
    why: 'tells of the engine, not of containers or networks; `docker inspect` and `docker network inspect` do',
    tells:
      /^\s*(?:API version:\s+[\d.]+|Git commit:\s+[0-9a-f]+|Client API version:\s|Storage Driver: \S+|Containers: \d+)/,
  },
  {
    id: 'traceroute',
    command: 'traceroute',
    why: 'says which routers answered; a capture of it shows the packets',
    tells: /^\s*(?:traceroute6? to \S+ \(\S+\),? |tracepath|\s*1\?: \[LOCALHOST\])/,
  },
  {
    id: 'ping',
    command: 'ping',
    why: 'says what one program got to see; a capture of it (`tcpdump -w`) shows the packets',
    tells: /^\s*PING \S+ ?\(\S+\)|^\d+ bytes from \S+ icmp_seq=/,
  },
  {
    id: 'dig',
    command: 'dig',
    why: 'says what one program got to see; a capture of it shows the packets, and `/etc/resolv.conf` whom it asks',
    tells: /^; <<>> DiG |^;; (?:ANSWER SECTION|connection timed out)|^Server:\s+\S+$/,
  },
  {
    id: 'ethtool',
    command: 'ethtool',
    why: 'tells of the hardware and its offloads; `ethtool -S` has the counters, `ip -d link` the rest',
    tells:
      /^(?:Settings|Features|Ring parameters|Channel parameters|Coalesce parameters|Pause parameters) for \S+:/,
  },
  {
    id: 'wg',
    command: 'wg show',
    why: 'the peers of WireGuard are not modelled; `ip -d link` and `ip route` tell what goes there',
    tells: /^interface: \S+$|^ {2}(?:public key|listening port|allowed ips): /,
  },
  {
    id: 'ip-xfrm',
    command: 'ip xfrm state',
    why: 'IPsec is not modelled: every packet counts as one without',
    tells: /^src \S+ dst \S+\s*$|^\s+proto (?:esp|ah|comp) spi 0x/,
  },
  {
    id: 'ipvsadm',
    command: 'ipvsadm -Ln',
    why: 'IPVS is not modelled',
    tells: /^IP Virtual Server version /,
  },
  {
    id: 'lsmod',
    command: 'lsmod',
    why: 'says which modules are loaded, not what they were told; `iptables-save` and `sysctl -a` do',
    tells: /^Module\s+Size\s+Used by\b/,
  },
  {
    id: 'ebtables-list',
    command: 'ebtables -L',
    why: 'prints options otherwise than they are given; `ebtables-save` has the rules',
    tells: /^Bridge (?:table: \w+|chain: \S+, entries: \d+)/,
  },
  {
    id: 'ip-netconf',
    command: 'ip netconf',
    why: 'has some of the settings of the interfaces; `sysctl -a` has all',
    tells: /^inet6? \S+ forwarding (?:on|off) rp_filter /,
  },
  {
    id: 'ip-maddr',
    command: 'ip maddr',
    why: 'says which groups the interfaces joined; of those nettrace asks `bridge -d mdb` only',
    tells: /^\s+(?:inet {2}22[4-9]\.|inet6 ff0)|^IPv6\/IPv4 Group Memberships/,
  },
  {
    id: 'ss-summary',
    command: 'ss -s',
    why: 'counts sockets by protocol; `ss -lntup` has them one by one',
    tells: /^TCP: {3}\d+ \(estab \d+, closed \d+/,
  },
  {
    id: 'iptables-version',
    command: 'iptables -V',
    why: 'says which backend the command has; `iptables-save` has its rules and says so too',
    tells: /^ip6?tables v\d[\d.]+(?: \((?:nf_tables|legacy)\))?\s*$/,
  },
  {
    id: 'dmesg',
    command: 'dmesg',
    why: 'none of its lines is of netfilter (TRACE, LOG, a full table)',
    tells: /^(?:<\d+>)?\[ *\d+\.\d{6}\] /,
  },
  {
    id: 'proc-net-if-inet6',
    command: 'cat /proc/net/if_inet6',
    why: 'has the IPv6 addresses and nothing else of the interfaces; `ip addr` has all',
    tells: /^[0-9a-f]{32} [0-9a-f]{2,} [0-9a-f]{2} [0-9a-f]{2} [0-9a-f]{2}\s+\S+\s*$/,
  },
  {
    id: 'proc-net-fib-trie',
    command: 'cat /proc/net/fib_trie',
    why: 'has the prefixes of the routes without where they lead; `ip route show table all` has both',
    tells: /^\s+\+-- [\d.]+\/\d+ \d+ \d+ \d+/,
  },
  {
    id: 'proc-net-unix',
    command: 'cat /proc/net/unix',
    why: 'has sockets of one machine, which no packet reaches',
    tells: /^Num\s+RefCount\s+Protocol\s+Flags\s+Type\s+St\s+Inode\s+Path/,
  },
  {
    id: 'proc-net-netlink',
    command: 'cat /proc/net/netlink',
    why: 'has sockets between programs and the kernel, which no packet reaches',
    tells: /^sk\s+Eth\s+Pid\s+Groups\s/,
  },
  {
    id: 'proc-net-protocols',
    command: 'cat /proc/net/protocols',
    why: 'counts sockets by protocol; `ss -lntup` has them one by one',
    tells: /^protocol\s+size\s+sockets\s+memory\s/,
  },
  {
    id: 'proc-net-sockstat',
    command: 'cat /proc/net/sockstat',
    why: 'counts sockets by protocol; `ss -lntup` has them one by one',
    tells: /^sockets6?: used \d+|^(?:TCP|UDP|RAW|FRAG)6?: inuse \d+/,
  },
  {
    id: 'proc-net-igmp',
    command: 'cat /proc/net/igmp',
    why: 'says which groups the interfaces joined; of those nettrace asks `bridge -d mdb` only',
    tells: /^Idx\s+Device\s+:\s+Count Querier/,
  },
  {
    id: 'proc-net-dev-mcast',
    command: 'cat /proc/net/dev_mcast',
    why: 'has the multicast addresses that the devices take; nothing is decided by them',
    tells: /^\d+\s+\S+\s+\d+\s+\d+\s+[0-9a-f]{12}\s*$/,
  },
  {
    id: 'proc-net-tables-names',
    command: 'cat /proc/net/ip_tables_names',
    why: 'names the tables of iptables-legacy that are loaded; `iptables-legacy-save -c` has their rules',
    tells: /^(?:raw|mangle|nat|filter|security)\s*$/,
  },
  {
    id: 'netinfo',
    command: "cloud-init's network summary",
    why: 'shows addresses and routes as they were at boot; `ip addr` and `ip route` have them as they are',
    tells: /^\++(?:Net device info|Route IPv[46] info)\++\s*$/,
  },
  {
    id: 'compose',
    command: 'a compose file',
    why: 'says what Docker was asked for; `docker inspect` says what it made of it',
    tells: /^services:\s*$/,
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
  {
    id: 'docker-exec-json',
    command: 'an exec of the Docker API',
    why: 'tells of a command that was run in a container; `docker inspect CONTAINER` tells of the container',
    tells: (record) => isObject(record.ProcessConfig) && has(record, 'ID'),
  },
];

export const UNUSED_FORMATS: readonly Format[] = UNUSED.map(({ id, command, why, tells }) => ({
  id,
  command,
  unused: true as const,
  recognise: (text: DumpText) =>
    tells instanceof RegExp ? firstLine(text, tells) : firstRecord(text, tells, `what ${command} prints`),
  parse: (text: DumpText) => ({
    content: { kind: 'unused' as const, command, why },
    issues: [
      {
        severity: 'warning' as const,
        code: 'dump-unused',
        text: `not used: \`${command}\` ${why}`,
        path: text.path,
      },
    ],
  }),
}));
