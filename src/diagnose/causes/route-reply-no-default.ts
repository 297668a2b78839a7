import { formatIp } from '../../net/ip.ts';
import { netnsOf } from '../case.ts';
import { capUnlessDumped, dropConfidence } from '../confidence.ts';
import { counterEvidence, rewrites } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { gatewayOf, hasDefaultRoute, routesKnown, routesPath } from '../neighbourhood.ts';
import { ipOf, nameOf } from '../words.ts';

/** The answer's ip_route_output(): -ENETUNREACH; TcpExtListenDrops for a SYN. */
export const routeReplyNoDefault = modelCause({
  id: 'route-reply-no-default',
  from: ['route-netns-no-default', 'v6-no-path'],
  title: 'The receiver has no route for its answer',
  severity: 'error',
  page: () => ({
    symptom: 'A published port times out from other subnets and works from the host and from neighbours.',
    mechanism:
      'The request is delivered, but the namespace has no default route, so the answer to a client outside its own subnet has nowhere to go. It is dropped before it becomes a packet: no SYN-ACK, no RST.',
    check: 'ip route (in the namespace); nstat -az IpOutNoRoutes TcpExtListenDrops',
    proof:
      'The SYN is on the container’s interface, and neither SYN-ACK nor RST leaves it; IpOutNoRoutes and TcpExtListenDrops grow there, and connections from the bridge work.',
    refutation: 'An answer on the container’s interface, or a default route by a gateway that is there.',
    settledBy: [
      'ip route (in the namespace)',
      'nstat -az IpOutNoRoutes TcpExtListenDrops (in the namespace)',
      'docker network inspect NETWORK (Internal)',
    ],
    repair:
      'Add the default route, attach the container to a network that has one, or masquerade towards the bridge so that clients look like neighbours.',
    references: [
      'net/ipv4/inet_connection_sock.c: inet_csk_route_req(), IpOutNoRoutes',
      'net/ipv4/tcp_input.c: tcp_conn_request(), TcpExtListenDrops',
      'moby/moby#36174',
      'moby/libnetwork#1141',
    ],
  }),
  tell(kase, drop) {
    if (drop.direction !== 'reply') return undefined;
    const netns = netnsOf(kase, drop.namespace);
    const { family } = kase.flow;
    if (!netns || hasDefaultRoute(netns, family)) return undefined;
    const there = kase.prediction?.there;
    if (!there || !rewrites(there).some((step) => step.manip === 'dst')) return undefined;
    const gateway = gatewayOf(kase, netns, family);
    const path = routesPath(netns, family);
    const where = nameOf(kase, drop.namespace);
    const client = drop.trace.final.destination;
    return {
      title: `${where} has no route for its answer to ${client}`,
      explanation:
        `The request is translated, forwarded and delivered to ${where}. Its answer is for ${client}, which is on none of ` +
        `its subnets, and it has no default route: the kernel drops the answer before it becomes a packet. The client retransmits and ` +
        'times out. Requests from the bridge’s own subnet work, since those answers need no gateway.',
      confidence: capUnlessDumped(dropConfidence(kase, drop), routesKnown(netns, family)),
      status: 'no-reply',
      evidence: [
        ...(path ? [{ path, text: `no default route, and no route to ${client}` }] : []),
        ...counterEvidence(kase, drop.namespace, 'IpOutNoRoutes', 'answers that had no route'),
        ...counterEvidence(kase, drop.namespace, 'TcpExtListenDrops', 'connection requests given up'),
      ],
      fix: gateway
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
