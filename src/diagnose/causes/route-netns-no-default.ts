import { neighboursOf } from '../../correlate/owner.ts';
import { type Family, formatIp, parseIp } from '../../net/ip.ts';
import { formatPrefix, networkOf } from '../../net/prefix.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import { type Case, type ModelDrop, netnsOf, type Scene } from '../case.ts';
import type { Cause, Command, Found } from '../cause.ts';
import { capUnlessDumped, dropConfidence } from '../confidence.ts';
import { counterEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import {
  gatewayOf,
  hasDefaultRoute,
  onSubnetOf,
  routesKnown,
  routesPath,
  stationsOf,
} from '../neighbourhood.ts';
import { capital, ipOf, nameOf } from '../words.ts';

/** ip_route_output_key_hash(): -ENETUNREACH */
const page = modelCause({
  id: 'route-netns-no-default',
  from: ['route-missing', 'v6-no-path'],
  title: 'The sender has no route',
  severity: 'error',
  page: () => ({
    symptom: '"connect: Network is unreachable", at once; nothing at all is captured.',
    mechanism:
      'A namespace knows its own subnets only until somebody adds a default route. Without one the system call fails with ENETUNREACH before a packet exists; IpOutNoRoutes counts it.',
    check: 'ip route (in the namespace); nstat -az IpOutNoRoutes',
    proof:
      'Neither packet nor ARP request of the sender is captured, its routes do not cover the address, and IpOutNoRoutes grows. If a router lacks the route, ICMP 3/0 comes from it.',
    refutation:
      'The packet, or the sender’s ARP request for a gateway, on any interface: then a route was found.',
    settledBy: [
      'ip route show table all; ip rule (in the namespace)',
      'ip route get ADDRESS',
      'nstat -az IpOutNoRoutes',
    ],
    repair:
      'Add a default route by the bridge’s address in the namespace; a router gets the one route that it lacks.',
    references: [
      'net/ipv4/route.c: ip_route_output_key_hash_rcu() (-ENETUNREACH), ip_error()',
      'IpOutNoRoutes',
      'connect(2): ENETUNREACH',
      'moby/libnetwork#401',
    ],
  }),
  tell(kase, drop) {
    if (drop.direction === 'reply') return undefined;
    const netns = netnsOf(kase, drop.namespace);
    const { family } = kase.flow;
    const gateway = netns && gatewayOf(kase, netns, family);
    const path = routesPath(netns, family);
    const where = nameOf(kase, drop.namespace);
    const destination = formatIp(kase.flow.server.address);
    return {
      title: `${where} has no route to ${destination}`,
      explanation:
        drop.cause === 'route-missing' ? noForwardText(where, destination) : noRouteText(where, destination),
      confidence: capUnlessDumped(dropConfidence(kase, drop), routesKnown(netns, family)),
      status: 'dropped',
      evidence: [
        ...(path
          ? [
              {
                path,
                text: `${netns && hasDefaultRoute(netns, family) ? 'no route' : 'neither a default route nor another one'} that covers ${destination}`,
              },
            ]
          : []),
        ...counterEvidence(kase, drop.namespace, 'IpOutNoRoutes', 'packets that had no route'),
      ],
      fix:
        drop.cause === 'route-missing'
          ? knownWay(kase, drop)
          : gateway
            ? [
                {
                  namespace: drop.namespace,
                  text: `${ipOf(kase)} route add default via ${formatIp(gateway.address)}`,
                },
              ]
            : [],
    };
  },
});

/** On a flow's way; or, where nothing could be captured, by the counter of a namespace that has no default route. */
export const routeNetnsNoDefault: Cause = {
  ...page,
  survey(scene) {
    return [...scene.snapshot.namespaces.values()].flatMap((netns) => surveyed(scene, netns));
  },
};

/** 8.8.8.8, and Google’s by IPv6: some address beyond every subnet here. */
const OUTSIDE = { 4: 0x08080808, 6: 0x2001_4860_4860_0000_0000_0000_0000_8888n } as const;
const COUNTER = { 4: 'IpOutNoRoutes', 6: 'Ip6OutNoRoutes' } as const;

function surveyed(scene: Scene, netns: Netns): Found[] {
  const four = surveyedFor(scene, netns, 4);
  // Who has a way out by IPv4 tries IPv6 in vain all day: that is v6-no-path's, where it hurts somebody.
  return four.length > 0 || hasDefaultRoute(netns, 4) ? four : surveyedFor(scene, netns, 6);
}

function surveyedFor(scene: Scene, netns: Netns, family: Family): Found[] {
  const path = routesPath(netns, family);
  const counter = COUNTER[family];
  const counted = counterEvidence(scene, netns.name, counter, 'packets that had no route');
  if (!path || counted.length === 0 || hasDefaultRoute(netns, family) !== false) return [];
  const where = nameOf(scene, netns.name);
  const gateway = gatewayOf(scene, netns, family);
  const from = stationsOf(netns, family)[0];
  if (family === 6 && !from) return [];
  return [
    {
      // A router's advertisements may have brought one, and may do so again.
      confidence: family === 4 ? 0.85 : 0.55,
      title: `${where} has no ${family === 6 ? 'IPv6 ' : ''}default route, and ${netns.counters?.get(counter)?.value} of its packets had no route`,
      explanation: noRouteText(where, 'anything else'),
      namespace: netns.name,
      status: 'unknown',
      ...(from && { probe: { from: from.address, to: OUTSIDE[family] } }),
      evidence: [{ path, text: 'no default route' }, ...counted],
      fix: gateway
        ? [
            {
              namespace: netns.name,
              text: `${family === 6 ? 'ip -6' : 'ip'} route add default via ${formatIp(gateway.address)}`,
            },
          ]
        : [],
    },
  ];
}

function noRouteText(where: string, destination: string): string {
  return (
    `${capital(where)} knows its own subnets and has no default route, so the lookup for ${destination} fails and the program gets ` +
    '"Network is unreachable" (ENETUNREACH) at once. No packet is made: no capture can show it, and no rule or setting of ' +
    'the hosts on the way matters yet.'
  );
}

function noForwardText(where: string, destination: string): string {
  return (
    `The packet has to be forwarded by ${where}, and none of its routes covers ${destination}. It is dropped in the routing decision, ` +
    'before FORWARD, and its sender is told "network unreachable" by ICMP.'
  );
}

/** A router that lacks one route gets that one, by the neighbour of its that has the network; never a default. */
function knownWay(kase: Case, drop: ModelDrop): Command[] {
  const netns = netnsOf(kase, drop.namespace);
  const destination = parseIp(drop.trace.final.destination);
  if (!netns || destination === undefined) return [];
  const keeper = neighboursOf(kase.snapshot, destination).find((owner) => owner.netns.name !== netns.name);
  const router = stationsOf(netns, kase.flow.family)
    .flatMap(({ address }) => onSubnetOf(kase, address, netns.name))
    .find((station) => station.netns.name === keeper?.netns.name);
  if (!keeper || !router) return [];
  const subnet = networkOf(destination, keeper.length);
  return [
    {
      namespace: netns.name,
      text: `${ipOf(kase)} route add ${formatPrefix(subnet)} via ${formatIp(router.address)}`,
    },
  ];
}
