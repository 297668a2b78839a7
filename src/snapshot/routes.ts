/** Merging route dumps: `ip route`, `ip route show table all`, `route -n`; and holding them against the addresses. */
import type { Issue } from '../base/issue.ts';
import type { Link, Route, RouteDump } from '../dump/records.ts';
import type { DumpInput } from '../input/input.ts';
import { type Family, familyOf, formatIp } from '../net/ip.ts';
import { formatPrefix } from '../net/prefix.ts';
import { derivedRoutesOf, isUp } from './derived-routes.ts';
import { tablesOf } from './effective-routes.ts';
import { contradiction } from './links.ts';
import { at } from './order.ts';

/** `dumps` in order of credibility: of each table the last dump that has it, where one of all tables has every table. */
export function mergeRoutes(
  dumps: readonly DumpInput[],
  family: Family,
  issues: Issue[],
): RouteDump | undefined {
  let merged: RouteDump | undefined;
  let path = '';
  for (const { dump } of dumps) {
    if (dump.content.kind !== 'routes') continue;
    const next = family === 4 ? dump.content.dump4 : dump.content.dump6;
    if (!next) continue;
    if (merged) {
      const difference = compareMain(merged, next, path, dump.path);
      if (difference) issues.push(difference);
      merged = combine(merged, next, difference !== undefined);
    } else merged = { ...next, routes: [...next.routes] };
    path = dump.path;
  }
  return merged;
}

/** A table that both have and in which they agree is kept as the dump of more tables, or of more detail, has it. */
function combine(older: RouteDump, newer: RouteDump, differ: boolean): RouteDump {
  if (newer.covers === 'all') return newer;
  const renewed = new Set(tablesOf(newer));
  if (older.covers === 'all' && !differ) renewed.delete('main');
  const routes = [
    ...newer.routes.filter((route) => renewed.has(route.table)),
    ...older.routes.filter((route) => !renewed.has(route.table)),
  ];
  if (older.covers === 'all') return { routes, covers: 'all' };
  return { routes, covers: 'listed', tables: [...new Set([...tablesOf(older), ...renewed])] };
}

/** Routes of table main that only one of the two has, by what both formats show: destination, gateway, device. */
function compareMain(
  older: RouteDump,
  newer: RouteDump,
  olderPath: string,
  newerPath: string,
): Issue | undefined {
  if ([older, newer].some((dump) => dump.covers !== 'all' && !tablesOf(dump).includes('main')))
    return undefined;
  const [one, other] = [older, newer].map(
    (dump) => new Map(dump.routes.filter((route) => route.table === 'main').map((r) => [routeKey(r), r])),
  );
  if (!one || !other) return undefined;
  for (const [key, route] of other) {
    if (!one.has(key)) return contradiction(route.span, `the route \`${route.text}\` is not in ${olderPath}`);
  }
  for (const [key, route] of one) {
    if (!other.has(key)) {
      return {
        severity: 'warning',
        code: 'contradiction',
        text: `the route \`${route.text}\` of ${at(route.span)} is not in this one`,
        path: newerPath,
      };
    }
  }
  return undefined;
}

function routeKey(route: Route): string {
  const hops = route.nexthops.map(
    (hop) => `${hop.gateway === undefined ? '' : formatIp(hop.gateway)} ${hop.dev ?? ''}`,
  );
  const type = route.type === 'unicast' || route.type === 'unreachable' ? '' : route.type;
  return `${type} ${formatPrefix(route.destination)} ${hops.sort().join(',')} ${route.metric}`;
}

/**
 * A kernel-made route whose source address no link has, or an address whose prefix route is missing: the two dumps were
 * taken at different times, or somebody deleted the route. Either way the reader should know.
 */
export function checkAgainstAddresses(
  links: readonly Link[],
  dump: RouteDump | undefined,
  family: Family,
  issues: Issue[],
): void {
  if (!dump || (dump.covers !== 'all' && !tablesOf(dump).includes('main'))) return;
  const addresses = links.flatMap((link) => link.addresses);
  const main = dump.routes.filter((route) => route.table === 'main' && route.type === 'unicast');
  for (const route of main) {
    if (route.protocol !== 'kernel' || route.prefsrc === undefined) continue;
    if (addresses.some((entry) => entry.address === route.prefsrc)) continue;
    issues.push(
      contradiction(
        route.span,
        `\`${route.text}\` has the source ${formatIp(route.prefsrc)}, which no interface has in ${links[0] ? links[0].span.path : 'the other dumps'}`,
      ),
    );
  }
  for (const link of links) {
    if (!isUp(link) || link.inferred || link.addresses.every((entry) => familyOf(entry.address) !== family)) {
      continue;
    }
    for (const expected of derivedRoutesOf(link, family)) {
      if (expected.table !== 'main' || family === 6) continue;
      const there = dump.routes.some(
        (route) =>
          route.type === 'unicast' &&
          formatPrefix(route.destination) === formatPrefix(expected.destination) &&
          route.nexthops.some((hop) => hop.dev === link.name),
      );
      if (there) continue;
      issues.push(
        contradiction(
          expected.span,
          `the address belongs to ${formatPrefix(expected.destination)}, but the routes (${pathOf(dump)}) have none to it by ${link.name}: deleted, or the dumps are of different times`,
        ),
      );
    }
  }
}

function pathOf(dump: RouteDump): string {
  return dump.routes[0]?.span.path ?? 'an empty dump';
}
