/** The command that prints a missing dump, as somebody on the machine types it. By the file's name in a bundle, or its format. */
import { shellWord } from '../base/shell.ts';
import { hostOf, isRoot, localName } from '../input/host.ts';

const COMMANDS: Readonly<Record<string, string>> = {
  'ip-addr': 'ip -d -j addr show',
  'ip-link': 'ip -d -j link show',
  'ip-route': 'ip -d -j route show table all',
  'ip6-route': 'ip -6 -d -j route show table all',
  'ip-rule': 'ip -j rule show',
  'ip6-rule': 'ip -6 -j rule show',
  'ip-neigh': 'ip -j neigh show',
  'ip-nexthop': 'ip -d -j nexthop show',
  'ip-nexthop-bucket': 'ip -j nexthop bucket show',
  'bridge-link': 'bridge -d -j link show',
  'bridge-fdb': 'bridge -j fdb show',
  'bridge-vlan': 'bridge -j vlan show',
  'iptables-save': 'iptables-save -c',
  'ip6tables-save': 'ip6tables-save -c',
  'nft-ruleset': 'nft -j -a list ruleset',
  'ipset-save': 'ipset save',
  sysctl: 'sysctl -a',
  ss: 'ss -lntup',
  conntrack: 'conntrack -L -o extended',
  'conntrack-stats': 'conntrack -S',
  nstat: 'nstat -az',
  'resolv.conf': 'cat /etc/resolv.conf',
  hosts: 'cat /etc/hosts',
  'nsswitch.conf': 'cat /etc/nsswitch.conf',
  processes: 'ps -ef',
  containers: 'docker inspect $(docker ps -q)',
  networks: 'docker network inspect $(docker network ls -q)',
};

/** Dumps of the machine, not of one namespace. */
const OF_THE_HOST = new Set(['processes', 'containers', 'networks']);

/** `container`: whose namespace it is, when no `ip netns` name leads there. */
export function collectCommand(namespace: string, dump: string, container?: string): string | undefined {
  const key = dump
    .replace(/\.(json|txt)$/, '')
    .replace(/^ip -6 /, 'ip6 ')
    .replaceAll(' ', '-');
  const command = COMMANDS[key] ?? (Object.values(COMMANDS).includes(dump) ? dump : undefined);
  if (command === undefined) return undefined;
  const host = hostOf(namespace);
  const machine = host === undefined ? '' : `  # on ${host}`;
  if (isRoot(namespace) || OF_THE_HOST.has(key)) return `${command}${machine}`;
  if (container === undefined) return `ip netns exec ${shellWord(localName(namespace))} ${command}${machine}`;
  return `nsenter -t $(docker inspect -f '{{.State.Pid}}' ${shellWord(container)}) -n ${command}${machine}`;
}
