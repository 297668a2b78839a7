import { formatIp } from '../net/ip.ts';
import { formatMac } from '../net/mac.ts';
import type { CapturePoint, Topology } from './topology.ts';

/** The topology as plain data (the `topology` of nettrace-analysis/1). */
export function describeTopology(topology: Topology, points: readonly CapturePoint[] = topology.points) {
  return {
    namespaces: [...topology.namespaces.values()].map((netns) => ({
      name: netns.name,
      ...(netns.container !== undefined && { container: netns.container }),
      inferred: netns.inferred,
      links: (netns.links ?? []).map((link) => {
        const peer = topology.peerOf({ namespace: netns.name, name: link.name });
        return {
          name: link.name,
          ...(link.index !== undefined && { index: link.index }),
          ...(link.kind !== undefined && { kind: link.kind }),
          ...(link.mac !== undefined && { mac: formatMac(link.mac) }),
          ...(link.inferred ? { inferred: true } : { up: link.flags.includes('UP') }),
          ...(link.master !== undefined && { master: link.master }),
          addresses: link.addresses.map(({ address, length }) => `${formatIp(address)}/${length}`),
          ...(peer && { peer: { namespace: peer.namespace, interface: peer.name } }),
        };
      }),
      routes: [...(netns.routes4?.routes ?? []), ...(netns.routes6?.routes ?? [])]
        .filter(({ table }) => table !== 'local')
        .map(({ text }) => text),
    })),
    ...(topology.segments.length > 0 && {
      segments: topology.segments.map(({ members, by }) => ({
        members: members.map(({ namespace, name }) => ({ namespace, interface: name })),
        by,
      })),
    }),
    captures: points.map(({ path, namespace, interface: name, by }) => ({
      path,
      namespace,
      interface: name,
      by,
    })),
    missing: topology.missing.map(({ namespace, dump, text }) => ({ namespace, dump, text })),
  };
}
