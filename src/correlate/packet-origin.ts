/** Where a captured packet set out, as far as the model can send it again: a namespace's process, or the wire to a device. */
import type { Ip } from '../net/ip.ts';
import type { Mac } from '../net/mac.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { LinkRef, Topology } from '../topology/topology.ts';
import { isLoopback, neighboursOf, ownersOf } from './owner.ts';

export type PacketOrigin =
  | { readonly kind: 'local'; readonly namespace: string }
  | { readonly kind: 'wire'; readonly link: LinkRef };

/** A packet at its first sighting. */
export interface FirstSighting {
  readonly link: LinkRef;
  readonly source: Ip;
  readonly etherSource?: Mac | undefined;
  /** The capture itself says which way it crossed the interface. */
  readonly crossing?: 'in' | 'out' | undefined;
}

/**
 * The namespace that owns the source address, the one it was seen in before others. An address that nobody owns came in by
 * the wire; if it was seen leaving, by the device on whose subnet the address lies.
 */
export function packetOrigin(snapshot: Snapshot, topology: Topology, seen: FirstSighting): PacketOrigin {
  const { link, source } = seen;
  const local: PacketOrigin = { kind: 'local', namespace: link.namespace };
  if (isLoopback(source)) return local;
  const owners = ownersOf(snapshot, source);
  const owner = owners.find(({ netns }) => netns.name === link.namespace) ?? owners[0];
  if (owner) return { kind: 'local', namespace: owner.netns.name };
  const device = snapshot.namespaces.get(link.namespace)?.links?.find(({ name }) => name === link.name);
  const own = device?.mac !== undefined && device.mac === seen.etherSource;
  if (seen.crossing === 'out' || (own && seen.crossing === undefined)) {
    const near = neighboursOf(snapshot, source).find(({ netns }) => netns.name === link.namespace);
    if (!near || near.link.name === link.name) return local;
    return { kind: 'wire', link: { namespace: link.namespace, name: near.link.name } };
  }
  return { kind: 'wire', link: bridgePort(topology, seen) ?? link };
}

/** A frame seen on a bridge came in by the port behind which its source MAC lives. */
function bridgePort(topology: Topology, { link, etherSource }: FirstSighting): LinkRef | undefined {
  if (etherSource === undefined) return undefined;
  const netns = topology.namespaces.get(link.namespace);
  const learned = netns?.fdb?.find(
    ({ mac, master, permanent }) => mac === etherSource && master === link.name && !permanent,
  );
  if (!learned || !netns?.links?.some(({ name }) => name === learned.dev)) return undefined;
  return { namespace: link.namespace, name: learned.dev };
}
