/**
 * `route -n` and `netstat -rn`, also with -6: net-tools lib/inet_gr.c and inet6_gr.c, over /proc/net/route and
 * /proc/net/ipv6_route. Of a multipath route it shows the first next hop only, of an unreachable one not which kind.
 */

import type { Issue } from '../../base/issue.ts';
import { wordTable } from '../../base/word-table.ts';
import { type Family, type Ip, parseIp, parseIpv4 } from '../../net/ip.ts';
import { networkOf, type Prefix, parsePrefix } from '../../net/prefix.ts';
import { badLine, type Format, firstLine, type Parsed } from '../format.ts';
import type { Hint } from '../hint.ts';
import type { Route, RouteType } from '../records.ts';
import { nexthop, routesContent } from '../route-record.ts';
import { type DumpText, quote } from '../text.ts';

const HEADER4 = /^\s*Destination\s+Gateway\s+Genmask\s+Flags\s/;
const HEADER6 = /^\s*Destination\s+Next Hop\s+Flags?\s/;

export const routeN: Format = {
  id: 'route-n',
  command: 'route -n',
  recognise: (text) => firstLine(text, HEADER4) ?? firstLine(text, HEADER6),
  parse: parseRoutes,
};

function parseRoutes(text: DumpText, hint?: Hint): Parsed {
  const issues: Issue[] = [];
  const routes: Route[] = [];
  const asked = new Set<Family>();
  let columns: readonly string[] = [];
  let family: Family = 4;
  text.lines.forEach((line, index) => {
    if (line.trim() === '' || /^\s*Kernel IP(?:v6)? routing (?:table|cache)/.test(line)) return;
    if (HEADER4.test(line) || HEADER6.test(line)) {
      family = HEADER4.test(line) ? 4 : 6;
      asked.add(family);
      columns = line.replace('Next Hop', 'Gateway').trim().split(/\s+/);
      return;
    }
    const words = line.trim().split(/\s+/);
    const span = { path: text.path, line: index + 1 };
    const row = columns.length > 0 && words.length >= columns.length - 1 ? rowOf(words, columns) : undefined;
    const route = row && (family === 4 ? route4(row, line, span) : route6(row, line, span));
    if (route) {
      routes.push(route);
      if (route.type === 'blackhole') {
        const text = `${quote(line)}: a blackhole or a throw route, which \`route -n\` doesn't tell; taken for a blackhole`;
        issues.push({ severity: 'warning', code: 'dump-lossy', text, ...span });
      }
    } else issues.push(badLine(text.path, index + 1, line, 'a route by numbers (`route -n`)'));
  });
  if (asked.size === 0) asked.add(hint?.family ?? 4);
  return { content: routesContent(routes, { tables: { covers: 'main' }, asked: [...asked] }, true), issues };
}

/** Without -n: the names of /etc/networks as distributions have it. */
const NETWORKS = wordTable<number>({
  default: 0,
  loopback: 0x7f000000,
  'link-local': 0xa9fe0000,
});

type Row = (column: string) => string;

function rowOf(words: readonly string[], columns: readonly string[]): Row {
  return (column) => words[columns.findIndex((name) => name.startsWith(column))] ?? '';
}

function route4(row: Row, line: string, span: Route['span']): Route | undefined {
  const mask = parseIpv4(row('Genmask'));
  const target = NETWORKS[row('Destination')] ?? parseIpv4(row('Destination'));
  const flags = row('Flags');
  const via = gatewayOf(row('Gateway'), flags);
  if (mask === undefined || target === undefined || via === 'unknown') return undefined;
  return routeOf(4, networkOf(target, Math.clz32(~mask)), via, rest(row, flags), line, span);
}

function route6(row: Row, line: string, span: Route['span']): Route | undefined {
  const destination = parsePrefix(row('Destination').replace(/^(?=\d+\.)/, '::'));
  const flags = row('Flag');
  const via = gatewayOf(row('Gateway'), flags);
  if (!destination || typeof destination.address !== 'bigint' || via === 'unknown') return undefined;
  return routeOf(6, destination, via, rest(row, flags), line, span);
}

/**
 * A gateway by name (`_gateway`), or one of the other family, which is shown as 0.0.0.0, can't be told from these lines; a route
 * without it would be another route.
 */
function gatewayOf(word: string, flags: string): Ip | undefined | 'unknown' {
  if (!flags.includes('G')) return undefined;
  const gateway = parseIp(word);
  return gateway === undefined || gateway === 0 || gateway === 0n ? 'unknown' : gateway;
}

function rest(row: Row, flags: string): Parameters<typeof routeOf>[3] {
  return { flags, name: row('If'), metric: Number(row('Met')) };
}

/** A route by the letters of its flags and its device: `-`, `*` or nothing where it has none. */
export function routeOf(
  family: Family,
  destination: Prefix,
  gateway: Ip | undefined,
  { flags, name, metric }: { readonly flags: string; readonly name: string; readonly metric: number },
  line: string,
  span: Route['span'],
): Route {
  const reject = flags.includes('!');
  const dev = name === '-' || name === '*' || name === '' ? undefined : name;
  const own = family === 6 && !reject && flags.includes('n');
  const group =
    family === 6 && typeof destination.address === 'bigint' && destination.address >> 120n === 0xffn;
  const type: RouteType = reject
    ? 'unreachable'
    : name === '*'
      ? 'blackhole'
      : own
        ? 'local'
        : group
          ? 'multicast'
          : 'unicast';
  return {
    family,
    type,
    destination,
    table: own || group ? 'local' : 'main',
    nexthops: dev === undefined ? [] : [nexthop({ gateway, dev })],
    metric: Number.isFinite(metric) ? metric >>> 0 : 0,
    flags: [],
    text: line.trim(),
    span,
  };
}
