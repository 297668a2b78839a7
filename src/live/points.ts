/** Where to capture when nobody says it. */
import type { CapturePoint } from '../collect/capture-points.ts';
import type { FoundNamespace } from '../collect/namespaces.ts';
import type { Link } from '../dump/records.ts';
import type { Netns, Snapshot } from '../snapshot/snapshot.ts';

/** A capture at each of a hundred veths would cost more than it tells. */
const MOST_POINTS = 24;

/**
 * Of the host, and of every namespace that passes on packets of others: bridges first, then the uplinks, then the near ends
 * of veth pairs. Devices that are down, or have neither ports nor addresses, show nothing.
 */
export function sensiblePoints(
  snapshot: Snapshot,
  namespaces: readonly FoundNamespace[],
): readonly CapturePoint[] {
  const ranked = namespaces.flatMap((namespace) => {
    const netns = snapshot.namespaces.get(namespace.name);
    if (!netns || (namespace.name !== 'host' && !passesOn(netns))) return [];
    return (netns.links ?? []).flatMap((link) => {
      const rank = rankOf(link, netns);
      return rank === undefined ? [] : [{ point: { namespace, device: link.name }, rank }];
    });
  });
  return ranked
    .toSorted((left, right) => left.rank - right.rank)
    .slice(0, MOST_POINTS)
    .map(({ point }) => point);
}

/** Lower is more telling; undefined: not worth it. */
function rankOf(link: Link, netns: Netns): number | undefined {
  if (link.inferred || !link.flags.includes('UP') || link.flags.includes('LOOPBACK')) return undefined;
  if (link.kind === 'bridge') return isUsed(link, netns) ? 0 : undefined;
  if (isUplink(link, netns)) return 1;
  if (link.kind === 'veth') return 2;
  return undefined;
}

function isUsed({ name, addresses }: Link, { links = [] }: Netns): boolean {
  return addresses.some(({ scope }) => scope !== 'link') || links.some(({ master }) => master === name);
}

/** A default route leaves by it, or it is a network card. */
function isUplink({ name, kind, master }: Link, { routes4, routes6 }: Netns): boolean {
  const routes = [...(routes4?.routes ?? []), ...(routes6?.routes ?? [])];
  const leads = routes.some(
    ({ destination, nexthops }) =>
      destination.length === 0 && nexthops.some(({ dev, gateway }) => dev === name && gateway !== undefined),
  );
  return leads || (kind === undefined && master === undefined);
}

function passesOn({ links = [], sysctls }: Netns): boolean {
  const own = links.filter(({ flags }) => !flags.includes('LOOPBACK') && flags.includes('UP'));
  return (
    own.some(({ kind }) => kind === 'bridge') ||
    (own.length > 1 && sysctls?.get('net.ipv4.ip_forward')?.value !== '0')
  );
}
