/** What a file's name in a bundle, or the command that a manifest or a paste names, says of a dump. A hint only. */
import { lazily } from '../base/memo.ts';
import { wordTable } from '../base/word-table.ts';
import type { Family } from '../net/ip.ts';
import { TABLES, type TableName } from '../xtables/rule.ts';
import { familyOfCommand } from './route-record.ts';

export interface Hint {
  /** The command itself, where it is known. */
  readonly command?: string;
  /** Id of a format; of its text and JSON forms the text form's. */
  readonly format: string;
  readonly family?: Family;
  readonly legacy?: boolean;
  /** `iptables -t nat …` */
  readonly table?: TableName;
}

/** Names of contract section 2 without their suffix. */
const NAMES = lazily(() =>
  wordTable<Hint>({
    'ip-addr': { format: 'ip-addr' },
    'ip-link': { format: 'ip-link' },
    'ip-route': { format: 'ip-route', family: 4 },
    'ip6-route': { format: 'ip-route', family: 6 },
    'ip-rule': { format: 'ip-rule', family: 4 },
    'ip6-rule': { format: 'ip-rule', family: 6 },
    'ip-neigh': { format: 'ip-neigh' },
    'ip-nexthop': { format: 'ip-nexthop' },
    'ip-nexthop-bucket': { format: 'ip-nexthop-bucket' },
    'bridge-link': { format: 'bridge-link' },
    'bridge-fdb': { format: 'bridge-fdb' },
    'bridge-mdb': { format: 'bridge-mdb' },
    'bridge-vlan': { format: 'bridge-vlan' },
    'brctl-show': { format: 'brctl-show' },
    'iptables-save': { format: 'iptables-save', family: 4 },
    'ip6tables-save': { format: 'iptables-save', family: 6 },
    'iptables-nft-save': { format: 'iptables-save', family: 4 },
    'ip6tables-nft-save': { format: 'iptables-save', family: 6 },
    'iptables-legacy-save': { format: 'iptables-save', family: 4, legacy: true },
    'ip6tables-legacy-save': { format: 'iptables-save', family: 6, legacy: true },
    'ebtables-save': { format: 'ebtables-save' },
    'arptables-save': { format: 'arptables-save' },
    'ipset-save': { format: 'ipset-save' },
    'ipset-list': { format: 'ipset-list' },
    ipset: { format: 'ipset-save' },
    'nft-ruleset': { format: 'nft' },
    sysctl: { format: 'sysctl' },
    'sysctl.conf': { format: 'sysctl-conf' },
    ss: { format: 'ss' },
    netstat: { format: 'netstat' },
    conntrack: { format: 'conntrack' },
    'conntrack-s': { format: 'conntrack-stats' },
    'conntrack-stats': { format: 'conntrack-stats' },
    'conntrack-l': { format: 'conntrack' },
    nstat: { format: 'nstat' },
    'ip-netns': { format: 'ip-netns' },
    'ip-netns-list': { format: 'ip-netns' },
    lsns: { format: 'lsns' },
    'docker-ps': { format: 'docker-ps' },
    arp: { format: 'arp' },
    ifconfig: { format: 'ifconfig' },
    'route-n': { format: 'route-n', family: 4 },
    'resolv.conf': { format: 'resolv-conf' },
    hosts: { format: 'hosts' },
    'nsswitch.conf': { format: 'nsswitch-conf' },
    containers: { format: 'docker-inspect' },
    networks: { format: 'docker-network' },
    processes: { format: 'ps' },
    'xtables-monitor': { format: 'xtables-monitor' },
    'nft-trace': { format: 'nft-trace' },
    'kernel-log': { format: 'kernel-log' },
    dmesg: { format: 'kernel-log' },
  }),
);

