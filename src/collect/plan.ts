/**
 * What is gathered, and how: one table, from which both the collector and the script of `--print-script` are made.
 *
 * Reading must not change the host. Several of these tools load kernel modules by merely asking (nfnetlink_rcv() and sock_diag's
 * request_module(), xtables' find_table), so each such command names the modules without which there is nothing to read.
 */

/** All of it has to hold before the command is run. */
export interface Condition {
  /** Each is in the kernel, loaded or built in. */
  readonly modules?: readonly string[];
  /** A file of /proc/net, as the namespace has it, with a line in it. */
  readonly listed?: string;
  /** No such program is there. */
  readonly lacks?: string;
}

/** One way to get at something: a command's words, without a shell's syntax but for quotes. */
export interface Way {
  /** Name in the namespace's folder. */
  readonly file: string;
  /** What they print is put together. */
  readonly run: readonly [string, ...string[]];
  readonly env?: readonly [name: string, value: string];
  readonly when?: Condition;
  /** Lines to keep, as grep's and JavaScript's pattern alike. */
  readonly keep?: string;
  /** It ends with an error although what could be read was printed. */
  readonly lenient?: true;
}

/** What a change of the host has to be read again for; `traffic`: what changes with packets, not by anybody's hand. */
export type Shown = 'network' | 'settings' | 'rules' | 'traffic';

export interface Gathering {
  /** In the words of a message: what would be lacking. */
  readonly what: string;
  readonly shows: Shown;
  /** The first that works counts. */
  readonly ways: readonly [Way, ...Way[]];
  /** What it means that no way's condition holds: there is none, which an empty file says; left out, nothing is known of it. */
  readonly otherwise?: 'none';
  /** An empty answer is not kept: its file would say nothing. */
  readonly dropEmpty?: true;
  /** Counters: also read before packets are captured, as `NAME-before`. */
  readonly counts?: true;
}

const NFT: Condition = { modules: ['nf_tables'] };
const SOCK_DIAG: Condition = { modules: ['inet_diag', 'tcp_diag', 'udp_diag'] };
const IP6: Condition = { modules: ['ipv6'] };

/** JSON where `ip` can, else its text. */
function ip(file: string, json: string, text: string, what: string, when?: Condition): Gathering {
  return {
    what,
    shows: 'network',
    ways: [
      { file: `${file}.json`, run: [json], ...(when && { when }) },
      { file: `${file}.txt`, run: [text], ...(when && { when }) },
    ],
  };
}

