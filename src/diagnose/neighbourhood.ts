import type { Link } from '../dump/records.ts';
import { isRoot } from '../input/host.ts';
import { type Family, familyOf, type Ip } from '../net/ip.ts';
import { contains, networkOf } from '../net/prefix.ts';
import { machineOf } from '../snapshot/machines.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import type { Scene } from './case.ts';

/** An address on a device, with the namespace it is in. */
export interface Station {
  readonly netns: Netns;
  readonly link: Link;
  readonly address: Ip;
  readonly length: number;
}

function globalAddresses(netns: Netns, family: Family): Station[] {
  return (netns.links ?? [])
    .filter((link) => link.name !== 'lo')
    .flatMap((link) =>
      link.addresses
        .filter(({ address, scope }) => familyOf(address) === family && scope !== 'host' && scope !== 'link')
        .map(({ address, length }) => ({ netns, link, address, length })),
    );
}

/** The addresses of a namespace that packets of that family leave from. */
export function stationsOf(netns: Netns, family: Family): Station[] {
  return globalAddresses(netns, family);
}

/** Devices of other known namespaces whose subnet holds the address: who could be its gateway or its neighbour. */
export function onSubnetOf(kase: Scene, address: Ip, except: string): Station[] {
  return [...kase.snapshot.namespaces.values()]
    .filter((netns) => netns.name !== except)
    .flatMap((netns) => globalAddresses(netns, familyOf(address)))
    .filter((station) => station.length < (familyOf(address) === 4 ? 32 : 128))
    .filter((station) => contains(networkOf(station.address, station.length), address));
}

/**
 * The router that a namespace would use: a device of another namespace in one of its subnets, one that forwards or holds a
 * bridge first; else what Docker's network says.
 */
export function gatewayOf(
  kase: Scene,
  netns: Netns,
  family: Family,
): { address: Ip; namespace?: string; station?: Station } | undefined {
  const own = stationsOf(netns, family);
  const candidates = own.flatMap((station) =>
    onSubnetOf(kase, station.address, netns.name).filter((other) =>
      contains(networkOf(other.address, other.length), station.address),
    ),
  );
  const best = candidates.toSorted((left, right) => routerScore(right) - routerScore(left))[0];
  if (best && routerScore(best) > 0)
    return { address: best.address, namespace: best.netns.name, station: best };
  const network = machineOf(kase.snapshot, netns.name)
    .docker.networks.flatMap((candidate) => candidate.subnets)
    .find(
      ({ subnet, gateway }) => gateway !== undefined && own.some(({ address }) => contains(subnet, address)),
    );
  return network?.gateway === undefined ? undefined : { address: network.gateway };
}

/** Several devices, a bridge, forwarding on: the marks of a router. */
function routerScore({ netns, link }: Station): number {
  const devices = (netns.links ?? []).filter(
    (candidate) => candidate.name !== 'lo' && candidate.addresses.length > 0,
  ).length;
  const bridge =
    link.kind === 'bridge' || (netns.links ?? []).some((candidate) => candidate.master === link.name);
  const forwards = netns.sysctls?.get('net.ipv4.ip_forward')?.value === '1';
  return (devices > 1 ? 2 : 0) + (bridge ? 2 : 0) + (forwards ? 1 : 0) + (isRoot(netns.name) ? 1 : 0);
}

/** Does the namespace have a default route of that family in any table that was dumped? Undefined: not dumped. */
export function hasDefaultRoute(netns: Netns, family: Family): boolean | undefined {
  const dump = family === 4 ? netns.routes4 : netns.routes6;
  return dump?.routes.some((route) => route.destination.length === 0 && route.type === 'unicast');
}

/** Where a namespace's routes were read, for saying that something is not among them. */
export function routesPath(netns: Netns | undefined, family: Family): string | undefined {
  const dump = family === 4 ? netns?.routes4 : netns?.routes6;
  return dump?.routes[0]?.span.path;
}

/** Was the main table dumped? What has no route in a table that nobody dumped may well have one. */
export function routesKnown(netns: Netns | undefined, family: Family): boolean {
  return (family === 4 ? netns?.routes4 : netns?.routes6) !== undefined;
}

/** A host with something behind it: a bridge, or several networks. Elsewhere "refused by the host" says nothing. */
export function isRouter(netns: Netns | undefined): boolean {
  const links = (netns?.links ?? []).filter(
    (link) => link.name !== 'lo' && link.addresses.some(({ scope }) => scope === 'global'),
  );
  return links.length > 1;
}
