/** The device that one is on top of: of a VLAN, a macvlan or ipvlan, an underlay that a tunnel names (IFLA_LINK, dev_get_iflink()). */
import type { Link } from '../dump/records.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import type { LinkRef, Topology } from './topology.ts';

/** Kinds whose device may have been moved to another namespace than the one below it. */
const ALONE = new Set([undefined, 'veth', 'loopback']);

/** Undefined also where several devices of other namespaces have the index, and nothing tells which is meant. */
export function lowerOf(
  link: Link,
  netns: Netns,
  topology: Pick<Topology, 'namespaces' | 'peerOf'>,
): LinkRef | undefined {
  if (ALONE.has(link.kind)) return undefined;
  const elsewhere = link.peerNetnsid !== undefined || link.peerNetns !== undefined;
  if (!elsewhere) {
    const lower = (netns.links ?? []).find((other) =>
      link.peerName === undefined
        ? link.peerIndex !== undefined && other.index === link.peerIndex
        : other.name === link.peerName,
    );
    return lower && lower !== link ? { namespace: netns.name, name: lower.name } : undefined;
  }
  const known = namespaceOf(link, netns, topology);
  const holders = [...topology.namespaces.values()].filter(
    (other) => other.host === netns.host && (known === undefined ? other !== netns : other.name === known),
  );
  const found = holders.flatMap((other) =>
    (other.links ?? [])
      .filter(({ index, kind, name }) => index === link.peerIndex && kind !== link.kind && name !== 'lo')
      .map(({ name }) => ({ namespace: other.name, name })),
  );
  return found.length === 1 ? found[0] : undefined;
}

/** By name, or as a veth of the same namespace shows that names the same id. */
function namespaceOf(
  link: Link,
  netns: Netns,
  topology: Pick<Topology, 'namespaces' | 'peerOf'>,
): string | undefined {
  if (link.peerNetns !== undefined) {
    return [...topology.namespaces.values()].find(
      ({ name, host }) =>
        host === netns.host && (name === link.peerNetns || name.endsWith(`/${link.peerNetns}`)),
    )?.name;
  }
  for (const other of netns.links ?? []) {
    if (other.kind !== 'veth' || other.peerNetnsid !== link.peerNetnsid) continue;
    const peer = topology.peerOf({ namespace: netns.name, name: other.name });
    if (peer) return peer.namespace;
  }
  return undefined;
}
