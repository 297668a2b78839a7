/** Routes as `ip route` prints them: iproute2 ip/iproute.c, print_route(). */
import { familyOf, formatIp, type Ip } from '../../net/ip.ts';
import type { Prefix } from '../../net/prefix.ts';
import { formatRealms } from '../realms.ts';
import type { Nexthop, Route } from '../records.ts';

/** Attributes that stand before the next hop; the others follow the metric. */
const EARLY = ['from', 'nhid', 'encap'];

type Printable = Omit<Route, 'text' | 'span'>;

/** A route in one line; the next hops of a multipath route follow behind it, each in a line of `printRoutes()`. */
export function printRoute(route: Printable): string {
  return [head(route), ...hopLines(route)].join(' ');
}

export function printRoutes(routes: readonly Route[]): string {
  return routes
    .flatMap((route) => [head(route), ...hopLines(route).map((line) => `\t${line}`)])
    .map((line) => `${line} \n`)
    .join('');
}

function head(route: Printable): string {
  const [hop] = route.nexthops;
  const single = route.nexthops.length === 1 && hop?.weight === 1 ? hop : undefined;
  const attributes = route.attributes ?? {};
  return words([
    route.type === 'unicast' ? undefined : route.type,
    formatDestination(route.destination, route.family),
    pair('from', attributes.from),
    pair(
      'tos',
      attributes.tos ??
        (route.tos === undefined ? undefined : `0x${route.tos.toString(16).padStart(2, '0')}`),
    ),
    pair('nhid', attributes.nhid),
    pair('encap', attributes.encap),
    single && via(single, route.family),
    pair('dev', single?.dev),
    pair('table', route.table === 'main' ? undefined : route.table),
    pair('proto', route.protocol),
    pair('scope', route.scope),
    pair('src', route.prefsrc === undefined ? undefined : formatIp(route.prefsrc)),
    pair('metric', route.metric === 0 && route.family === 4 ? undefined : String(route.metric)),
    ...route.flags,
    pair(route.mtuLocked ? 'mtu lock' : 'mtu', route.mtu?.toString()),
    ...Object.entries(attributes)
      .filter(([key]) => !EARLY.includes(key) && key !== 'tos')
      .map(([key, value]) => pair(key, key === 'expires' && /^\d+$/.test(value) ? `${value}sec` : value)),
  ]);
}

function hopLines(route: Printable): string[] {
  if (route.nexthops.length === 0 || (route.nexthops.length === 1 && route.nexthops[0]?.weight === 1))
    return [];
  return route.nexthops.map((hop) =>
    words([
      'nexthop',
      via(hop, route.family),
      pair('dev', hop.dev),
      hop.realms === undefined ? undefined : formatRealms(hop.realms),
      pair('weight', String(hop.weight)),
      ...hop.flags,
    ]),
  );
}

function via(hop: Nexthop, family: number): string | undefined {
  if (hop.gateway === undefined) return undefined;
  const foreign = familyOf(hop.gateway) !== family;
  return `via ${foreign ? (family === 4 ? 'inet6 ' : 'inet ') : ''}${formatIp(hop.gateway)}`;
}

function pair(key: string, value: string | undefined): string | undefined {
  return value === undefined ? undefined : `${key} ${value}`;
}

function words(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(' ');
}

/** `default`, a bare address for a host route, else the prefix. */
export function formatDestination(prefix: Prefix, family: number): string {
  if (prefix.length === 0) return 'default';
  const address: Ip = prefix.address;
  return prefix.length === (family === 4 ? 32 : 128)
    ? formatIp(address)
    : `${formatIp(address)}/${prefix.length}`;
}
