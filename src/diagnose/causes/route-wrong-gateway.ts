import { ownersOf } from '../../correlate/owner.ts';
import { familyOf, formatIp } from '../../net/ip.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import { netnsOf, type Scene } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { routeEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { gatewayOf } from '../neighbourhood.ts';
import { type Unanswered, unanswered } from '../unanswered.ts';
import { capital, ipOf, nameOf } from '../words.ts';
import { isGateway, neighbourEvidence } from './neigh-failed.ts';

const page = modelCause({
  id: 'route-wrong-gateway',
  from: ['route-wrong-gateway', 'neigh-failed'],
  title: 'The route’s gateway does not exist',
  severity: 'error',
  page: () => ({
    symptom: '"No route to host", or silence, for everything beyond the sender’s own subnet.',
    mechanism:
      'The route names a gateway address that nobody on the link has, so ARP for it is never answered and nothing leaves by that route.',
    check: 'ip route; ip neigh (the gateway FAILED or INCOMPLETE)',
    proof:
      'Who-has requests for the gateway are repeated and never answered, its neighbour entry is FAILED or INCOMPLETE, and nothing for that route leaves.',
    refutation:
      'An ARP reply for the gateway, or a packet that leaves with its MAC address. A gateway of 169.254/16 need not belong to anybody, if proxy ARP answers for it (proxy-arp-missing).',
    settledBy: ['ip route', 'ip neigh', 'arping -I IFACE GATEWAY'],
    repair: 'Replace the gateway by the router’s address on that link.',
    references: [
      'net/core/neighbour.c: neigh_timer_handler(), neigh_invalidate(), drop reason NEIGH_FAILED',
      'net/ipv4/arp.c: arp_error_report()',
      'moby/libnetwork#2406',
    ],
  }),
  tell(kase, drop) {
    const nexthop = drop.trace.hops.at(-1)?.nexthop;
    if (nexthop === undefined || nexthop === drop.trace.final.destination) return undefined;
    const netns = netnsOf(kase, drop.namespace);
    const gateway = netns && gatewayOf(kase, netns, kase.flow.family);
    const where = nameOf(kase, drop.namespace);
    const route = drop.trace.route ?? `default via ${nexthop}`;
    const right = gateway && formatIp(gateway.address) !== nexthop ? formatIp(gateway.address) : undefined;
    const target = route.split(' ')[0] ?? 'default';
    return {
      title: `${where}’s gateway ${nexthop} does not exist`,
      explanation:
        `The route "${route}" sends the packet to ${nexthop}, and nobody on that link has this address: the ARP requests for it stay ` +
        'unanswered, the neighbour is FAILED, and the packet is dropped before it leaves.' +
        (right ? ` The router on this link is ${right}.` : ''),
      route,
      evidence: [...routeEvidence(drop.trace), ...neighbourEvidence(kase, drop, nexthop)],
      fix: right
        ? [{ namespace: drop.namespace, text: `${ipOf(kase)} route replace ${target} via ${right}` }]
        : [],
    };
  },
});

export const routeWrongGateway: Cause = {
  ...page,
  survey(scene) {
    return unanswered(scene).flatMap((gap) =>
      gap.sender && isGateway(gap) && ownersOf(scene.snapshot, gap.target).length === 0
        ? [surveyed(scene, gap, gap.sender)]
        : [],
    );
  },
};

function surveyed(scene: Scene, gap: Unanswered, sender: Netns): Found {
  const nexthop = formatIp(gap.target);
  const family = familyOf(gap.target);
  const routes = (family === 4 ? sender.routes4 : sender.routes6)?.routes ?? [];
  const route = routes.find((candidate) => candidate.nexthops.some((hop) => hop.gateway === gap.target));
  const other = gatewayOf(scene, sender, family);
  const right = other && other.address !== gap.target ? formatIp(other.address) : undefined;
  const where = nameOf(scene, sender.name);
  // Nobody has 169.254.1.1: a router that answers for it by proxy ARP should be there.
  const standIn = typeof gap.target === 'number' && gap.target >>> 16 === 0xa9fe;
  return {
    ...(standIn && {
      effect: `A gateway like ${nexthop} is answered for by proxy ARP: collect ip addr, ip route and sysctl -a (proxy_arp) of the host that ${gap.device ?? 'the link'} leads to.`,
    }),
    confidence: standIn ? 0.5 : gap.exchange ? 0.88 : 0.75,
    title: `${where}’s gateway ${nexthop} does not exist`,
    explanation:
      `${capital(where)} has the route "${route?.text ?? `via ${nexthop}`}", and nobody on ${gap.device ?? 'that link'} answers ARP for ${nexthop}, so nothing that takes this route ever ` +
      `leaves.${right ? ` The router on this link is ${right}.` : ''}`,
    namespace: sender.name,
    ...(gap.device !== undefined && { interface: gap.device }),
    ...(route && { route: route.text }),
    status: 'no-reply',
    evidence: [
      ...(route ? [{ path: route.span.path, line: route.span.line, text: `route ${route.text}` }] : []),
      ...neighbourEvidence(scene, { namespace: sender.name }, nexthop),
    ],
    fix:
      right && route
        ? [
            {
              namespace: sender.name,
              text: `${family === 4 ? 'ip' : 'ip -6'} route replace ${route.text.split(' ')[0]} via ${right}`,
            },
          ]
        : [],
  };
}