/** Of each network namespace. */
export const NAMESPACE_PLAN: readonly Gathering[] = [
  {
    what: 'links and addresses',
    shows: 'network',
    ways: [
      { file: 'ip-addr.json', run: ['ip -d -j addr show'] },
      { file: 'ip-addr.txt', run: ['ip -d addr show'] },
      { file: 'ip-addr.txt', run: ['ip addr show'] },
      { file: 'ifconfig.txt', run: ['ifconfig -a'] },
    ],
  },
  {
    what: 'link counters',
    shows: 'traffic',
    ways: [
      { file: 'ip-link.json', run: ['ip -d -j -s -s link show'] },
      { file: 'ip-link.txt', run: ['ip -d -s -s link show'] },
      { file: 'proc-net-dev.txt', run: ['cat /proc/net/dev'] },
    ],
    counts: true,
  },
  {
    what: 'routes',
    shows: 'network',
    ways: [
      { file: 'ip-route.json', run: ['ip -d -j route show table all'] },
      { file: 'ip-route.txt', run: ['ip route show table all'] },
      { file: 'ip-route.txt', run: ['ip route show'] },
      { file: 'route-n.txt', run: ['route -n'] },
      { file: 'proc-net-route.txt', run: ['cat /proc/net/route'] },
    ],
  },
  {
    what: 'IPv6 routes',
    shows: 'network',
    ways: [
      { file: 'ip6-route.json', run: ['ip -6 -d -j route show table all'], when: IP6 },
      { file: 'ip6-route.txt', run: ['ip -6 route show table all'], when: IP6 },
      { file: 'ip6-route.txt', run: ['ip -6 route show'], when: IP6 },
      { file: 'proc-net-ipv6_route.txt', run: ['cat /proc/net/ipv6_route'], when: IP6 },
    ],
  },
  ip('ip-rule', 'ip -j rule show', 'ip rule show', 'routing rules'),
  ip('ip6-rule', 'ip -6 -j rule show', 'ip -6 rule show', 'IPv6 routing rules', IP6),
  {
    what: 'neighbours',
    shows: 'traffic',
    ways: [
      { file: 'ip-neigh.json', run: ['ip -j neigh show'] },
      { file: 'ip-neigh.txt', run: ['ip neigh show'] },
      { file: 'arp.txt', run: ['arp -n'] },
      { file: 'arp.txt', run: ['cat /proc/net/arp'] },
    ],
  },
  {
    what: 'nexthop objects',
    shows: 'network',
    ways: [{ file: 'ip-nexthop.json', run: ['ip -d -j nexthop show'] }],
    dropEmpty: true,
  },
  {
    what: 'ports of bridges',
    shows: 'network',
    ways: [
      { file: 'bridge-link.json', run: ['bridge -d -j link show'] },
      { file: 'bridge-link.txt', run: ['bridge -d link show'] },
      { file: 'brctl-show.txt', run: ['brctl show'] },
    ],
    dropEmpty: true,
  },
  {
    what: 'forwarding entries of bridges',
    shows: 'traffic',
    ways: [
      { file: 'bridge-fdb.json', run: ['bridge -j fdb show'] },
      { file: 'bridge-fdb.txt', run: ['bridge fdb show'] },
    ],
    dropEmpty: true,
  },
  {
    what: 'VLANs of bridges',
    shows: 'network',
    ways: [
      { file: 'bridge-vlan.json', run: ['bridge -j vlan show'] },
      { file: 'bridge-vlan.txt', run: ['bridge vlan show'] },
    ],
    dropEmpty: true,
  },
  {
    what: 'multicast groups of bridges',
    shows: 'traffic',
    ways: [{ file: 'bridge-mdb.json', run: ['bridge -d -j mdb show'] }],
    dropEmpty: true,
  },
  {
    what: 'iptables rules',
    shows: 'rules',
    ways: [{ file: 'iptables-save.txt', run: ['iptables-nft-save -c'], when: NFT }],
    otherwise: 'none',
    counts: true,
  },
  {
    what: 'ip6tables rules',
    shows: 'rules',
    ways: [{ file: 'ip6tables-save.txt', run: ['ip6tables-nft-save -c'], when: NFT }],
    otherwise: 'none',
    counts: true,
  },
  {
    // Naming a table to the legacy tools creates it: only those that are there are read.
    what: 'iptables rules of the legacy backend',
    shows: 'rules',
    ways: [
      {
        file: 'iptables-legacy-save.txt',
        run: ['iptables-legacy-save -c'],
        when: { listed: '/proc/net/ip_tables_names' },
      },
      {
        file: 'iptables-legacy-save.txt',
        run: ['iptables-save -c'],
        when: { listed: '/proc/net/ip_tables_names', lacks: 'iptables-nft-save' },
      },
    ],
    counts: true,
  },
  {
    what: 'ip6tables rules of the legacy backend',
    shows: 'rules',
    ways: [
      {
        file: 'ip6tables-legacy-save.txt',
        run: ['ip6tables-legacy-save -c'],
        when: { listed: '/proc/net/ip6_tables_names' },
      },
      {
        file: 'ip6tables-legacy-save.txt',
        run: ['ip6tables-save -c'],
        when: { listed: '/proc/net/ip6_tables_names', lacks: 'ip6tables-nft-save' },
      },
    ],
    counts: true,
  },
  {
    what: 'nftables rules',
    shows: 'rules',
    ways: [
      { file: 'nft-ruleset.json', run: ['nft -j -a list ruleset'], when: NFT },
      { file: 'nft-ruleset.txt', run: ['nft -a list ruleset'], when: NFT },
    ],
    otherwise: 'none',
    counts: true,
  },
  {
    what: 'IP sets',
    shows: 'rules',
    ways: [
      { file: 'ipset-save.txt', run: ['ipset save'], when: { modules: ['ip_set'] } },
      { file: 'ipset-save.txt', run: ['ipset list -o save'], when: { modules: ['ip_set'] } },
    ],
  },
  {
    what: 'ebtables rules',
    shows: 'rules',
    ways: [{ file: 'ebtables-save.txt', run: ['ebtables-nft-save -c'], when: NFT }],
    dropEmpty: true,
  },
  {
    what: 'arptables rules',
    shows: 'rules',
    ways: [
      { file: 'arptables-save.txt', run: ['arptables-nft-save -c'], when: NFT },
      {
        file: 'arptables-save.txt',
        run: ['arptables-legacy-save'],
        when: { listed: '/proc/net/arp_tables_names' },
      },
    ],
    dropEmpty: true,
  },
  {
    what: 'kernel settings',
    shows: 'settings',
    ways: [
      { file: 'sysctl.txt', run: ["sysctl -a -r '^net[.]'"], keep: '^net[./]', lenient: true },
      { file: 'sysctl.txt', run: ['grep -rs . /proc/sys/net'], keep: '^/proc/sys/net/', lenient: true },
      { file: 'sysctl.txt', run: ['sysctl -a'], keep: '^net[./]', lenient: true },
    ],
  },
  {
    what: 'sockets',
    shows: 'traffic',
    ways: [
      { file: 'ss.txt', run: ['ss -tunape --inet-sockopt'], when: SOCK_DIAG },
      { file: 'ss.txt', run: ['ss -tunape'], when: SOCK_DIAG },
      // From /proc, as ss reads it where the kernel can't be asked; asking would load the modules.
      { file: 'ss.txt', run: ['ss -tunap'], env: ['PROC_ROOT', '/proc'] },
      { file: 'netstat.txt', run: ['netstat -antup'] },
      { file: 'proc-net-tcp.txt', run: ['cat /proc/net/tcp'] },
    ],
  },
  {
    what: 'tracked connections',
    shows: 'traffic',
    ways: [
      {
        file: 'conntrack.txt',
        run: ['conntrack -L -o extended -f ipv4', 'conntrack -L -o extended -f ipv6'],
        when: { modules: ['nf_conntrack', 'nf_conntrack_netlink'] },
      },
      {
        file: 'conntrack.txt',
        run: ['cat /proc/net/nf_conntrack'],
        when: { modules: ['nf_conntrack'] },
      },
    ],
  },
  {
    what: 'counters of connection tracking',
    shows: 'traffic',
    ways: [
      {
        file: 'conntrack-stats.txt',
        run: ['conntrack -S'],
        when: { modules: ['nf_conntrack', 'nf_conntrack_netlink'] },
      },
      {
        file: 'proc-net-stat-nf_conntrack.txt',
        run: ['cat /proc/net/stat/nf_conntrack'],
        when: { modules: ['nf_conntrack'] },
      },
    ],
    dropEmpty: true,
    counts: true,
  },
  {
    what: 'kernel counters',
    shows: 'traffic',
    ways: [
      // -a and -s: neither reads nor writes the history that nstat keeps.
      { file: 'nstat.txt', run: ['nstat -asz'] },
      { file: 'netstat-s.txt', run: ['netstat -s'] },
      { file: 'proc-net-snmp.txt', run: ['cat /proc/net/snmp'] },
    ],
    counts: true,
  },
  {
    what: 'queues',
    shows: 'traffic',
    ways: [
      { file: 'tc-qdisc.json', run: ['tc -s -j qdisc show'] },
      { file: 'tc-qdisc.txt', run: ['tc -s qdisc show'] },
    ],
    dropEmpty: true,
    counts: true,
  },
];

