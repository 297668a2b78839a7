/** One state of one namespace asked in every form that a command prints it in, and what of it each form shows. */
import { formatIp } from '../../../src/net/ip.ts';
import type { Netns } from '../../../src/snapshot/snapshot.ts';
import { printRule } from '../../../src/xtables/print.ts';

/** What one part of the state looks like; of two forms that show it, both show the same. */
type Part = (netns: Netns) => unknown;

const sorted = (lines: readonly string[]) => [...lines].sort();
const links = (netns: Netns) => netns.links ?? [];
const route = (netns: Netns, family: 4 | 6, table: string, whole: boolean) =>
  sorted(
    ((family === 4 ? netns.routes4 : netns.routes6)?.routes ?? [])
      .filter(
        (each) => each.table === table && (whole || (each.type === 'unicast' && each.nexthops.length === 1)),
      )
      .map((each) => {
        const hops = each.nexthops.map(
          ({ gateway, dev, weight }) => `${gateway === undefined ? '-' : formatIp(gateway)} ${dev} ${weight}`,
        );
        const rest = `${each.type} ${each.metric} ${each.prefsrc ?? '-'} ${each.mtu ?? '-'}`;
        return `${formatIp(each.destination.address)}/${each.destination.length} ${hops.join(', ')}${whole ? ` ${rest}` : ''}`;
      }),
  );
const rules = (netns: Netns, backend: 'nft' | 'legacy', table: string, family: 4 | 6 = 4) => {
  const rulesets =
    (family === 4 ? netns.rulesets4 : netns.rulesets6)?.filter((each) => each.backend === backend) ?? [];
  return rulesets
    .flatMap(({ tables }) =>
      [...(tables.get(table as 'nat')?.chains.values() ?? [])].map((chain) =>
        [
          chain.name,
          chain.policy ?? '-',
          ...chain.rules.map((rule) => printRule(rule, family, chain.name)),
        ].join('\n'),
      ),
    )
    .sort();
};

