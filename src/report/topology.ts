import type { Link, RouteDump } from '../dump/records.ts';
import { formatIp } from '../net/ip.ts';
import { formatMac } from '../net/mac.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import type { CapturePoint, Topology } from '../topology/topology.ts';
import type { AnalysisTopology } from './analysis.ts';

type Described = AnalysisTopology['namespaces'][number];

/** The topology as plain data, addresses as text. `points`: where the captures were taken, when more is known than in the topology. */
export function describeTopology(
  topology: Topology,
  points: readonly CapturePoint[] = topology.points,
): AnalysisTopology {
  const segments = topology.segments.map(({ members, by }) => ({
    members: members.map(({ namespace, name }) => ({ namespace, interface: name })),
    by,
  }));
  return {
    namespaces: [...topology.namespaces.values()].map((netns) => describeNamespace(netns, topology)),
    ...(segments.length > 0 && { segments }),
    captures: points.map((point) => ({
      path: point.path,
      namespace: point.namespace,
      interface: point.interface,
      by: point.by,
    })),
    missing: topology.missing.map((missing) => ({ ...missing })),
  };
}

function describeNamespace(netns: Netns, topology: Topology): Described {
  return {
    name: netns.name,
    ...(netns.container !== undefined && { container: netns.container }),
    inferred: netns.inferred,
    links: (netns.links ?? []).map((link) => describeLink(netns, link, topology)),
    routes: [...routeTexts(netns.routes4), ...routeTexts(netns.routes6)],
  };
}

function describeLink(netns: Netns, link: Link, topology: Topology): Described['links'][number] {
  const peer = topology.peerOf({ namespace: netns.name, name: link.name });
  return {
    name: link.name,
    ...(link.index !== undefined && { index: link.index }),
    ...(link.kind !== undefined && { kind: link.kind }),
    ...(link.mac !== undefined && { mac: formatMac(link.mac) }),
    ...(!link.inferred && { up: link.flags.includes('UP') }),
    ...(link.master !== undefined && { master: link.master }),
    ...(link.inferred && { inferred: true }),
    addresses: link.addresses.map(({ address, length }) => `${formatIp(address)}/${length}`),
    ...(peer && { peer: { namespace: peer.namespace, interface: peer.name } }),
  };
}

function routeTexts(dump: RouteDump | undefined): string[] {
  return (dump?.routes ?? []).map((route) => route.text);
}
