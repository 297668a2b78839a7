/** Files of /proc/net that others say better. */
import { lazily } from '../../../base/memo.ts';
import type { Unused } from './unused.ts';

export const PROC = lazily((): readonly Unused[] => [
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
    tells: /^\s+\+-- [\d.]+\/\d+ \d+ \d+ \d+|^Basic info: size of leaf:/,
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
    id: 'proc-net-packet',
    command: 'cat /proc/net/packet',
    why: 'has the sockets of captures, which no packet is lost to',
    tells: /^sk\s+RefCnt\s+Type\s+Proto\s+Iface/,
  },
  {
    id: 'proc-net-ptype',
    command: 'cat /proc/net/ptype',
    why: 'has the protocols that the kernel takes frames for',
    tells: /^Type Device\s+Function\s*$/,
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
    id: 'proc-net-nf-log',
    command: 'cat /proc/net/netfilter/nf_log',
    why: 'says who takes LOG; the lines themselves are in `dmesg`',
    tells: /^\s*\d+ (?:NONE|nf_log_\w+|nfnetlink_log) \([\w,]*\)\s*$/,
  },
]);
