/** The two ends of a veth pair that a command made, wherever they are now. */
import type { Netns, Snapshot } from '../snapshot.ts';
import { dropRoutes } from './links.ts';

/** veth_dellink(): both ends go, with their addresses and routes. */
export function endOfPair(snapshot: Snapshot, pair: number): Snapshot {
  const namespaces = new Map<string, Netns>();
  for (const [name, netns] of snapshot.namespaces) {
    const ends = (netns.links ?? []).filter((link) => link.pair === pair);
    namespaces.set(
      name,
      ends.reduce((current, { name: device }) => withoutDevice(current, device), netns),
    );
  }
  return { ...snapshot, namespaces };
}

/** unregister_netdevice(), and what a device leaves behind when it moves away: nothing. */
export function withoutDevice(netns: Netns, device: string): Netns {
  const cleared = dropRoutes(dropRoutes(netns, device, 4, true), device, 6, true);
  const next: Netns = { ...cleared };
  if (cleared.links) {
    next.links = cleared.links
      .filter(({ name }) => name !== device)
      .map((link) => {
        if (link.master !== device) return link;
        const { master: _master, port: _port, ...free } = link;
        return free;
      });
  }
  if (cleared.neighbours) next.neighbours = cleared.neighbours.filter(({ dev }) => dev !== device);
  if (cleared.fdb) next.fdb = cleared.fdb.filter(({ dev }) => dev !== device);
  return next;
}
