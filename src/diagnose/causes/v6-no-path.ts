import { type Case, netnsOf } from '../case.ts';
import { counterEvidence, seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { modelCause } from '../model-cause.ts';
import { hasDefaultRoute, routesPath } from '../neighbourhood.ts';
import { nameOf } from '../words.ts';

/** ip6_pkt_discard(), net/ipv6/route.c: no route, ICMPv6 1/0; getaddrinfo() sorts IPv6 first (RFC 6724). */
export const v6NoPath = modelCause({
  id: 'v6-no-path',
  from: ['route-missing', 'route-netns-no-default', 'route-missing-return'],
  title: 'IPv6 is offered and leads nowhere',
  severity: 'error',
  page: () => ({
    symptom:
      'Connections to names with an AAAA record begin with an error or a delay and then work by IPv4; with IPv6 only they fail.',
    mechanism:
      'A client that has an IPv6 address and route tries IPv6 first. Where the router behind it has no IPv6 route, or nothing beyond translates, each attempt is refused ("no route") or runs into a timeout before IPv4 is tried.',
    check:
      'ip -6 route (default?) at the router; getent ahosts NAME; the sequence of SYNs to an IPv6 and then an IPv4 address',
    proof:
      'The IPv6 packet comes to a router that has no IPv6 route for it, while its IPv4 default route works; ICMPv6 1/0 comes back, or nothing.',
    refutation:
      'The router has an IPv6 default route; or the IPv4 side has none either (then it is a missing route, not a matter of families).',
    settledBy: ['ip -6 route show table all', 'ip route show'],
    repair:
      'Give the router its IPv6 default route, where the uplink has IPv6; otherwise take the clients’ IPv6 default route (or IPv6) away, so that they use IPv4 at once.',
    references: [
      'net/ipv6/route.c: ip6_pkt_discard()',
      'RFC 6724',
      'RFC 8305',
      'nginx-proxy/nginx-proxy#935',
    ],
  }),
  tell(kase, drop) {
    if (kase.flow.family !== 6) return undefined;
    const netns = netnsOf(kase, drop.namespace);
    if (!netns || hasDefaultRoute(netns, 6) !== false || hasDefaultRoute(netns, 4) !== true) return undefined;
    const where = nameOf(kase, drop.namespace);
    const path = routesPath(netns, 6);
    const default4 = netns.routes4?.routes.find(
      ({ destination, type }) => destination.length === 0 && type === 'unicast',
    );
    const device = default4?.nexthops[0]?.dev ?? 'UPLINK';
    const later = byIpv4(kase);
    return {
      title: `${where} has no IPv6 route to ${drop.trace.final.destination}: by IPv4 it has a way out, by IPv6 none`,
      explanation:
        `${kase.flow.legs.length > 0 ? 'The packet' : 'What is sent'} goes by IPv6, and ${where} has no IPv6 default route, nor any other that fits; it answers "no route" (ICMPv6 1/0) or drops it. Its IPv4 default route is there. ` +
        'Clients that have an IPv6 address and route try it first, so every connection begins with this failure.',
      evidence: [
        ...(path === undefined ? [] : [{ path, text: 'no IPv6 default route among its routes' }]),
        ...(default4
          ? [{ path: default4.span.path, line: default4.span.line, text: `by IPv4: ${default4.text}` }]
          : []),
        ...counterEvidence(kase, drop.namespace, 'Ip6OutNoRoutes', 'IPv6 packets that had no route'),
        ...later,
      ],
      fix: [],
      effect: `Where the uplink has IPv6: ip -6 route add default via ROUTER dev ${device}. Where it has none, don’t give the clients an IPv6 default route.`,
    };
  },
});

/** The same client’s next attempt, by IPv4, within a few seconds. */
function byIpv4(kase: Case): Evidence[] {
  const next = kase.correlation.flows.find(
    (flow) =>
      flow.family === 4 &&
      flow.server.port === kase.flow.server.port &&
      flow.start >= kase.flow.start &&
      flow.start < kase.flow.start + 30 &&
      flow.legs.some(({ reply }) => reply.packets > 0),
  );
  const seen = next?.legs[0]?.forward.kept[0];
  return seen ? [seenAt(kase, seen, 'the next attempt, by IPv4, is answered')] : [];
}
