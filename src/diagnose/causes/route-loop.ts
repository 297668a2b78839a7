import type { Step, Trace } from '../../netstack/hop.ts';
import type { Case } from '../case.ts';
import type { Cause } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { nameOf } from '../words.ts';

/** So many times past one place is no accident. */
const LAPS = 3;

/** ip_forward() lowers the TTL on every lap until it is gone. */
export const routeLoop: Cause = {
  id: 'route-loop',
  title: 'Two routers send it to each other',
  severity: 'error',
  page: () => ({
    symptom:
      '"Time to live exceeded", "No route to host", or silence; the link is full of copies of a few packets.',
    mechanism:
      'Each of two routers has a route for the destination by the other, so the packet goes back and forth, one TTL less each time, until a router drops it and sends ICMP time exceeded.',
    check:
      'The same packet (same IP id) again and again in one capture with falling TTL; the routes of both routers',
    proof:
      'One packet (same addresses, IP id and payload) passes one point many times within milliseconds, its TTL falling by the same step each time; at the end ICMP 11/0.',
    refutation:
      'Every copy has its own IP id and the full TTL, as retransmissions have; or there are two copies only, one TTL apart, seen on both sides of one router.',
    settledBy: [
      'tcpdump -v (IP id and TTL)',
      'ip route get ADDRESS (on both routers)',
      'traceroute -n ADDRESS',
    ],
    repair:
      'Correct the route that points back, and give the network’s own router a blackhole route for what it holds and does not use.',
    references: [
      'net/ipv4/ip_forward.c: ip_forward(), IpInHdrErrors',
      'RFC 1812, section 5.3.1',
      'RFC 792: type 11',
    ],
  }),
  find(kase) {
    if (kase.outcome.status === 'delivered') return undefined;
    const there = kase.prediction?.there;
    const leg = kase.flow.legs.find((candidate) => candidate.forward.laps >= LAPS);
    const routes = there ? loopRoutes(there) : [];
    if (!leg && routes.length === 0) return undefined;
    const first = leg?.forward.kept[0];
    const last = leg?.forward.lap;
    const names = routes.map(({ namespace }) => nameOf(kase, namespace));
    const point = first && kase.correlation.points[first.point];
    const told = kase.flow.errors.find((error) => error.quoted === 'forward');
    return {
      confidence: leg && routes.length > 0 ? 0.97 : leg ? 0.9 : 0.5,
      title:
        names.length > 1
          ? `${names.join(' and ')} send it to each other until its TTL ends`
          : 'it goes in circles until its TTL ends',
      explanation:
        (first && last
          ? `On ${point?.namespace}:${point?.interface} its ${leg?.forward.packets === 1 ? 'packet is' : `${leg?.forward.packets} packets are`} seen ${(leg?.forward.laps ?? 0) + (leg?.forward.packets ?? 0)} times, the TTL falling from ${first.ttl} to ${last.ttl}. `
          : '') +
        (routes.length > 1
          ? `${routes.map(({ namespace, route }) => `${nameOf(kase, namespace)} has "${route.route}"`).join(', ')}: for this destination each points at the other. `
          : 'Some router behind this place sends it back. ') +
        'Whoever takes the TTL to zero drops the packet and sends ICMP time exceeded.',
      ...placeOf(kase, routes),
      status: 'rejected',
      evidence: [
        ...(first
          ? [seenAt(kase, first, `${describeSighting(first)} with TTL ${first.ttl}, the first time`)]
          : []),
        ...(last ? [seenAt(kase, last, `the last lap, with TTL ${last.ttl}`)] : []),
        ...routes.flatMap(({ route }) =>
          route.path !== undefined && route.line !== undefined
            ? [{ path: route.path, line: route.line, text: `route ${route.route}` }]
            : [],
        ),
        ...(told
          ? [seenAt(kase, told.sighting, `ICMP ${told.type}/${told.code} ${describeSighting(told.sighting)}`)]
          : []),
      ],
      fix: [],
      effect:
        'Correct the wrong one of the two routes: the router that is farther from the destination is right, the other has to know where it is.',
    };
  },
};

interface LoopRoute {
  readonly namespace: string;
  readonly route: Extract<Step, { kind: 'route' }>;
}

/** The routes of the namespaces that the model's path enters more than once. */
function loopRoutes(trace: Trace): LoopRoute[] {
  const counts = new Map<string, number>();
  for (const { namespace } of trace.hops) counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
  return [...counts].flatMap(([namespace, count]) => {
    if (count < LAPS) return [];
    const hop = trace.hops.find(
      (candidate) => candidate.namespace === namespace && candidate.in !== undefined,
    );
    const route = hop?.steps.find((step) => step.kind === 'route');
    return route?.kind === 'route' ? [{ namespace, route }] : [];
  });
}

function placeOf(kase: Case, routes: readonly LoopRoute[]): { namespace?: string; route?: string } {
  const namespace = routes.at(-1)?.namespace ?? kase.prediction?.there.namespace;
  const route = routes.at(-1)?.route.route;
  return { ...(namespace !== undefined && { namespace }), ...(route !== undefined && { route }) };
}
