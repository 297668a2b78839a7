/** The namespaces of one world. Each comes into being when a packet, or a question about a packet, gets to it: most never do. */
import { once } from '../base/memo.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Clock } from './clock.ts';
import type { ConntrackPreload } from './conntrack/preload.ts';
import { isStacked } from './devices.ts';
import { createNet, type Net } from './net.ts';

export interface Nets {
  get(name: string): Net | undefined;
  has(name: string): boolean;
  /** Those of the snapshot in its order, then those that were asked for by name alone. */
  values(): Iterable<Net>;
  /** Whether any of them has a device on top of another one: a question of every frame, which would make all of them. */
  readonly stacked: boolean;
  /** One that nobody dumped is taken for an empty one. */
  obtain(name: string): Net;
}

export function createNets(
  snapshot: Snapshot,
  options: {
    readonly preload: ConntrackPreload | undefined;
    readonly clock: Clock | undefined;
    readonly indexFrom: number | undefined;
  },
): Nets {
  const { namespaces } = snapshot;
  const { preload, clock, indexFrom } = options;
  const made = new Map<string, Net>();
  const assumed = new Map<string, Net>();
  const get = (name: string): Net | undefined => {
    const known = made.get(name);
    if (known) return known;
    const netns = namespaces.get(name);
    if (!netns) return assumed.get(name);
    const net = createNet(netns, preload, clock, indexFrom);
    made.set(name, net);
    return net;
  };
  return {
    get,
    has: (name) => namespaces.has(name) || assumed.has(name),
    *values() {
      for (const name of namespaces.keys()) yield get(name) as Net;
      yield* assumed.values();
    },
    stacked: hasStacked(snapshot),
    obtain(name) {
      const known = get(name);
      if (known) return known;
      const net = createNet({ name, inferred: true }, undefined, clock, indexFrom);
      assumed.set(name, net);
      return net;
    },
  };
}

const hasStacked = once(({ namespaces }: Snapshot): boolean =>
  [...namespaces.values()].some((netns) => (netns.links ?? []).some(isStacked)),
);