export const PARTS = {
  addresses: (netns) =>
    sorted(
      links(netns).flatMap(({ name, addresses }) =>
        addresses.map(({ address, length }) => `${name} ${formatIp(address)}/${length}`),
      ),
    ),
  up: (netns) =>
    sorted(
      links(netns).map(({ name, flags }) => `${name} ${flags.includes('UP')} ${flags.includes('LOWER_UP')}`),
    ),
  hardware: (netns) =>
    sorted(
      links(netns)
        .filter(({ name }) => name !== 'lo')
        .map(({ name, mac, mtu }) => `${name} ${mac} ${mtu}`),
    ),
  place: (netns) =>
    sorted(
      links(netns).map(
        ({ name, index, master, peerIndex, peerName }) =>
          `${name} ${index} ${master ?? '-'} ${peerIndex ?? peerName ?? '-'}`,
      ),
    ),
  kinds: (netns) => sorted(links(netns).map(({ name, kind }) => `${name} ${kind ?? '-'}`)),
  labels: (netns) =>
    sorted(
      links(netns).flatMap(({ addresses }) =>
        addresses.map(({ label, scope, secondary }) => `${label ?? '-'} ${scope} ${secondary}`),
      ),
    ),
  masters: (netns) =>
    sorted(links(netns).flatMap(({ name, master }) => (master === undefined ? [] : [`${name} ${master}`]))),
  portStates: (netns) =>
    sorted(links(netns).flatMap(({ name, port }) => (port === undefined ? [] : [`${name} ${port.state}`]))),
  portFlags: (netns) =>
    sorted(
      links(netns).flatMap(({ name, port }) =>
        port === undefined ? [] : [`${name} ${port.hairpin} ${port.isolated} ${port.learning} ${port.flood}`],
      ),
    ),
  main4: (netns) => route(netns, 4, 'main', true),
  plain4: (netns) => route(netns, 4, 'main', false),
  local4: (netns) => route(netns, 4, 'local', true),
  table107: (netns) => route(netns, 4, '107', true),
  main6: (netns) => route(netns, 6, 'main', true),
  local6: (netns) => route(netns, 6, 'local', true),
  rules4: (netns) =>
    (netns.rules4 ?? []).map(({ span: _span, text: _text, ...rule }) =>
      JSON.stringify(rule, Object.keys(rule).sort()),
    ),
  simpleRules: (netns) =>
    (netns.rules4 ?? [])
      .filter(({ priority }) => ![120, 130].includes(priority))
      .map(({ priority, action, fwmark, iif }) => JSON.stringify([priority, action, fwmark, iif])),
  rules6: (netns) => (netns.rules6 ?? []).map(({ priority, action }) => JSON.stringify([priority, action])),
  neighbours: (netns) =>
    sorted(
      (netns.neighbours ?? [])
        .filter(({ states }) => !states.includes('NOARP'))
        .map(({ address, dev, mac, states }) => `${formatIp(address)} ${dev} ${mac} ${states}`),
    ),
  macs4: (netns) =>
    sorted(
      (netns.neighbours ?? []).flatMap(({ address, dev, mac }) =>
        typeof address === 'number' && mac !== undefined ? [`${formatIp(address)} ${dev} ${mac}`] : [],
      ),
    ),
  fdb: (netns) =>
    sorted(
      (netns.fdb ?? []).map(
        ({ mac, dev, master, vlan, permanent, self, fixed }) =>
          `${mac} ${dev} ${master} ${vlan} ${permanent} ${self} ${fixed}`,
      ),
    ),
  mdb: (netns) =>
    sorted(
      (netns.mdb?.entries ?? []).map(
        ({ bridge, port, group, permanent }) => `${bridge} ${port} ${formatIp(group)} ${permanent}`,
      ),
    ),
  qdiscs: (netns) =>
    sorted(
      (netns.qdiscs ?? []).map(
        ({ dev, kind, handle, root, parent }) => `${dev} ${kind} ${handle} ${root} ${parent}`,
      ),
    ),
  qdiscCounts: (netns) =>
    sorted(
      (netns.qdiscs ?? []).map(
        ({ dev, packets, dropped, backlog }) => `${dev} ${packets} ${dropped} ${backlog}`,
      ),
    ),
  filter: (netns) => rules(netns, 'nft', 'filter'),
  nat: (netns) => rules(netns, 'nft', 'nat'),
  legacy: (netns) => rules(netns, 'legacy', 'filter'),
  filter6: (netns) => rules(netns, 'nft', 'filter', 6),
  nft: (netns) =>
    (netns.nft?.tables ?? [])
      .filter(({ name }) => name === 'own')
      .map(({ family, chains, sets }) => [
        family,
        chains.map(({ name, rules }) => [name, rules.length]),
        sets.map(({ name }) => name),
      ]),
  ipsets: (netns) => (netns.ipsets ?? []).map(({ name, entries }) => [name, entries?.length]),
  tcp: (netns) => listeners(netns, ['tcp']),
  listeners: (netns) => listeners(netns, ['tcp', 'udp']),
  owners: (netns) =>
    sorted(
      (netns.sockets ?? [])
        .filter(({ state }) => state === 'LISTEN' || state === 'UNCONN')
        .map(({ protocol, port, process, pid }) => `${protocol} ${port} ${process} ${pid}`),
    ),
  forward: (netns) =>
    ['net.ipv4.ip_forward', 'net.ipv4.conf.all.rp_filter'].map((name) => netns.sysctls?.get(name)?.value),
  connections: (netns) =>
    sorted(
      (netns.conntrack ?? []).map(({ entry }) =>
        JSON.stringify([entry.original, entry.reply, entry.seenReply, entry.mark], (_, value) =>
          typeof value === 'bigint' ? String(value) : value,
        ),
      ),
    ),
  counters: (netns) =>
    sorted(
      [...(netns.counters ?? [])]
        .filter(([name]) =>
          /^(?:Ip(?:InReceives|ForwDatagrams|OutNoRoutes)|UdpNoPorts|IcmpInErrors)$/.test(name),
        )
        .map(([name, { value }]) => `${name} ${value}`),
    ),
} as const satisfies Record<string, Part>;

function listeners(netns: Netns, protocols: readonly string[]): string[] {
  const listening = (netns.sockets ?? []).filter(
    ({ state, protocol }) => protocols.includes(protocol) && (state === 'LISTEN' || state === 'UNCONN'),
  );
  return sorted(
    listening.map(
      ({ protocol, address, family, port }) =>
        `${protocol} ${address === undefined ? '*' : formatIp(address)} ${family} ${port}`,
    ),
  );
}

export type PartName = keyof typeof PARTS;

/** A command, and which parts of the state it shows. `lossy`: it says itself that it leaves something out. */
export interface Form {
  readonly command: string;
  readonly format: string;
  readonly shows: readonly PartName[];
  readonly lossy?: true;
}

const ADDR: readonly PartName[] = ['addresses', 'up', 'hardware', 'place', 'labels', 'masters'];
const form = (command: string, format: string, ...shows: PartName[]): Form => ({ command, format, shows });
const lossy = (command: string, format: string, ...shows: PartName[]): Form => ({
  command,
  format,
  shows,
  lossy: true,
});

