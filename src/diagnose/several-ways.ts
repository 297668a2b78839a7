/** Default routes of a namespace that stand side by side, and which of them the packets of captured flows took. */
import type { Flow, Sighting } from '../correlate/flow.ts';
import { ownersOf } from '../correlate/owner.ts';
import { fateOf } from '../correlate/predict.ts';
import type { Route } from '../dump/records.ts';
import { formatIp, type Ip, parseIp } from '../net/ip.ts';
import type { Step } from '../netstack/hop.ts';
import { type Case, modelDrop, netnsOf, type Scene } from './case.ts';

/** Default routes that may be taken, in order of their metric. */
export function defaultsOf(scene: Scene, namespace: string, family: 4 | 6): Route[] {
  const netns = netnsOf(scene, namespace);
  const routes = (family === 4 ? netns?.routes4 : netns?.routes6)?.routes ?? [];
  return routes
    .filter(
      ({ destination, type, table }) => destination.length === 0 && type === 'unicast' && table === 'main',
    )
    .toSorted((left, right) => left.metric - right.metric);
}

/** The receiver has several networks: it was asked by one and answers by the default route of another. */
export interface OtherDefault {
  readonly namespace: string;
  readonly asked: string;
  readonly answers: string;
  readonly source: Ip;
  readonly route: Extract<Step, { kind: 'route' }>;
  /** Gateway of the network that it was asked by, where known; and whether a default route names it already. */
  readonly gateway?: Ip;
  readonly other?: Route;
  readonly seen?: Sighting;
}

export function otherDefault(kase: Case): OtherDefault | undefined {
  const { prediction, flow } = kase;
  const [there, back] = [prediction?.there, prediction?.back];
  if (!there || !back || fateOf(there) !== 'delivered') return undefined;
  // Where the request itself is lost, its answer is none of the problem.
  if (modelDrop(kase)?.direction === 'forward') return undefined;
  const [arrival, departure] = [there.hops.at(-1), back.hops[0]];
  const route = departure?.steps.find((step) => step.kind === 'route');
  const namespace = there.namespace;
  if (departure?.namespace !== namespace || route?.kind !== 'route' || route.table !== 'main')
    return undefined;
  const [asked, answers] = [arrival?.in, route.out];
  if (asked === undefined || answers === undefined || asked === answers || asked === 'lo') return undefined;
  const defaults = defaultsOf(kase, namespace, flow.family);
  if (!/^default\b/.test(route.route ?? '') || defaults.length === 0) return undefined;
  const source = parseIp(back.taps[0]?.header.source ?? back.final.source);
  const own = netnsOf(kase, namespace)?.links?.find(({ name }) => name === asked);
  if (source === undefined || !own?.addresses.some(({ address }) => address === source)) return undefined;
  const other = defaults.find(({ nexthops }) => nexthops[0]?.dev === asked);
  const gateway = other?.nexthops[0]?.gateway ?? senderOf(kase, there.hops.at(-2), source);
  // Seen where the request does not pass, it has left by the other network.
  const way = new Set(prediction?.checks.flatMap(({ points }) => points.map(({ index }) => index)));
  const sighting = flow.legs.find(({ point, reply }) => reply.packets > 0 && !way.has(point))?.reply.kept[0];
  return {
    ...{ namespace, asked, answers, source, route },
    ...(gateway !== undefined && { gateway }),
    ...(other && { other }),
    ...(sighting && !kase.hypothetical && { seen: sighting }),
  };
}

/** The router that handed the request on: its own address in the receiver's network. */
function senderOf(
  kase: Case,
  hop: { readonly namespace: string; readonly out?: string } | undefined,
  near: Ip,
): Ip | undefined {
  const link = hop && netnsOf(kase, hop.namespace)?.links?.find(({ name }) => name === hop.out);
  return link?.addresses.find(({ address }) => typeof address === typeof near)?.address;
}

/** A default route of several next hops: this flow left by one where nobody is answered, others by one that works. */
export interface DeadPath {
  readonly namespace: string;
  readonly route: Route;
  readonly dead: string;
  readonly alive: { readonly dev: string; readonly gateway?: Ip };
  readonly seen: Sighting;
  /** Flows that left by the dead one, this one among them, and those that were answered by the other. */
  readonly lost: readonly Flow[];
  readonly answered: readonly Sighting[];
}

export function deadPath(kase: Case): DeadPath | undefined {
  const { flow, correlation, snapshot } = kase;
  if (kase.hypothetical) return undefined;
  for (const leg of flow.legs) {
    const point = correlation.points[leg.point];
    const seen = leg.forward.kept[0];
    const netns = point && snapshot.namespaces.get(point.namespace);
    if (!point || !netns || !seen || leg.reply.packets > 0) continue;
    const route = defaultsOf(kase, netns.name, flow.family).find(({ nexthops }) =>
      nexthops.some(({ dev }) => dev === point.interface),
    );
    if (!route || route.nexthops.length < 2) continue;
    const others = route.nexthops.filter(({ dev }) => dev !== undefined && dev !== point.interface);
    const lost = passing(kase, netns.name, point.interface);
    // One that is answered there shows that the line works.
    if (lost.some(({ reply }) => reply)) continue;
    for (const { dev, gateway } of others) {
      const answered = passing(kase, netns.name, dev ?? '').flatMap(({ reply }) => reply ?? []);
      if (dev === undefined || answered.length === 0) continue;
      return {
        ...{ namespace: netns.name, route, dead: point.interface, seen, answered },
        alive: { dev, ...(gateway !== undefined && { gateway }) },
        lost: lost.map((one) => one.flow),
      };
    }
  }
  return undefined;
}

/** Flows that were begun from inside and left by the interface, each with its first answer there. */
function passing({ correlation, snapshot }: Case, namespace: string, device: string) {
  return correlation.flows.flatMap((flow) => {
    // What is next door, or the host's own on that line, takes no default route.
    const near = ownersOf(snapshot, flow.server.address).length > 0;
    const leg = flow.legs.find(({ point, forward }) => {
      const at = correlation.points[point];
      return at?.namespace === namespace && at.interface === device && forward.packets > 0;
    });
    return leg && !near ? [{ flow, reply: leg.reply.kept[0] }] : [];
  });
}

export function viaText(gateway: Ip | undefined, dev: string): string {
  return gateway === undefined ? `dev ${dev}` : `via ${formatIp(gateway)} dev ${dev}`;
}
