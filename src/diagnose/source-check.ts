/** Packets that the host routes for others, and its own beside them: which of the two the network beyond lets through. */
import type { Flow, Leg, Sighting } from '../correlate/flow.ts';
import { isPrivate, ownersOf } from '../correlate/owner.ts';
import { type Point, wasCapturing } from '../correlate/points.ts';
import type { Ip } from '../net/ip.ts';
import { type Case, modelDrop } from './case.ts';
import { exitOf } from './exit.ts';
import type { Evidence } from './finding.ts';

export interface ForeignSource {
  readonly namespace: string;
  readonly interface: string;
  /** As it left: whose source is no address of the host. */
  readonly left: Sighting;
  /** A packet of the host's own to the same destination, as it left, and the answer to it. */
  readonly own: Sighting;
  readonly answer: Sighting;
  /** Of the same protocol, to the same port. */
  readonly alike: boolean;
  /** Captures beyond the network that have the host's packets and none of this flow. */
  readonly absent: readonly Evidence[];
}

/** Undefined too where a foreign source was answered there, or has arrived: then sources make no difference. */
export function foreignSource(kase: Case): ForeignSource | undefined {
  const { flow, outcome, correlation } = kase;
  if (kase.hypothetical || outcome.status === 'delivered' || outcome.error || modelDrop(kase))
    return undefined;
  const exit = exitOf(kase);
  if (!exit?.seen || exit.ownSource || exit.reply) return undefined;
  const { namespace, seen } = exit;
  // Nobody answers a private source on the internet: there it is the translation that lacks.
  if (isPrivate(seen.source) && !isPrivate(flow.server.address)) return undefined;
  const here = correlation.points.filter((point) => isAt(point, namespace, exit.interface));
  const passing = correlation.flows.flatMap((other) =>
    other.legs
      .filter(({ point, forward }) => forward.packets > 0 && here.some(({ index }) => index === point))
      .map((leg) => ({ other, leg })),
  );
  const isOwn = (source: Ip) => ownersOf(kase.snapshot, source).some(({ netns }) => netns.name === namespace);
  if (passing.some(({ leg }) => leg.reply.packets > 0 && !isOwn(leg.client.address))) return undefined;
  const witnesses = passing.filter(
    ({ leg }) =>
      leg.reply.packets > 0 && isOwn(leg.client.address) && leg.server.address === seen.destination,
  );
  const isAlike = ({ other, leg }: { readonly other: Flow; readonly leg: Leg }) =>
    other.protocol === flow.protocol && leg.server.port === seen.destinationPort;
  const witness = witnesses.find(isAlike) ?? witnesses[0];
  const [own, answer] = [witness?.leg.forward.kept[0], witness?.leg.reply.kept[0]];
  if (!witness || !own || !answer) return undefined;
  const beyond = witness.other.legs
    .filter((leg) => leg.forward.packets > 0 && correlation.points[leg.point]?.namespace !== namespace)
    .flatMap(({ point }) => correlation.points[point] ?? []);
  if (beyond.some(({ index }) => flow.legs.some(({ point }) => point === index))) return undefined;
  const absent = beyond
    .filter((point) => wasCapturing(point, flow.protocol, flow.start) === 'yes')
    .map(({ path, packets }) => ({
      path,
      text: `it has the host’s own packets, and none of its ${packets} packets is from this source`,
    }));
  return {
    ...{ namespace, interface: exit.interface, left: seen, own, answer, absent },
    alike: isAlike(witness),
  };
}

function isAt(point: Point, namespace: string, device: string): boolean {
  return point.namespace === namespace && (point.interface === device || point.interface === 'any');
}
