/** What lists tell in passing: which ids and processes namespaces have, what devices counted. */
import type { Link } from '../dump/records.ts';
import type { DumpInput } from '../input/input.ts';

export interface Identity {
  readonly inode?: number;
  readonly pid?: number;
  readonly netnsid?: number;
}

/**
 * Namespaces by name, of `ip netns list` and `lsns`. An id counts where the root namespace was asked: each namespace has its own
 * for the others (rtnl_net_fill(), net/core/net_namespace.c).
 */
export function seenNamespaces(dumps: readonly DumpInput[]): ReadonlyMap<string, Identity> {
  const seen = new Map<string, Identity>();
  for (const { dump, namespace } of dumps) {
    if (dump.content.kind !== 'namespaces') continue;
    for (const { name, inode, pid, netnsid } of dump.content.namespaces) {
      if (name === undefined) continue;
      seen.set(name, {
        ...seen.get(name),
        ...(inode === undefined ? {} : { inode }),
        ...(pid === undefined ? {} : { pid }),
        ...(netnsid === undefined || namespace !== 'host' ? {} : { netnsid }),
      });
    }
  }
  return seen;
}

/** Counters of /proc/net/dev and `ethtool -S` for the links that have none of that name from `ip -s link`. */
export function withCounters(links: Link[], dumps: readonly DumpInput[]): Link[] {
  const counters = new Map<string, Readonly<Record<string, number>>>();
  for (const { dump } of dumps) {
    if (dump.content.kind !== 'link-counters') continue;
    for (const { dev, counters: own } of dump.content.devices) {
      if (dev !== undefined) counters.set(dev, { ...counters.get(dev), ...own });
    }
  }
  if (counters.size === 0) return links;
  return links.map((link) => {
    const own = counters.get(link.name);
    return own ? { ...link, statistics: { ...own, ...link.statistics } } : link;
  });
}
