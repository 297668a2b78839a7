/** Where a captured packet set out, as far as the model can send it again: a namespace's process, or the wire to a device. */

import { hostOf } from '../input/host.ts';
import type { Ip } from '../net/ip.ts';
import type { Mac } from '../net/mac.ts';
import type { Netns, Snapshot } from '../snapshot/snapshot.ts';
import type { LinkRef, Topology } from '../topology/topology.ts';
import { isLoopback, neighboursOf, ownersOf } from './owner.ts';

export type PacketOrigin =
  | {
      readonly kind: 'local';
      readonly namespace: string;
      /** The interface it is bound to; absent where the route decides. */
      readonly out?: string;
    }
  | { readonly kind: 'wire'; readonly link: LinkRef };

/** A packet at its first sighting. */
export interface FirstSighting {
  readonly link: LinkRef;
  readonly source: Ip;
  readonly destination: Ip;
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
  const owner =
    owners.find(({ netns }) => netns.name === link.namespace) ??
    owners.find(({ netns }) => netns.host === hostOf(link.namespace)) ??
    owners[0];
  if (owner) {
    const bound = isOfOneLink(seen.destination) && { out: owner.link.name };
    return { kind: 'local', namespace: owner.netns.name, ...bound };
  }
  const device = snapshot.namespaces.get(link.namespace)?.links?.find(({ name }) => name === link.name);
  const own = device?.mac !== undefined && device.mac === seen.etherSource;
  if (seen.crossing === 'out' || (own && seen.crossing === undefined)) {
    const near = neighboursOf(snapshot, source).find(({ netns }) => netns.name === link.namespace);
    if (!near || near.link.name === link.name) return local;
    return { kind: 'wire', link: { namespace: link.namespace, name: near.link.name } };
  }
  return { kind: 'wire', link: bridgePort(topology, seen) ?? otherPort(snapshot, topology, seen) ?? link };
}

/**
 * A frame on a port of a bridge that was on its way out there: its source MAC was learned behind another port, or the port leads
 * to whoever has its destination. It came in by the other port, by some other port where no table was dumped, and what isn't from
 * the bridge's subnet by the default route's device.
 */
function otherPort(snapshot: Snapshot, topology: Topology, seen: FirstSighting): LinkRef | undefined {
  const { link, source, destination, etherSource, crossing } = seen;
  const netns = snapshot.namespaces.get(link.namespace);
  const master = netns?.links?.find(({ name }) => name === link.name)?.master;
  if (master === undefined || crossing === 'in') return undefined;
  const learned = netns?.fdb?.find(
    (entry) => entry.mac === etherSource && entry.master === master && !entry.permanent,
  )?.dev;
  if (learned === link.name) return undefined;
  if (learned !== undefined) return { namespace: link.namespace, name: learned };
  const peer = topology.peerOf(link);
  const leaving = ownersOf(snapshot, destination).some(
    (owner) => owner.netns.name === peer?.namespace && owner.link.name === peer.name,
  );
  if (!leaving) return undefined;
  const near = neighboursOf(snapshot, source).some(
    (owner) => owner.netns === netns && owner.link.name === master,
  );
  const name = near
    ? netns?.links?.find((other) => other.master === master && other.name !== link.name)?.name
    : uplinkOf(netns, typeof source === 'number' ? 4 : 6);
  return name === undefined ? undefined : { namespace: link.namespace, name };
}

function uplinkOf(netns: Netns | undefined, family: 4 | 6): string | undefined {
  const routes = (family === 4 ? netns?.routes4 : netns?.routes6)?.routes ?? [];
  return routes.find(({ destination }) => destination.length === 0)?.nexthops[0]?.dev;
}

/** Multicast and link-local destinations mean nothing without an interface: no route chose it, the sender did. */
function isOfOneLink(ip: Ip): boolean {
  if (typeof ip === 'number') return ip >>> 28 === 0xe || ip === 0xffffffff || ip >>> 16 === 0xa9fe;
  return ip >> 120n === 0xffn || ip >> 118n === 0x3fan;
}

/** A frame seen on a bridge came in by the port behind which its source MAC lives. */
export function bridgePort(topology: Topology, { link, etherSource }: FirstSighting): LinkRef | undefined {
  if (etherSource === undefined) return undefined;
  const netns = topology.namespaces.get(link.namespace);
  const learned = netns?.fdb?.find(
    ({ mac, master, permanent }) => mac === etherSource && master === link.name && !permanent,
  );
  if (!learned || !netns?.links?.some(({ name }) => name === learned.dev)) return undefined;
  return { namespace: link.namespace, name: learned.dev };
}
