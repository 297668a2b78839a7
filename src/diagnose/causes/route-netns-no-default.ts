import { formatIp } from '../../net/ip.ts';
import { netnsOf } from '../case.ts';
import { counterEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { gatewayOf, hasDefaultRoute, routesPath } from '../neighbourhood.ts';
import { ipOf, nameOf } from '../words.ts';

/** ip_route_output_key_hash(): -ENETUNREACH */
export const routeNetnsNoDefault = modelCause({
  id: 'route-netns-no-default',
  title: 'The sender has no route',
  severity: 'error',
  symptom: '"connect: Network is unreachable", at once; nothing at all is captured.',
  mechanism:
    'A namespace knows its own subnets only until somebody adds a default route. Without one the system call fails with ENETUNREACH before a packet exists; IpOutNoRoutes counts it.',
  check: 'ip route (in the namespace); nstat -az IpOutNoRoutes',
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
      explanation: noRouteText(where, destination),
      status: 'dropped',
      evidence: [
        ...(path ? [{ path, text: `${netns && hasDefaultRoute(netns, family) ? 'no route' : 'neither a default route nor another one'} that covers ${destination}` }] : []),
        ...counterEvidence(kase, drop.namespace, 'IpOutNoRoutes', 'packets that had no route'),
      ],
      fix: gateway ? [{ namespace: drop.namespace, text: `${ipOf(kase)} route add default via ${formatIp(gateway.address)}` }] : [],
    };
  },
});

export function noRouteText(where: string, destination: string): string {
  return (
    `${where[0]?.toUpperCase()}${where.slice(1)} knows its own subnets and has no default route, so the lookup for ${destination} fails and the program gets ` +
    '"Network is unreachable" (ENETUNREACH) at once. No packet is made: no capture can show it, and no rule or setting of ' +
    'the hosts on the way matters yet.'
  );
}
