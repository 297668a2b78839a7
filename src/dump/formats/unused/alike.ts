/** Outputs that must not be taken for what another command prints in like words: `ip monitor`, `conntrack -E`. Asked of every dump. */
import { has } from '../../format.ts';
import type { Unused } from './unused.ts';

export const ALIKE: readonly Unused[] = [
  {
    id: 'traceroute',
    command: 'traceroute',
    why: 'says which routers answered; a capture of it shows the packets',
    tells:
      /^\s*(?:traceroute6? to \S+ \(\S+\),? |tracepath|\s*1\?: \[LOCALHOST\]|\s*\d{1,2}: +(?:send failed|no reply)\s*$|\s*Resume: pmtu \d+|HOST: \S+ +Loss%)/,
    commands: /^(?:traceroute6?|tracepath6?|mtr) /,
  },
  {
    id: 'ip-route-get-json',
    command: 'ip -j route get',
    why: 'says where the kernel sends one packet, not which routes and rules there are; `ip route show table all` and `ip rule` do',
    tells: (record) => has(record, 'dst', 'cache') || has(record, 'dst', 'uid'),
  },
  {
    id: 'ip-monitor',
    command: 'ip monitor',
    why: 'prints what changes, not what stands; `ip addr`, `ip route` and `ip neigh` print that',
    tells:
      /^\s*(?:\[[\d-]{10}T[\d:.]+\] )?(?:\[(?:LINK|ADDR|ROUTE|NEIGH|NSID|RULE|NETCONF|PREFIX|NEXTHOP|STATS)\]|Deleted (?:\d+: \S|default |[0-9a-f:.]+ ))/,
    commands: /^(?:ip|bridge|tc) (?:-\S+ )*mon/,
  },
  {
    id: 'conntrack-events',
    command: 'conntrack -E',
    why: 'prints connections as they come and go, not those that there are; `conntrack -L` prints these',
    tells: /^\s*(?:\[\d{10}\.\d+\s*\]\s+)?\[(?:NEW|UPDATE|DESTROY)\]\s+(?:ipv[46]\s+\d+\s+)?\w+\s+\d+/,
    commands: /^conntrack (?:.* )?(?:-\w*E|--event)/,
  },
  {
    id: 'conntrack-expect',
    command: 'conntrack -L expect',
    why: 'what helpers expect is not read; `conntrack -L` has the connections',
    tells: /^\s*\d+ proto=\d+ src=\S+ dst=\S+ .*\bmask-src=/,
    commands: /^conntrack -L expect|^cat \/proc\/net\/nf_conntrack_expect/,
  },
  {
    id: 'ip-tcp-metrics',
    command: 'ip tcp_metrics',
    why: 'has what the kernel remembers of peers; nothing of the path hangs on it',
    tells: /^\S+ age [\d.]+sec .*(?:cwnd|rtt)/,
  },
];
