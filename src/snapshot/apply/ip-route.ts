/** `ip route add|append|replace|change|delete|flush`: iproute_modify() of iproute2; fib_check_nh() and fib_table_insert(). */
import type { Span } from '../../base/span.ts';
import type { Nexthop, Route, RouteDump } from '../../dump/records.ts';
import { type Family, formatIp } from '../../net/ip.ts';
import { contains, formatPrefix, type Prefix, parsePrefix } from '../../net/prefix.ts';
import { isUp } from '../derived-routes.ts';
import { effectiveRoutes } from '../effective-routes.ts';
import type { Netns } from '../snapshot.ts';
import { type GivenRoute, parseRoute, tableName } from './route-words.ts';
import { noInterface, type Problem, problem, type Words } from './words.ts';

const ACTIONS = [
  'add',
  'append',
  'change',
  'chg',
  'replace',
  'prepend',
  'delete',
  'flush',
  'list',
  'show',
  'get',
] as const;

export function applyRoute(
  netns: Netns,
  words: Words,
  family: Family | undefined,
  span: Span,
): Netns | Problem {
  const text = words.rest().slice(1).join(' ');
  const action = words.takeAction(ACTIONS);
  if (action === undefined || action === 'list' || action === 'show' || action === 'get') {
    return problem('it changes nothing');
  }
  if (action === 'flush') return flush(netns, words, family);
  const given = parseRoute(words, family);
  if ('problem' in given) return given;
  if (action === 'delete') return remove(netns, given);
  const route = complete(netns, given, text, span);
  if ('problem' in route) return route;
  const dump = dumpOf(netns, given.family);
  const rivals = dump.routes.filter((other) => sameKey(other, route));
  const exists =
    action === 'add' ? rivals[0] : rivals.find((other) => action !== 'replace' && sameWay(other, route));
  if (exists && action !== 'change' && action !== 'chg') return problem(`the route exists: ${exists.text}`);
  if (action === 'change' || action === 'chg') {
    if (rivals.length === 0) return problem('there is no such route to change');
  }
  const [first] = rivals;
  const replaces = action === 'replace' || action === 'change' || action === 'chg';
  const routes =
    replaces && first
      ? dump.routes.map((other) => (other === first ? route : other))
      : insert(dump.routes, route, action);
  return withRoutes(netns, given.family, { ...dump, routes });
}

/** In table order nothing matters but the key; among equals `append` goes last, `prepend` first. */
function insert(routes: readonly Route[], route: Route, action: string): Route[] {
  return action === 'prepend' ? [route, ...routes] : [...routes, route];
}

/** Fills in what the kernel and iproute2 take when it is not said, and refuses what they refuse. */
function complete(netns: Netns, given: GivenRoute, text: string, span: Span): Route | Problem {
  const type = given.type ?? 'unicast';
  const forwards = type === 'unicast' || type === 'multicast';
  const hops: Nexthop[] = [];
  for (const hop of given.nexthops) {
    const found = resolveNexthop(netns, given.family, hop);
    if ('problem' in found) return found;
    hops.push(found);
  }
  if (forwards && hops.length === 0) return problem('a route needs a device or a gateway');
  const { prefsrc } = given;
  if (prefsrc !== undefined && netns.links && !netns.addressesUnknown) {
    const own = netns.links.some((link) => link.addresses.some((entry) => entry.address === prefsrc));
    if (!own) return problem(`the source ${formatIp(prefsrc)} is no address of ${netns.name}`);
  }
  const via = hops.some((hop) => hop.gateway !== undefined);
  const scope = given.scope ?? (type === 'local' ? 'host' : forwards && !via ? 'link' : undefined);
  return {
    family: given.family,
    type,
    destination: given.destination,
    table: given.table ?? (type === 'local' || type === 'broadcast' || type === 'anycast' ? 'local' : 'main'),
    nexthops: hops,
    ...(prefsrc === undefined ? {} : { prefsrc }),
    metric: given.metric ?? (given.family === 6 ? 1024 : 0),
    ...(given.tos === undefined ? {} : { tos: given.tos }),
    ...(scope === undefined || given.family === 6 ? {} : { scope }),
    protocol: given.protocol ?? 'boot',
    flags: [],
    text,
    span,
  };
}

