/** What a dump holds, readable: tables as tables, what is text by nature (rules, routes, settings) as text. */
import { printable } from '../../../base/printable.ts';
import type { DumpContent } from '../../../dump/dump.ts';
import { printEntry } from '../../../ipset/entry.ts';
import { headerWords } from '../../../ipset/header.ts';
import type { IpSet } from '../../../ipset/record.ts';
import type { Ruleset } from '../../../xtables/rule.ts';
import type { Style } from '../style.ts';
import { ruleBody } from '../traversal.ts';
import { padStart } from '../width.ts';
import { columns } from '../wrap.ts';
import { bridgeVlanTable, fdbTable, linkTable, mdbTable, neighbourTable, portTable } from './links.ts';
import { nftLines } from './nft.ts';
import {
  conntrackStatsTable,
  conntrackTable,
  containerTable,
  counterTable,
  dockerNetworkTable,
  listedContainerTable,
  processTable,
  resolverTable,
  socketTable,
} from './system.ts';
import { type Table, words } from './table.ts';
import { traceLines } from './trace.ts';

const INDENT = 2;

export function contentLines(content: DumpContent, style: Style): string[] {
  switch (content.kind) {
    case 'ruleset':
      return rulesetLines(content.ruleset, style);
    case 'routes': {
      const routes = [...(content.dump4?.routes ?? []), ...(content.dump6?.routes ?? [])];
      return routes.map((route) => `  ${printable(route.text)}`);
    }
    case 'ip-rules':
      return content.rules.map((rule) => `  ${printable(rule.text)}`);
    case 'nft':
      return nftLines(content.ruleset, style);
    case 'ipsets':
      return setLines(content.sets, style);
    case 'sysctls':
    case 'boot-sysctls':
      return [...content.sysctls].map(([name, { value }]) => `  ${printable(name)} = ${printable(value)}`);
    case 'trace':
      return traceLines(content.trace, style);
    case 'unused':
      return [];
    default:
      return tableLines(tableOf(content), style);
  }
}

type Tabular = Exclude<
  DumpContent,
  {
    kind:
      | 'ruleset'
      | 'nft'
      | 'routes'
      | 'ip-rules'
      | 'ipsets'
      | 'sysctls'
      | 'boot-sysctls'
      | 'trace'
      | 'unused';
  }
>;

function tableOf(content: Tabular): Table {
  switch (content.kind) {
    case 'links':
      return linkTable(content.links);
    case 'bridge-ports':
      return portTable(content.ports);
    case 'neighbours':
      return neighbourTable(content.neighbours);
    case 'nexthops':
      return {
        header: ['id', 'next hop'],
        rows: content.nexthops.map(({ id, text }) => [String(id), text.replace(/^id \d+ /, '')]),
        right: [0],
      };
    case 'nexthop-buckets':
      return {
        header: ['group', 'bucket', 'next hop'],
        rows: content.buckets.map(({ group, index, member }) => [group, index, member].map(String)),
        right: [0, 1, 2],
      };
    case 'fdb':
      return fdbTable(content.entries);
    case 'mdb':
      return mdbTable(content.entries, content.routers);
    case 'bridge-vlans':
      return bridgeVlanTable(content.vlans);
    case 'frame-filter':
      return {
        header: ['table', 'chain', 'rule'],
        rows: content.filter.tables.flatMap(({ name, chains }) =>
          chains.flatMap((chain) => [
            [name, chain.name, `policy ${chain.policy}`],
            ...chain.rules.map(({ text }) => [name, chain.name, text]),
          ]),
        ),
      };
    case 'qdiscs':
      return {
        header: ['interface', 'queue', 'dropped', 'waiting', 'options'],
        right: [2, 3],
        rows: content.qdiscs.map(({ dev, kind, dropped, backlog, options }) => [
          dev,
          kind,
          dropped === undefined ? '' : String(dropped),
          backlog === undefined ? '' : String(backlog),
          options,
        ]),
      };
    case 'bridges':
      return {
        header: ['bridge', 'STP', 'ports'],
        rows: content.bridges.map(({ name, ports, stp }) => [
          name,
          stp === undefined ? '' : stp ? 'yes' : 'no',
          ports.join(' '),
        ]),
      };
    case 'sockets':
      return socketTable(content.sockets);
    case 'processes':
      return processTable(content.processes);
    case 'conntrack':
      return conntrackTable(content.entries);
    case 'conntrack-stats':
      return conntrackStatsTable(content.cpus);
    case 'counters':
      return counterTable(content.counters);
    case 'containers':
      return containerTable(content.containers);
    case 'container-list':
      return listedContainerTable(content.containers);
    case 'docker-networks':
      return dockerNetworkTable(content.networks);
    case 'link-counters':
      return {
        header: ['interface', 'counter', 'value'],
        right: [2],
        rows: content.devices.flatMap(({ dev = '', counters }) =>
          Object.entries(counters)
            .filter(([, value]) => value !== 0)
            .map(([name, value]) => [dev, name, String(value)]),
        ),
      };
    case 'namespaces':
      return {
        header: ['namespace', 'id', 'inode', 'process'],
        right: [1, 2],
        rows: content.namespaces.map(({ name = '', netnsid, inode, pid, command }) => [
          name,
          String(netnsid ?? ''),
          String(inode ?? ''),
          words(pid !== undefined && String(pid), command),
        ]),
      };
    case 'resolver':
      return resolverTable(content.resolver);
  }
}

/** A set after the other, its elements indented. */
function setLines(sets: readonly IpSet[], style: Style): string[] {
  if (sets.length === 0) return [style.dim('  (no sets)')];
  return sets.flatMap(({ name, header, entries }) => [
    `  ${style.bold(printable(name))} ${header.type} ${style.dim(headerWords(header).join(' '))}`,
    ...(entries ?? []).map((entry) => `    ${printable(printEntry(entry, header))}`),
    ...(entries === undefined ? [style.dim('    (elements not shown)')] : []),
  ]);
}

function tableLines({ header, rows, right = [] }: Table, style: Style): string[] {
  if (rows.length === 0) return [style.dim('  (empty)')];
  const cells = rows.map((row) => row.map(printable));
  const head = header.some((cell) => cell !== '') ? [header.map((cell) => style.dim(cell))] : [];
  return columns([...head, ...cells], { width: style.width, indent: INDENT, limit: 46, right });
}

/** As `iptables -L --line-numbers` shows it: a chain after the other, rules numbered, counters where there are any. */
function rulesetLines({ tables }: Ruleset, style: Style): string[] {
  const lines: string[] = [];
  for (const table of tables.values()) {
    for (const chain of table.chains.values()) {
      const policy = chain.policy === undefined ? '' : ` policy ${chain.policy}`;
      const counters =
        chain.counters && chain.policy !== undefined ? `  ${chain.counters.packets} packets` : '';
      lines.push(`  ${style.bold(`${table.name} ${printable(chain.name)}`)}${policy}${style.dim(counters)}`);
      const size = String(chain.rules.length).length;
      const most = Math.max(0, ...chain.rules.map((rule) => String(rule.counters?.packets ?? '').length));
      for (const [index, rule] of chain.rules.entries()) {
        const packets = most === 0 ? '' : `  ${padStart(String(rule.counters?.packets ?? ''), most)}`;
        lines.push(`  ${padStart(String(index + 1), size + 2)}${style.dim(packets)}  ${ruleBody(rule.text)}`);
      }
    }
  }
  return lines.length === 0 ? [style.dim('  (no tables)')] : lines;
}
