/** Merging route dumps: `ip route`, `ip route show table all`, `route -n`; and holding them against the addresses. */
import type { Issue } from '../base/issue.ts';
import type { Link, Route, RouteDump } from '../dump/records.ts';
import type { DumpInput } from '../input/input.ts';
import { type Family, familyOf, formatIp } from '../net/ip.ts';
import { formatPrefix } from '../net/prefix.ts';
import { derivedRoutesOf, isUp } from './derived-routes.ts';
import { contradiction } from './links.ts';
import { at } from './order.ts';

/** `dumps` in order of credibility; the last of `table all`, or else of main, is taken. */
export function mergeRoutes(
  dumps: readonly DumpInput[],
  family: Family,
  issues: Issue[],
): RouteDump | undefined {
  let best: { dump: RouteDump; path: string } | undefined;
  for (const input of dumps) {
    if (input.dump.content.kind !== 'routes') continue;
    const dump = family === 4 ? input.dump.content.dump4 : input.dump.content.dump6;
    if (!dump) continue;
    if (best) {
      const difference = compareMain(best.dump, dump, best.path, input.dump.path);
      if (difference) issues.push(difference);
      if (best.dump.covers === 'all' && dump.covers === 'main') {
        if (difference) best = { dump: replaceMain(best.dump, dump), path: input.dump.path };
        continue;
      }
    }
    best = { dump, path: input.dump.path };
  }
  return best && { routes: [...best.dump.routes], covers: best.dump.covers };
}

function replaceMain(all: RouteDump, main: RouteDump): RouteDump {
  return {
    routes: [...main.routes, ...all.routes.filter((route) => route.table !== 'main')],
    covers: 'all',
  };
}

/** Routes of table main that only one of the two has, by what both formats show: destination, gateway, device. */
function compareMain(
  older: RouteDump,
  newer: RouteDump,
  olderPath: string,
  newerPath: string,
): Issue | undefined {
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
  if (!dump) return;
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
