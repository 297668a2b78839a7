/** What setting one interface up does to others: veth_open() gives the other end its carrier, br_port_carrier_check() its ports. */
import type { Link } from '../../dump/records.ts';
import type { Netns, Snapshot } from '../snapshot.ts';

/** Both ends of every veth pair that is up now, and was not, get their carrier; in whatever namespace they are. */
export function settleCarrier(before: Snapshot, after: Snapshot): Snapshot {
  return settlePairs(settleRisen(before, after));
}

/** An end of a pair that a command made has a carrier while both ends are up. */
function settlePairs(snapshot: Snapshot): Snapshot {
  const ends = [...snapshot.namespaces.values()].flatMap(({ links }) =>
    (links ?? []).filter((link) => link.pair !== undefined),
  );
  if (ends.length === 0) return snapshot;
  const settled = (link: Link): Link => {
    if (link.pair === undefined || !isUp(link)) return link;
    const peer = ends.find((end) => end.pair === link.pair && end !== link);
    const has = peer === undefined || isUp(peer);
    if (has === link.flags.includes('LOWER_UP')) return link;
    const rest = link.flags.filter((flag) => flag !== 'LOWER_UP' && flag !== 'NO-CARRIER');
    return {
      ...link,
      flags: [...rest, has ? 'LOWER_UP' : 'NO-CARRIER'],
      operstate: has ? 'UP' : 'LOWERLAYERDOWN',
    };
  };
  const namespaces = new Map<string, Netns>();
  for (const [name, netns] of snapshot.namespaces)
    namespaces.set(name, netns.links ? { ...netns, links: netns.links.map(settled) } : netns);
  return { ...snapshot, namespaces };
}

function settleRisen(before: Snapshot, after: Snapshot): Snapshot {
  const risen = [...after.namespaces.values()].flatMap((netns) =>
    (netns.links ?? []).filter((link) => isUp(link) && wasDown(before, netns.name, link.name)),
  );
  if (risen.length === 0) return after;
  const namespaces = new Map<string, Netns>();
  for (const netns of after.namespaces.values()) namespaces.set(netns.name, settle(netns, risen));
  return { ...after, namespaces };
}

function settle(netns: Netns, risen: readonly Link[]): Netns {
  if (!netns.links) return netns;
  const links = netns.links.map((link) =>
    risen.some((end) => arePair(end, link)) ? withCarrier(link) : link,
  );
  return { ...netns, links };
}

function withCarrier(link: Link): Link {
  if (!isUp(link) || !link.flags.includes('NO-CARRIER')) return link;
  return {
    ...link,
    flags: [...link.flags.filter((flag) => flag !== 'NO-CARRIER'), 'LOWER_UP'],
    operstate: 'UP',
  };
}

function arePair(one: Link, other: Link): boolean {
  return (
    one !== other &&
    one.peerIndex !== undefined &&
    one.peerIndex === other.index &&
    (other.peerIndex === undefined || other.peerIndex === one.index)
  );
}

function isUp(link: Link): boolean {
  return link.flags.includes('UP');
}

function wasDown(before: Snapshot, namespace: string, name: string): boolean {
  const link = before.namespaces.get(namespace)?.links?.find((candidate) => candidate.name === name);
  return link !== undefined && !isUp(link);
}

/** Ports of a bridge are disabled while they or it are down, and forward as soon as both are up, unless spanning tree makes them listen first. */
export function settlePorts(netns: Netns): Netns {
  const links = netns.links?.map((link) => {
    const bridge =
      link.master === undefined ? undefined : netns.links?.find(({ name }) => name === link.master);
    if (!bridge || !link.port) return link;
    if (!isUp(link) || !isUp(bridge)) return { ...link, port: { ...link.port, state: 'disabled' as const } };
    if (link.port.state !== 'disabled') return link;
    const learns = Number(bridge.kindData?.stp_state ?? 0) > 0;
    return {
      ...link,
      port: { ...link.port, state: learns ? ('listening' as const) : ('forwarding' as const) },
    };
  });
  return links ? { ...netns, links } : netns;
}