/** Of the machine; they go into the folder of the root namespace. */
export const HOST_PLAN: readonly Gathering[] = [
  {
    what: 'ids of namespaces',
    shows: 'network',
    ways: [{ file: 'ip-netns.json', run: ['ip -j netns list-id'] }],
    dropEmpty: true,
  },
];

export const PROCESSES: Gathering = {
  what: 'processes',
  shows: 'traffic',
  ways: [
    { file: 'processes.txt', run: ['ps -ef'] },
    { file: 'processes.txt', run: ['ps'] },
  ],
};

/** Files of /etc that decide about names, as the processes of a namespace see them. */
export const RESOLVER_FILES = ['resolv.conf', 'hosts', 'nsswitch.conf'] as const;

/** A container engine: both print one JSON document, an array, of what they are given ids of. */
export interface Engine {
  readonly tool: 'docker' | 'podman';
  /** Prefix of its files in docker/. */
  readonly prefix: string;
  readonly containers: { readonly ids: string; readonly inspect: string };
  readonly networks: { readonly ids: string; readonly inspect: string };
}

export const ENGINES: readonly Engine[] = [
  {
    tool: 'docker',
    prefix: '',
    containers: { ids: 'docker ps -aq --no-trunc', inspect: 'docker inspect' },
    networks: { ids: 'docker network ls -q --no-trunc', inspect: 'docker network inspect' },
  },
  {
    tool: 'podman',
    prefix: 'podman-',
    containers: { ids: 'podman ps -aq --no-trunc', inspect: 'podman inspect' },
    networks: { ids: 'podman network ls -q', inspect: 'podman network inspect' },
  },
];

/** Podman makes its folders when it is asked anything; where none of these is, it has never run since the machine started. */
export const PODMAN_STATE = ['/run/libpod', '/run/containers/storage'] as const;

/**
 * Parts of `docker inspect` that hold passwords and keys as often as not, and nothing of the network. They are never read into
 * a bundle, whole blocks of lines: the engines print one key a line, indented.
 */
export const SECRET_KEYS = [
  'Env',
  'Labels',
  'Annotations',
  'Mounts',
  'Binds',
  'Args',
  'Cmd',
  'Entrypoint',
  'CreateCommand',
  'Healthcheck',
  'Secrets',
  'LogConfig',
  'Health',
] as const;

/** Programs whose versions the manifest tells, and the option that prints it. */
export const VERSIONS: readonly (readonly [tool: string, option: string])[] = [
  ['ip', '-V'],
  ['iptables', '-V'],
  ['nft', '-v'],
  ['conntrack', '-V'],
  ['tcpdump', '--version'],
  ['docker', '--version'],
  ['podman', '--version'],
];

/** `nstat.txt` → `nstat-before.txt`. */
export function beforeName(file: string): string {
  return file.replace(/(\.[a-z]+)$/, '-before$1');
}

/** Seconds that a command may take. */
export const COMMAND_SECONDS = 20;
