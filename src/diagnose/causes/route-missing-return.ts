import { ownersOf } from '../../correlate/owner.ts';
import { formatIp } from '../../net/ip.ts';
import { formatPrefix, networkOf } from '../../net/prefix.ts';
import { type Case, type ModelDrop, netnsOf } from '../case.ts';
import { capUnlessDumped, dropConfidence } from '../confidence.ts';
import { counterEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { onSubnetOf, routesKnown, routesPath, stationsOf } from '../neighbourhood.ts';
import { ipOf, nameOf } from '../words.ts';

export const routeMissingReturn = modelCause({
  id: 'route-missing-return',
  from: ['route-netns-no-default', 'route-missing', 'v6-no-path'],
  title: 'The far end knows no way back',
  severity: 'error',
  page: () => ({
    symptom: 'The packet leaves the router and arrives, and no answer comes back.',
    mechanism:
      'Routing is decided for each direction by itself. A far end that was never told of the sender’s subnet has no route for its answer, or sends it to a default gateway that does not know it either.',
    check: 'ip route get CLIENT (at the far end)',
    proof:
      'The request is captured at the far end, and no answer leaves there, or it leaves for another gateway than the one the request came from; IpOutNoRoutes grows, though not once for every request.',
    refutation:
      'A route of the far end that covers the sender and leads to the right router, or an answer seen on the router.',
    settledBy: [
      'ip route get CLIENT (at the far end)',
      'nstat -az IpOutNoRoutes (at the far end)',
      'tcpdump -e at the far end',
    ],
    repair: 'Add the sender’s subnet by its router at the far end, or masquerade on the router.',
    references: [
      'net/ipv4/route.c: ip_route_output_key_hash_rcu() (-ENETUNREACH)',
      'IpOutNoRoutes',
      'ip-route(8)',
    ],
  }),
  tell(kase, drop) {
    if (drop.direction !== 'reply') return undefined;
    const netns = netnsOf(kase, drop.namespace);
    const { family } = kase.flow;
    const client = drop.trace.final.destination;
    const where = nameOf(kase, drop.namespace);
    const path = routesPath(netns, kase.flow.family);
    const back = wayBack(kase, drop);
    return {
      title: `${where} has no route back to ${client}`,
      explanation:
        `The request arrives at ${where}, which wants to answer ${client}. None of its routes covers that address, so the ` +
        'answer is dropped there with "network unreachable" before it becomes a packet, and nobody is told. That the request found its way ' +
        'means nothing for the answer: each direction is routed by itself.',
      confidence: capUnlessDumped(dropConfidence(kase, drop), routesKnown(netns, family)),
      status: 'no-reply',
      evidence: [
        ...(path ? [{ path, text: `no route covers ${client}` }] : []),
        ...counterEvidence(kase, drop.namespace, 'IpOutNoRoutes', 'answers that had no route'),
      ],
      fix: back ? [{ namespace: drop.namespace, text: `${ipOf(kase)} route add ${back}` }] : [],
    };
  },
});

/** `192.168.1.0/24 via 192.168.2.6`: the client's subnet by the router that brought the request. */
function wayBack(kase: Case, drop: ModelDrop): string | undefined {
  const netns = netnsOf(kase, drop.namespace);
  const { client, family } = kase.flow;
  if (!netns) return undefined;
  const passed = (kase.prediction?.there.hops ?? []).map((hop) => hop.namespace);
  const here = passed.indexOf(drop.namespace);
  const routers = (here < 0 ? passed : passed.slice(0, here)).toReversed();
  const station = stationsOf(netns, family)
    .flatMap(({ address }) => onSubnetOf(kase, address, netns.name))
    .toSorted((left, right) => rank(routers, left.netns.name) - rank(routers, right.netns.name))[0];
  if (!station) return undefined;
  const owner = ownersOf(kase.snapshot, client.address)[0];
  const subnet = networkOf(client.address, owner?.length ?? (family === 4 ? 24 : 64));
  return `${formatPrefix(subnet)} via ${formatIp(station.address)}`;
}

/** Routers nearest to the far end come first; namespaces the request never passed last. */
function rank(routers: readonly string[], namespace: string): number {
  const at = routers.indexOf(namespace);
  return at < 0 ? routers.length : at;
}