const COMMANDS = lazily((): readonly (readonly [RegExp, string])[] => [
  [/^ip (?:-\S+ (?:inet6? )?)*a(?:d(?:dr?(?:ess)?)?)?(?= |$)/, 'ip-addr'],
  [/^ip (?:-\S+ )*l(?:i(?:nk?)?)?(?= |$)/, 'ip-link'],
  [/^ip (?:-\S+ (?:inet6? )?)*r(?:o(?:u(?:te?)?)?)?(?= |$)/, 'ip-route'],
  [/^ip (?:-\S+ (?:inet6? )?)*ru(?:le?)?(?= |$)/, 'ip-rule'],
  [/^ip (?:-\S+ (?:inet6? )?)*n(?:e(?:i(?:gh?)?)?|eighbou?r)?(?= |$)/, 'ip-neigh'],
  [/^ip (?:-\S+ (?:inet6? )?)*nex(?:t(?:h(?:op?)?)?)? b/, 'ip-nexthop-bucket'],
  [/^ip (?:-\S+ (?:inet6? )?)*nex(?:t(?:h(?:op?)?)?)?(?= |$)/, 'ip-nexthop'],
  [/^bridge (?:-\S+ )*l/, 'bridge-link'],
  [/^bridge (?:-\S+ )*f/, 'bridge-fdb'],
  [/^bridge (?:-\S+ )*m/, 'bridge-mdb'],
  [/^bridge (?:-\S+ )*v/, 'bridge-vlan'],
  [/^brctl show/, 'brctl-show'],
  [/^(?:ip6?tables(?:-nft|-legacy)?|xtables)-save/, 'iptables-save'],
  [/^ip6?tables(?:-nft|-legacy)? (?:.* )?(?:-\w*S\w*|--list-rules)(?= |$)/, 'iptables-s'],
  [/^ip6?tables(?:-nft|-legacy)? (?:.* )?(?:-\w*L\w*|--list)(?= |$)/, 'iptables-l'],
  [/^ebtables(?:-nft|-legacy)?-save/, 'ebtables-save'],
  [/^arptables(?:-nft|-legacy)?-save/, 'arptables-save'],
  [/^ipset (?:-\S+ (?:save )?)*(?:save|list .*-o(?:utput)? save)/, 'ipset-save'],
  [/^ipset (?:-\S+ )*(?:list|-L)/, 'ipset-list'],
  [/^nft .*\blist (?:ruleset|table|chain|set|map|meter|flowtable)\b/, 'nft'],
  [/^(?:cat|grep|egrep|head|tail|less|more) .*\/sysctl(?:\.d\/|\.conf)/, 'sysctl-conf'],
  [/^(?:sysctl(?= |$)|(?:cat|head|tail|grep) .*\/proc\/sys)/, 'sysctl'],
  [/^cat \/proc(?:\/\d+|\/self)?\/net\/(?:ipv6_)?route/, 'proc-net-route'],
  [/^cat \/proc(?:\/\d+|\/self)?\/net\/(?:tcp|udp|udplite|raw)6?/, 'proc-net-sockets'],
  [/^cat \/proc(?:\/\d+|\/self)?\/net\/dev$/, 'proc-net-dev'],
  [/^cat \/proc(?:\/\d+|\/self)?\/net\/(?:snmp6?|netstat)/, 'proc-net-counters'],
  [/^cat \/proc(?:\/\d+|\/self)?\/net\/softnet_stat/, 'proc-net-softnet'],
  [/^cat \/proc(?:\/\d+|\/self)?\/net\/stat\/nf_conntrack/, 'proc-net-stat'],
  [/^ethtool (?:-S|--statistics)/, 'ethtool-s'],
  [/^ip (?:-\S+ )*netns(?: (?:list|list-id|ls|l|show))?(?: |$)/, 'ip-netns'],
  [/^lsns(?= |$)/, 'lsns'],
  [/^lsof(?= |$)/, 'lsof'],
  [/^tc (?:-\S+ )*q(?:d(?:isc)?)?(?= |$)/, 'tc-qdisc'],
  [/^(?:docker|podman) (?:container )?(?:ps|ls|list)(?= |$)/, 'docker-ps'],
  [/^ss(?= |$)/, 'ss'],
  [/^(?:netstat (?:-\w*i|--interfaces)|ifconfig (?:-\w+ )*-s)/, 'netstat-i'],
  [/^netstat(?= |$)/, 'netstat'],
  [/^conntrack (?:-S|--stats)/, 'conntrack-stats'],
  [/^conntrack (?:-\S+ )*-L|^cat \/proc\/net\/nf_conntrack/, 'conntrack'],
  [/^nstat(?= |$)/, 'nstat'],
  [/^arp(?= |$)/, 'arp'],
  [/^ifconfig(?= |$)/, 'ifconfig'],
  [/^route(?= |$)/, 'route-n'],
  [/^cat \/etc\/resolv\.conf/, 'resolv-conf'],
  [/^cat \/etc\/hosts/, 'hosts'],
  [/^cat \/etc\/nsswitch\.conf/, 'nsswitch-conf'],
  [/^(?:docker|podman) network inspect/, 'docker-network'],
  [/^(?:docker|podman) (?:container )?inspect/, 'docker-inspect'],
  [/^ps(?= |$)/, 'ps'],
  [/^xtables-monitor(?= |$)/, 'xtables-monitor'],
  [/^nft (?:-\S+ )*monitor\b/, 'nft-trace'],
  [/^(?:dmesg|journalctl)(?= |$)/, 'kernel-log'],
]);

/** `hint` is a bundle's file name (`namespaces/red/ip-route.json`), a command, or a format's id. */
export function parseHint(hint: string): Hint | undefined {
  return hintOfCommand(hint.trim()) ?? hintOfName(hint.trim());
}

function hintOfName(name: string): Hint | undefined {
  const base = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1).toLowerCase();
  for (const stem of [base, base.replace(/\.(?:gz|zst)$/, '').replace(/\.(?:txt|json|out|log)$/, '')]) {
    if (Object.hasOwn(NAMES(), stem)) return NAMES()[stem];
  }
  const id = base.replace(/-json$/, '');
  return Object.values(NAMES()).find((hint) => hint.format === id);
}

/** Programs are called by their names; only `iptables-save` is told by how a word begins. */
const PATH = /^(?!ip6?tables|xtables)[^\s/]*\//;

/** A file's name, told at once: V8 takes longer for making fifty expressions ready than for reading the file. */
export function isPath(command: string): boolean {
  return PATH.test(command);
}

export function hintOfCommand(command: string): Hint | undefined {
  if (isPath(command)) return undefined;
  const format = COMMANDS().find(([pattern]) => pattern.test(command))?.[1];
  if (format === undefined) return undefined;
  const family = /^ip6tables/.test(command) ? 6 : /^iptables/.test(command) ? 4 : familyOfCommand(command);
  const named = /^ip6?tables.*\s(?:-\w*t|--table)[ =]?(\w+)/.exec(command)?.[1];
  const table = TABLES.find((each) => each === named);
  return {
    command,
    format,
    ...(family === undefined ? {} : { family }),
    ...(/^ip6?tables-legacy/.test(command) ? { legacy: true } : {}),
    ...(table === undefined ? {} : { table }),
  };
}
