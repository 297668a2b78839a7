/** Changing a link, and the routes that come and go with its addresses and its state. */
import type { Link, Route, RouteDump } from '../../dump/records.ts';
import type { Family } from '../../net/ip.ts';
import { formatPrefix } from '../../net/prefix.ts';
import { derivedRoutesOf } from '../derived-routes.ts';
import { tablesOf } from '../effective-routes.ts';
import type { Netns } from '../snapshot.ts';

/** The namespace with `older` become `newer`; dumped routes follow, derived ones are derived anew anyway. */
export function withLink(netns: Netns, older: Link, newer: Link): Netns {
  const links = (netns.links ?? []).map((link) => (link === older ? newer : link));
  return {
    ...netns,
    links,
    ...(netns.routes4 ? { routes4: follow(netns.routes4, older, newer, 4) } : {}),
    ...(netns.routes6 ? { routes6: follow(netns.routes6, older, newer, 6) } : {}),
  };
}

function follow(dump: RouteDump, older: Link, newer: Link, family: Family): RouteDump {
  const before = derivedRoutesOf(older, family);
  const after = derivedRoutesOf(newer, family);
  const keysBefore = new Set(before.map(routeKey));
  const keysAfter = new Set(after.map(routeKey));
  const kept = dump.routes.filter(
    (route) => !(keysBefore.has(routeKey(route)) && !keysAfter.has(routeKey(route))),
  );
  const present = new Set(kept.map(routeKey));
  const covered = (route: Route): boolean => dump.covers === 'all' || tablesOf(dump).includes(route.table);
  const added = after.filter(
    (route) => !keysBefore.has(routeKey(route)) && !present.has(routeKey(route)) && covered(route),
  );
  return { ...dump, routes: [...kept, ...added] };
}

function routeKey(route: Route): string {
  return `${route.table} ${route.type} ${formatPrefix(route.destination)} ${route.nexthops[0]?.dev} ${route.prefsrc}`;
}

/** fib_sync_down_dev(): every route by the device goes, but not the local ones, unless IP itself ends on it. */
export function dropRoutes(netns: Netns, device: string, family: Family, andLocal: boolean): Netns {
  const dump = family === 4 ? netns.routes4 : netns.routes6;
  if (!dump) return netns;
  const routes = dump.routes.flatMap((route): Route[] => {
    const staying = route.nexthops.filter((hop) => hop.dev !== device);
    if (staying.length === route.nexthops.length) return [route];
    if (route.type === 'local' && family === 4 && !andLocal) return [route];
    return staying.length === 0 ? [] : [{ ...route, nexthops: staying }];
  });
  const next = { ...dump, routes };
  return family === 4 ? { ...netns, routes4: next } : { ...netns, routes6: next };
}
