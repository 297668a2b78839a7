/**
 * What the captures prove of settings that nobody dumped: a packet seen on both sides of a router means that it forwards; a
 * frame sent to a gateway's MAC means a route by it. Only filled in where there is no dump; marked as inferred.
 */
import type { Link, Route, Sysctl } from '../dump/records.ts';
import { type Family, familyOf, formatIp, type Ip } from '../net/ip.ts';
import { contains, networkOf } from '../net/prefix.ts';
import { derivedRoutes } from '../snapshot/derived-routes.ts';
import type { Netns, Snapshot } from '../snapshot/snapshot.ts';
import type { Flow, Sighting } from './flow.ts';
import type { Correlation } from './scan.ts';

export function inferSettings(snapshot: Snapshot, correlation: Correlation): Snapshot {
  const namespaces = new Map<string, Netns>();
  for (const netns of snapshot.namespaces.values()) {
    namespaces.set(netns.name, netns.links ? inferNetns(netns, netns.links, snapshot, correlation) : netns);
  }
  return { ...snapshot, namespaces };
}

function inferNetns(
  netns: Netns,
  links: readonly Link[],
  snapshot: Snapshot,
  correlation: Correlation,
): Netns {
  const sysctls = inferForwarding(netns, correlation);
  const route4 = netns.routes4 ? undefined : inferGateway(netns, links, snapshot, correlation, 4);
  const route6 = netns.routes6 ? undefined : inferGateway(netns, links, snapshot, correlation, 6);
  const dump = (route: Route, family: Family) => ({
    routes: [...derivedRoutes(links, family), route],
    covers: 'main' as const,
  });
  return {
    ...netns,
    ...(sysctls && { sysctls }),
    ...(route4 && { routes4: dump(route4, 4) }),
    ...(route6 && { routes6: dump(route6, 6) }),
  };
}

const SWITCH = { 4: 'net.ipv4.ip_forward', 6: 'net.ipv6.conf.all.forwarding' } as const;

function inferForwarding(netns: Netns, correlation: Correlation): Map<string, Sysctl> | undefined {
  const inferred = new Map<string, Sysctl>();
  for (const family of [4, 6] as const) {
    if (netns.sysctls?.has(SWITCH[family])) continue;
    const path = correlation.flows
      .filter((flow) => flow.family === family)
      .map((flow) => crossing(flow, netns.name, correlation))
      .find((found) => found !== undefined);
    if (path !== undefined)
      inferred.set(SWITCH[family], { value: '1', inferred: true, span: { path, line: 0 } });
  }
  return inferred.size === 0 ? undefined : new Map([...(netns.sysctls ?? []), ...inferred]);
}

/** The capture behind a namespace that has a packet which the one before it has with a larger TTL. */
function crossing(flow: Flow, namespace: string, { points }: Correlation): string | undefined {
  for (const direction of ['forward', 'reply'] as const) {
    const here = flow.legs.flatMap((leg) => {
      const point = points[leg.point];
      const first = leg[direction].kept[0];
      return point?.namespace === namespace && first?.ttl !== undefined ? [{ point, ttl: first.ttl }] : [];
    });
    for (const before of here) {
      const after = here.find(
        ({ point, ttl }) => point.interface !== before.point.interface && ttl === before.ttl - 1,
      );
      if (after) return after.point.path;
    }
  }
  return undefined;
}

function inferGateway(
  netns: Netns,
  links: readonly Link[],
  snapshot: Snapshot,
  correlation: Correlation,
  family: Family,
): Route | undefined {
  for (const link of links) {
    for (const own of link.addresses) {
      if (familyOf(own.address) !== family || own.scope !== 'global' || link.mac === undefined) continue;
      const subnet = networkOf(own.address, own.length);
      const sent = sentFrom(correlation, own.address, link.mac).find(
        ({ destination }) => !contains(subnet, destination),
      );
      const gateway = sent && addressBehind(snapshot, netns, link, sent.etherDestination, subnet);
      if (!sent || gateway === undefined) continue;
      const path = correlation.points[sent.point]?.path ?? '';
      return {
        family,
        type: 'unicast',
        destination: { address: family === 4 ? 0 : 0n, length: 0 },
        table: 'main',
        nexthops: [{ gateway, dev: link.name, weight: 1, flags: [] }],
        metric: 0,
        flags: [],
        derived: true,
        text: `default via ${formatIp(gateway)} dev ${link.name}`,
        span: { path, line: 0 },
      };
    }
  }
  return undefined;
}

/** Packets that this device sent with its own address: at its own capture, or on the link it is on. */
function sentFrom(correlation: Correlation, address: Ip, mac: number): Sighting[] {
  return correlation.flows.flatMap((flow) =>
    flow.legs.flatMap((leg) =>
      [...leg.forward.kept, ...leg.reply.kept].filter(
        (seen) => seen.source === address && seen.etherSource === mac,
      ),
    ),
  );
}

/** Who has that MAC: a known device on the subnet, or a line of the neighbour table. */
function addressBehind(
  snapshot: Snapshot,
  netns: Netns,
  link: Link,
  mac: number | undefined,
  subnet: ReturnType<typeof networkOf>,
): Ip | undefined {
  if (mac === undefined) return undefined;
  const entry = netns.neighbours?.find(
    (neighbour) =>
      neighbour.mac === mac && neighbour.dev === link.name && contains(subnet, neighbour.address),
  );
  if (entry) return entry.address;
  const devices = [...snapshot.namespaces.values()].flatMap((other) => other.links ?? []);
  return devices
    .filter((device) => device.mac === mac && device !== link)
    .flatMap((device) => device.addresses)
    .find(({ address }) => contains(subnet, address))?.address;
}