/** The first form of all that shows a part is the one the others are held against. */
export const FORMS: readonly Form[] = [
  form('ip -d -j addr', 'ip-addr-json', ...ADDR, 'kinds', 'portStates', 'portFlags'),
  form('ip -d addr', 'ip-addr', ...ADDR, 'kinds', 'portStates', 'portFlags'),
  form('ip addr', 'ip-addr', ...ADDR),
  form('ip -s addr', 'ip-addr', ...ADDR),
  form('ip -s -s addr', 'ip-addr', ...ADDR),
  form('ip -j addr', 'ip-addr-json', ...ADDR),
  form('ip -j -p addr', 'ip-addr-json', ...ADDR),
  form('ip -c=always addr', 'ip-addr', ...ADDR),
  form('ip -N addr', 'ip-addr', 'addresses', 'up', 'hardware', 'place', 'masters'),
  // It names the other end by the index alone, also where that is another namespace's.
  form('busybox ip addr', 'ip-addr', 'addresses', 'up', 'hardware', 'masters'),
  lossy('ip -br addr', 'ip-addr-br', 'addresses'),
  form('ip -br -j addr', 'ip-addr-json', 'addresses'),
  lossy('ip -o addr', 'ip-addr-o', 'addresses'),
  form('ifconfig -a', 'ifconfig', 'addresses', 'up', 'hardware'),
  form('busybox ifconfig -a', 'ifconfig', 'addresses', 'up', 'hardware'),
  form('ip link', 'ip-link', 'up', 'hardware', 'place', 'masters'),
  form('ip -j link', 'ip-link-json', 'up', 'hardware', 'place', 'masters'),
  form('ip -d link', 'ip-link', 'up', 'hardware', 'place', 'kinds', 'portStates', 'portFlags'),
  form('ip -d -j link', 'ip-link-json', 'up', 'hardware', 'place', 'kinds', 'portStates', 'portFlags'),
  form('ip -o link', 'ip-link', 'up', 'hardware', 'place', 'masters'),
  form('ip -s -s link', 'ip-link', 'up', 'hardware', 'place'),
  form('ip -s -j link', 'ip-link-json', 'up', 'hardware', 'place'),
  form('busybox ip link', 'ip-link', 'up', 'hardware', 'masters'),
  form('ip -br link', 'ip-link-br', 'up'),
  form('bridge -d -j link', 'bridge-link-json', 'masters', 'portStates', 'portFlags'),
  form('bridge -d link', 'bridge-link', 'masters', 'portStates', 'portFlags'),
  form('bridge -j link', 'bridge-link-json', 'masters', 'portStates'),
  form('bridge link', 'bridge-link', 'masters', 'portStates'),
  form('brctl show', 'brctl-show', 'masters'),

  form(
    'ip -d -j route show table all',
    'ip-route-json',
    'main4',
    'plain4',
    'local4',
    'table107',
    'main6',
    'local6',
  ),
  form('ip -j route show table all', 'ip-route-json', 'main4', 'local4', 'table107', 'main6', 'local6'),
  form('ip route show table all', 'ip-route', 'main4', 'local4', 'table107', 'main6', 'local6'),
  form('ip -d route show table all', 'ip-route', 'main4', 'local4', 'table107', 'main6', 'local6'),
  form('ip route', 'ip-route', 'main4'),
  form('ip -4 route', 'ip-route', 'main4'),
  form('ip -j route', 'ip-route-json', 'main4'),
  form('ip -d route', 'ip-route', 'main4'),
  form('ip -o route', 'ip-route', 'main4'),
  form('ip -s route', 'ip-route', 'main4'),
  form('ip -N route', 'ip-route', 'main4'),
  form('ip -c=always route', 'ip-route', 'main4'),
  form('busybox ip route', 'ip-route', 'plain4'),
  form('ip route show table local', 'ip-route', 'local4'),
  form('ip route show table 107', 'ip-route', 'table107'),
  form('ip -j route show table 107', 'ip-route-json', 'table107'),
  form('ip -6 route', 'ip-route', 'main6'),
  form('ip -6 -j route', 'ip-route-json', 'main6'),
  form('ip -6 route show table all', 'ip-route', 'main6', 'local6'),
  form('route -n', 'route-n'),
  form('route', 'route-n'),
  form('netstat -rn', 'route-n'),
  form('busybox route -n', 'route-n'),
  form('cat /proc/net/route', 'proc-net-route'),

  form('ip -j rule', 'ip-rule-json', 'rules4', 'simpleRules'),
  form('ip rule', 'ip-rule', 'rules4', 'simpleRules'),
  form('ip -d rule', 'ip-rule', 'rules4'),
  form('ip -N rule', 'ip-rule', 'simpleRules'),
  form('ip -c=always rule', 'ip-rule', 'rules4'),
  lossy('busybox ip rule', 'ip-rule', 'simpleRules'),
  form('ip -6 -j rule', 'ip-rule-json', 'rules6'),
  form('ip -6 rule', 'ip-rule', 'rules6'),

  form('ip -j neigh', 'ip-neigh-json', 'neighbours', 'macs4'),
  form('ip neigh', 'ip-neigh', 'neighbours', 'macs4'),
  form('ip -s neigh', 'ip-neigh', 'neighbours', 'macs4'),
  form('ip -br neigh', 'ip-neigh', 'macs4'),
  form('busybox ip neigh', 'ip-neigh', 'macs4'),
  form('arp -n', 'arp', 'macs4'),
  form('arp -an', 'arp', 'macs4'),
  form('busybox arp -n', 'arp', 'macs4'),
  form('cat /proc/net/arp', 'arp', 'macs4'),
  form('bridge -j fdb', 'bridge-fdb-json', 'fdb'),
  form('bridge fdb', 'bridge-fdb', 'fdb'),
  form('bridge -d fdb', 'bridge-fdb', 'fdb'),
  form('bridge -s fdb', 'bridge-fdb', 'fdb'),
  form('bridge -d -j mdb', 'bridge-mdb-json', 'mdb'),
  form('bridge -d mdb', 'bridge-mdb', 'mdb'),
  form('bridge mdb', 'bridge-mdb', 'mdb'),
  form('tc -s -j qdisc', 'tc-qdisc-json', 'qdiscs', 'qdiscCounts'),
  form('tc -s qdisc', 'tc-qdisc', 'qdiscs', 'qdiscCounts'),
  form('tc qdisc', 'tc-qdisc', 'qdiscs'),
  form('tc -s -d qdisc show', 'tc-qdisc', 'qdiscs', 'qdiscCounts'),

  form('iptables-save -c', 'iptables-save', 'filter', 'nat'),
  form('iptables-save', 'iptables-save', 'filter', 'nat'),
  form('iptables-save -t nat', 'iptables-save', 'nat'),
  form('iptables -S', 'iptables-s', 'filter'),
  form('iptables -v -S', 'iptables-s', 'filter'),
  form('iptables -t nat -S', 'iptables-s', 'nat'),
  form('iptables -nvL', 'iptables-l', 'filter'),
  form('iptables -L -v -n -x --line-numbers', 'iptables-l', 'filter'),
  form('iptables -L -v', 'iptables-l'),
  form('iptables -t nat -nvL', 'iptables-l', 'nat'),
  form('iptables-legacy-save', 'iptables-save', 'legacy'),
  form('iptables-legacy -S', 'iptables-s', 'legacy'),
  form('iptables-legacy -nvL', 'iptables-l', 'legacy'),
  form('ip6tables-save', 'iptables-save', 'filter6'),
  form('ip6tables -S', 'iptables-s', 'filter6'),
  form('ip6tables -nvL', 'iptables-l', 'filter6'),
  form('nft -j -a list ruleset', 'nft-json', 'nft'),
  form('nft list ruleset', 'nft', 'nft'),
  form('nft -a list ruleset', 'nft', 'nft'),
  form('nft -n list ruleset', 'nft', 'nft'),
  form('ipset save', 'ipset-save', 'ipsets'),
  form('ipset list', 'ipset-list', 'ipsets'),
  form('ipset -o xml list', 'ipset-xml', 'ipsets'),

  form('ss -lntup', 'ss', 'listeners', 'tcp', 'owners'),
  form('ss -lntu', 'ss', 'listeners', 'tcp'),
  form('ss -H -lntu', 'ss', 'listeners', 'tcp'),
  form('ss -tan', 'ss', 'tcp'),
  form('netstat -lntup', 'netstat', 'listeners', 'tcp', 'owners'),
  form('netstat -tln', 'netstat', 'tcp'),
  form('busybox netstat -ltun', 'netstat', 'listeners', 'tcp'),
  form('lsof -i -n -P', 'lsof', 'listeners', 'tcp', 'owners'),
  form('sysctl net.ipv4.ip_forward net.ipv4.conf.all.rp_filter', 'sysctl', 'forward'),
  form('sysctl -n net.ipv4.ip_forward net.ipv4.conf.all.rp_filter', 'sysctl', 'forward'),
  form('grep . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/all/rp_filter', 'sysctl', 'forward'),
  form('head -n 1 /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/all/rp_filter', 'sysctl', 'forward'),
  form('conntrack -L -o extended', 'conntrack', 'connections'),
  form('conntrack -L', 'conntrack', 'connections'),
  form('conntrack -L -o id', 'conntrack', 'connections'),
  form('cat /proc/net/nf_conntrack', 'conntrack', 'connections'),
  form('nstat -az', 'nstat', 'counters'),
  form('nstat -azj', 'nstat-json', 'counters'),
  form('cat /proc/net/snmp', 'proc-net-counters', 'counters'),
];
