import type { LegSide, Sighting } from '../correlate/flow.ts';
import { ownersOf } from '../correlate/owner.ts';
import type { Point } from '../correlate/points.ts';
import { fateOf } from '../correlate/predict.ts';
import { parseIp } from '../net/ip.ts';
import type { Case } from './case.ts';

/** The last place of the known world that a packet passed, on its way to somewhere nobody dumped. */
export interface Exit {
  readonly namespace: string;
  readonly interface: string;
  /** The packet on its way out, when that was captured. */
  readonly seen?: Sighting;
  /** Captures that look at this interface. */
  readonly points: readonly Point[];
  /** Answers that came in there. */
  readonly reply?: LegSide;
  /** Its source is an address of the namespace it left: an answer can find back. */
  readonly ownSource: boolean;
}

/** The packet left by an interface that has no default route: towards a container or namespace nobody dumped. */
export function leavesInwards(kase: Case): boolean {
  const there = kase.prediction?.there;
  const tap = there?.taps.at(-1);
  if (!there || fateOf(there) !== 'forwarded' || !tap) return false;
  const netns = kase.snapshot.namespaces.get(tap.namespace);
  const routes = (kase.flow.family === 4 ? netns?.routes4 : netns?.routes6)?.routes ?? [];
  const uplinks = routes
    .filter((route) => route.destination.length === 0)
    .flatMap((route) => route.nexthops.map(({ dev }) => dev));
  const device = netns?.links?.find((link) => link.name === tap.interface);
  return uplinks.length > 0 && !uplinks.includes(tap.interface) && !uplinks.includes(device?.master);
}

/** Some capture saw an answer to the flow: then it did not get lost beyond the host. */
export function answeredSomewhere(kase: Case): boolean {
  return kase.flow.legs.some((leg) => leg.reply.packets > 0);
}

export function exitOf(kase: Case): Exit | undefined {
  const { prediction, flow, correlation } = kase;
  const there = prediction?.there;
  if (there) {
    const tap = there.taps.at(-1);
    if (fateOf(there) !== 'forwarded' || !tap) return undefined;
    const check = prediction?.checks.at(-1);
    const reply = flow.legs.find((leg) => {
      const point = correlation.points[leg.point];
      return (
        leg.reply.packets > 0 &&
        point?.namespace === tap.namespace &&
        (point.interface === tap.interface || point.interface === 'any')
      );
    })?.reply;
    const source = parseIp(there.final.source);
    return {
      namespace: tap.namespace,
      interface: tap.interface,
      ...(check?.sighting && { seen: check.sighting }),
      points: check?.points ?? [],
      ...(reply && { reply }),
      ownSource:
        source !== undefined &&
        ownersOf(kase.snapshot, source).some(({ netns }) => netns.name === there.namespace),
    };
  }
  return undefined;
}
