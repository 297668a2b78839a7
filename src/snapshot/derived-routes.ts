/**
 * The routes the kernel makes of addresses: fib_add_ifaddr(), net/ipv4/fib_frontend.c, and addrconf_prefix_route(),
 * net/ipv6/addrconf.c. Routes to own addresses (table local) survive a link that is down; the others go with it.
 */
import { once } from '../base/memo.ts';
import type { InterfaceAddress, Link, Route, RouteType } from '../dump/records.ts';
import { bitsOf, type Family, familyOf, formatIp, type Ip } from '../net/ip.ts';
import { applyMask, broadcastOf, formatPrefix, maskOf, networkOf, type Prefix } from '../net/prefix.ts';

const MULTICAST6: Prefix = { address: 0xff00n << 112n, length: 8 };

/** In the order of the addresses; tables `main` and `local`. */
export function derivedRoutes(links: readonly Link[], family: Family): Route[] {
  return links.flatMap((link) => derivedRoutesOf(link, family));
}

export function derivedRoutesOf(link: Link, family: Family): readonly Route[] {
  return family === 4 ? routes4Of(link) : routes6Of(link);
}

const routes4Of = once((link: Link) => routes4(link, addressesOf(link, 4)));
const routes6Of = once((link: Link) => routes6(link, addressesOf(link, 6)));

function addressesOf(link: Link, family: Family): InterfaceAddress[] {
  return link.addresses.filter((entry) => familyOf(entry.address) === family);
}

function routes4(link: Link, own: readonly InterfaceAddress[]): Route[] {
  const routes: Route[] = [];
  const up = isUp(link);
  for (const entry of own) {
    const network = networkOf(entry.peer ?? entry.address, entry.length);
    const primary = entry.secondary ? own.find((other) => isPrimaryOf(other, entry)) : entry;
    if (!primary) continue;
    const source = primary.address;
    routes.push(route(link, entry, 'local', { address: entry.address, length: 32 }, 'local', 'host', source));
    if (!up) continue;
    const broadcasts = new Set<Ip>();
    if (entry.broadcast !== undefined && entry.broadcast !== 0xffffffff) broadcasts.add(entry.broadcast);
    if (!entry.secondary && !isZeronet(network.address) && !isBareHost(entry, network)) {
      if (!entry.flags.includes('noprefixroute')) {
        routes.push(
          isLoopback(link)
            ? route(link, entry, 'local', network, 'local', 'host', source)
            : route(link, entry, 'unicast', network, 'main', 'link', source, entry.metric),
        );
      }
      if (entry.length < 31) broadcasts.add(broadcastOf(network.address as number, entry.length));
    }
    for (const address of broadcasts) {
      routes.push(route(link, entry, 'broadcast', { address, length: 32 }, 'local', 'link', source));
    }
  }
  return unique(routes);
}

function routes6(link: Link, own: readonly InterfaceAddress[]): Route[] {
  if (!isUp(link)) return [];
  const routes: Route[] = [];
  for (const entry of own) {
    routes.push(route(link, entry, 'local', { address: entry.address, length: 128 }, 'local'));
    if (isLoopback(link) || entry.flags.includes('noprefixroute')) continue;
    const network = networkOf(entry.address, entry.peer === undefined ? entry.length : 128);
    routes.push(route(link, entry, 'unicast', network, 'main', undefined, undefined, entry.metric ?? 256));
  }
  const first = own[0];
  if (first && !isLoopback(link)) {
    routes.push(route(link, first, 'multicast', MULTICAST6, 'local', undefined, undefined, 256));
  }
  return unique(routes);
}

function route(
  link: Link,
  entry: InterfaceAddress,
  type: RouteType,
  destination: Prefix,
  table: 'main' | 'local',
  scope?: string,
  prefsrc?: Ip,
  metric = 0,
): Route {
  const family = familyOf(entry.address);
  const flags = hasCarrier(link) || table === 'local' ? [] : ['linkdown'];
  const words = [
    type === 'unicast' ? undefined : type,
    destination.length === bitsOf(family) ? formatIp(destination.address) : formatPrefix(destination),
    `dev ${link.name}`,
    table === 'local' ? 'table local' : undefined,
    'proto kernel',
    scope === undefined ? undefined : `scope ${scope}`,
    prefsrc === undefined ? undefined : `src ${formatIp(prefsrc)}`,
    metric === 0 ? undefined : `metric ${metric}`,
    ...flags,
  ];
  return {
    family,
    type,
    destination,
    table,
    nexthops: [{ dev: link.name, weight: 1, flags }],
    ...(prefsrc === undefined ? {} : { prefsrc }),
    metric,
    ...(scope === undefined ? {} : { scope }),
    protocol: 'kernel',
    flags,
    derived: true,
    text: words.filter((word) => word !== undefined).join(' '),
    span: entry.span,
  };
}

export function isUp(link: Link): boolean {
  return link.flags.includes('UP');
}

export function isLoopback(link: Link): boolean {
  return link.flags.includes('LOOPBACK') || (link.name === 'lo' && link.inferred === true);
}

/** Unknown carrier counts as present: `ifconfig` and inferred links don't show it. */
export function hasCarrier(link: Link): boolean {
  return !link.flags.includes('NO-CARRIER') && link.operstate !== 'LOWERLAYERDOWN';
}

/** inet_ifa_byprefix(): the first address of the same subnet that isn't itself a secondary. */
function isPrimaryOf(candidate: InterfaceAddress, secondary: InterfaceAddress): boolean {
  if (candidate.secondary || candidate.length !== secondary.length) return false;
  const mask = maskOf(4, secondary.length);
  return (
    applyMask(candidate.peer ?? candidate.address, mask) ===
    applyMask(secondary.peer ?? secondary.address, mask)
  );
}

function isZeronet(ip: Ip): boolean {
  return typeof ip === 'number' && ip >>> 24 === 0;
}

/** A /32 without a peer: its prefix is the address itself, which table local has already. */
function isBareHost(entry: InterfaceAddress, network: Prefix): boolean {
  return entry.length === 32 && network.address === entry.address;
}

function unique(routes: readonly Route[]): Route[] {
  const seen = new Set<string>();
  return routes.filter((entry) => {
    const key = `${entry.table} ${entry.type} ${formatPrefix(entry.destination)} ${entry.metric} ${entry.prefsrc}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