/** fib_check_nh(): the gateway must be on a link that is up; without a device, the route to it says which. */
function resolveNexthop(
  netns: Netns,
  family: Family,
  hop: GivenRoute['nexthops'][number],
): Nexthop | Problem {
  const { gateway, dev } = hop;
  if (dev !== undefined && netns.links) {
    const link = netns.links.find((candidate) => candidate.name === dev);
    if (!link) return noInterface(dev);
    if (!isUp(link)) return problem(`${dev} is down: the device for the nexthop is not up`);
  }
  if (gateway === undefined)
    return { ...(dev === undefined ? {} : { dev }), weight: hop.weight, flags: hop.flags };
  const { routes, isComplete } = effectiveRoutes(netns, family);
  const reaching = routes
    .filter((route) => contains(route.destination, gateway))
    .filter((route) => dev === undefined || route.nexthops.some((next) => next.dev === dev));
  // Table local is asked first: the kernel takes an own address for a gateway.
  const own = reaching.find((route) => route.table === 'local' && route.type === 'local');
  const [onLink] = reaching
    .filter((route) => route.table === 'main' && route.type === 'unicast')
    .sort((a, b) => b.destination.length - a.destination.length || a.metric - b.metric);
  const direct = own ?? (onLink?.nexthops[0]?.gateway === undefined ? onLink : undefined);
  const taken =
    hop.flags.includes('onlink') || (dev !== undefined && family === 6 && BigInt(gateway) >> 118n === 0x3fan);
  const knows = isComplete('main') || (netns.links !== undefined && !netns.addressesUnknown);
  if (!direct && !taken && knows) {
    return problem(
      `the gateway ${formatIp(gateway)} is on no network ${dev === undefined ? 'that' : `of ${dev} that`} ${netns.name} is connected to`,
    );
  }
  const device = dev ?? direct?.nexthops[0]?.dev;
  const link = netns.links?.find((candidate) => candidate.name === device);
  if (link && !isUp(link)) return problem(`${link.name} is down: the network is down`);
  return { gateway, ...(device === undefined ? {} : { dev: device }), weight: hop.weight, flags: hop.flags };
}

function remove(netns: Netns, given: GivenRoute): Netns | Problem {
  const dump = dumpOf(netns, given.family);
  const table = given.table ?? (given.type === 'local' || given.type === 'broadcast' ? 'local' : 'main');
  const hop = given.nexthops[0];
  const matching = dump.routes.filter(
    (route) =>
      route.table === table &&
      (given.type === undefined || route.type === given.type) &&
      formatPrefix(route.destination) === formatPrefix(given.destination) &&
      (given.metric === undefined || route.metric === given.metric) &&
      (given.tos === undefined || (route.tos ?? 0) === given.tos) &&
      (given.protocol === undefined || route.protocol === given.protocol) &&
      (given.scope === undefined || (route.scope ?? 'global') === given.scope) &&
      (given.prefsrc === undefined || route.prefsrc === given.prefsrc) &&
      (!hop ||
        route.nexthops.some(
          (next) =>
            (hop.gateway === undefined || next.gateway === hop.gateway) &&
            (hop.dev === undefined || next.dev === hop.dev),
        )),
  );
  const [first] = matching.sort((a, b) => a.metric - b.metric);
  if (!first) {
    return dump.covers === 'none'
      ? problem(`no route dump of ${netns.name} shows that route`)
      : problem(`${netns.name} has no such route`);
  }
  return withRoutes(netns, given.family, { ...dump, routes: dump.routes.filter((route) => route !== first) });
}

/** `ip route flush table T`, `dev D`, `PREFIX`, `cache`: those selectors people use. */
function flush(netns: Netns, words: Words, hint: Family | undefined): Netns | Problem {
  let table: string | undefined;
  let dev: string | undefined;
  let exact: Prefix | undefined;
  const family = hint ?? 4;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === 'cache') return netns;
    if (word === 'table') table = tableName(words.take() ?? '');
    else if (word === 'dev') dev = words.take();
    else {
      const text = word === 'to' || word === 'exact' ? words.take() : word;
      exact = text === undefined ? undefined : parsePrefix(text, family);
      if (!exact) return problem(`\`ip route flush ${word}\` is not modelled`);
    }
  }
  const dump = dumpOf(netns, family);
  const routes = dump.routes.filter(
    (route) =>
      !(
        (table === 'all' || route.table === (table ?? 'main')) &&
        (dev === undefined || route.nexthops.some((hop) => hop.dev === dev)) &&
        (!exact || formatPrefix(route.destination) === formatPrefix(exact))
      ),
  );
  return withRoutes(netns, family, { ...dump, routes });
}

function sameKey(one: Route, other: Route): boolean {
  return (
    one.table === other.table &&
    one.metric === other.metric &&
    (one.tos ?? 0) === (other.tos ?? 0) &&
    formatPrefix(one.destination) === formatPrefix(other.destination)
  );
}

/** Two routes of one key may stand side by side only if they lead different ways. */
function sameWay(one: Route, other: Route): boolean {
  const way = (route: Route): string =>
    `${route.type} ${route.scope ?? 'global'} ${route.prefsrc} ${route.nexthops.map((hop) => `${hop.gateway} ${hop.dev}`).join(',')}`;
  return way(one) === way(other);
}

/** The routes to change; where none were dumped, those that follow from the addresses stand beside and stay derived. */
export function dumpOf(netns: Netns, family: Family): RouteDump {
  return (family === 4 ? netns.routes4 : netns.routes6) ?? { routes: [], covers: 'none' };
}

export function withRoutes(netns: Netns, family: Family, dump: RouteDump): Netns {
  return family === 4 ? { ...netns, routes4: dump } : { ...netns, routes6: dump };
}
