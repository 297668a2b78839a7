/** /proc/net/route and /proc/net/ipv6_route: fib_route_seq_show(), net/ipv4/fib_trie.c; rt6_info_route(), net/ipv6/route.c. */
import type { Issue } from '../../base/issue.ts';
import { networkOf, type Prefix } from '../../net/prefix.ts';
import { badLine, type Format, firstLine, type Parsed } from '../format.ts';
import { ipv4OfHex, ipv6OfHex } from '../hex-address.ts';
import type { Hint } from '../hint.ts';
import type { Route } from '../records.ts';
import { routesContent } from '../route-record.ts';
import type { DumpText } from '../text.ts';
import { routeOf } from './route-n.ts';

const HEADER = /^\s*Iface\s+Destination\s+Gateway\s+Flags\s+RefCnt\s/;
const ROUTE6 =
  /^\s*[0-9a-f]{32} [0-9a-f]{2} [0-9a-f]{32} [0-9a-f]{2} [0-9a-f]{32} (?:[0-9a-f]{8} ){4}\s*\S+\s*$/;

export const procNetRoute: Format = {
  id: 'proc-net-route',
  command: 'cat /proc/net/route',
  recognise: (text) => firstLine(text, HEADER) ?? firstLine(text, ROUTE6),
  parse: parseRoutes,
};

/** RTF_*, include/uapi/linux/route.h and ipv6_route.h, by the letters of `route`. */
const FLAGS: readonly (readonly [number, string])[] = [
  [0x2, 'G'],
  [0x4, 'H'],
  [0x200, '!'],
  [0x200000, 'n'],
];

function parseRoutes(text: DumpText, hint?: Hint): Parsed {
  const issues: Issue[] = [];
  const routes: Route[] = [];
  let six = /ipv6_route/.test(hint?.command ?? '');
  text.lines.forEach((line, index) => {
    if (line.trim() === '' || HEADER.test(line)) return;
    const span = { path: text.path, line: index + 1 };
    const words = line.trim().split(/\s+/);
    const route = words[0]?.length === 32 ? route6(words, line, span) : route4(words, line, span);
    if (route) {
      six ||= route.family === 6;
      routes.push(route);
    } else issues.push(badLine(text.path, index + 1, line, 'a route: `eth0 00000000 0100000A 0003 …`'));
  });
  return {
    content: routesContent(routes, { tables: { covers: 'main' }, asked: [six ? 6 : 4] }, true),
    issues,
  };
}

/** The main table, of a multipath route the first next hop only. */
function route4(words: readonly string[], line: string, span: Route['span']): Route | undefined {
  const [name = '', to = '', via = '', flags = '', , , metric = '', mask = ''] = words;
  const [target, gateway, bits] = [to, via, mask].map(ipv4OfHex);
  if (target === undefined || gateway === undefined || bits === undefined || !/^[0-9A-F]{4}$/i.test(flags)) {
    return undefined;
  }
  const letters = lettersOf(flags);
  const destination: Prefix = networkOf(target, Math.clz32(~bits));
  return routeOf(
    4,
    destination,
    letters.includes('G') ? gateway : undefined,
    { flags: letters, name, metric: Number(metric) },
    line,
    span,
  );
}

/** All tables of the namespace, which are not told apart: routes of the host's own addresses and groups are taken for the local one's. */
function route6(words: readonly string[], line: string, span: Route['span']): Route | undefined {
  const [to = '', length = '', , , via = '', metric = '', , , flags = '', name = ''] = words;
  const [target, gateway] = [ipv6OfHex(to), ipv6OfHex(via)];
  const bits = Number.parseInt(length, 16);
  if (target === undefined || gateway === undefined || !(bits <= 128) || !/^[0-9a-f]{8}$/i.test(flags)) {
    return undefined;
  }
  const letters = lettersOf(flags);
  return routeOf(
    6,
    networkOf(target, bits),
    letters.includes('G') && gateway !== 0n ? gateway : undefined,
    { flags: letters, name, metric: Number.parseInt(metric, 16) },
    line,
    span,
  );
}

function lettersOf(flags: string): string {
  const value = Number.parseInt(flags, 16);
  return FLAGS.filter(([bit]) => (value & bit) !== 0)
    .map(([, letter]) => letter)
    .join('');
}
