/** A packet that leaves the known world with a source for which nobody out there has a route. */
import { isPrivate, ownersOf } from '../correlate/owner.ts';
import { fateOf } from '../correlate/predict.ts';
import { familyOf, type Ip, parseIp } from '../net/ip.ts';
import type { Trace } from '../netstack/hop.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

/** That source: private, of nobody in the namespace that sends it out by its uplink. */
export function strangeSource(snapshot: Snapshot, there: Trace): Ip | undefined {
  if (fateOf(there) !== 'forwarded') return undefined;
  const source = parseIp(there.final.source);
  if (source === undefined || !isPrivate(source)) return undefined;
  const own = ownersOf(snapshot, source).some(({ netns }) => netns.name === there.namespace);
  const device = there.hops.at(-1)?.out ?? there.taps.at(-1)?.interface ?? '';
  // A network behind this host has it as its gateway; beyond the uplink nobody knows a private source.
  return own || !hasDefaultBy(snapshot, there.namespace, device, source) ? undefined : source;
}

/** Does a default route leave by this device? */
function hasDefaultBy(snapshot: Snapshot, namespace: string, device: string, source: Ip): boolean {
  const netns = snapshot.namespaces.get(namespace);
  const routes = (familyOf(source) === 4 ? netns?.routes4 : netns?.routes6)?.routes ?? [];
  return routes.some(
    (route) => route.destination.length === 0 && route.nexthops.some(({ dev }) => dev === device),
  );
}
