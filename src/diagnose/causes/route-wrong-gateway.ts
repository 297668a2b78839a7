import { formatIp } from '../../net/ip.ts';
import { netnsOf } from '../case.ts';
import { routeEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { gatewayOf } from '../neighbourhood.ts';
import { ipOf, nameOf } from '../words.ts';
import { neighbourEvidence } from './neigh-failed.ts';

export const routeWrongGateway = modelCause({
  id: 'route-wrong-gateway',
  from: ['route-wrong-gateway', 'neigh-failed'],
  title: 'The route’s gateway does not exist',
  severity: 'error',
  symptom: '"No route to host", or silence, for everything beyond the own subnet.',
  mechanism: 'The route names a gateway address that nobody on the link has, so ARP for it is never answered and nothing leaves by that route.',
  check: 'ip route; ip neigh (the gateway FAILED or INCOMPLETE)',
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
      fix: right ? [{ namespace: drop.namespace, text: `${ipOf(kase)} route replace ${target} via ${right}` }] : [],
    };
  },
});
