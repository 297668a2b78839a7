import { formatIp } from '../../net/ip.ts';
import { type Case, modelDrop } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { describeSighting, dropEvidence, seenAt } from '../evidence.ts';
import { type DeadPath, deadPath, type OtherDefault, otherDefault, viaText } from '../several-ways.ts';
import { ipOf, nameOf } from '../words.ts';

export const routeMultiDefault: Cause = {
  id: 'route-multi-default',
  title: 'There are several ways out, and the wrong one is taken',
  severity: 'error',
  page: () => ({
    symptom:
      'A published port dies when its container gets a second network; or some addresses are always reached and others never.',
    mechanism:
      'Of several default routes the one with the smallest metric is taken, whatever network a request came by; of one with several next hops each flow takes the one that a hash of its addresses gives (with fib_multipath_hash_policy 1, of its ports as well). Neither looks whether that way works, unless fib_multipath_use_neigh is 1. What answers by another network than it was asked by meets reverse path filtering, isolation, or a provider that knows no such source.',
    check:
      'ip route (in the namespace of the receiver, and of the gateway); ip route get CLIENT from ADDRESS; docker inspect (Networks, GwPriority); tcpdump on both ways',
    proof:
      'The request comes in by one interface of the receiver and the answer leaves by another, by a default route, and is lost there; or what leaves by one next hop is never answered while what leaves by the other is.',
    refutation:
      'The answer leaves by the interface that the request came in by; an answered flow on the next hop that is said to be dead.',
    settledBy: ['ip route show table all', 'ip rule', 'docker inspect', 'captures on both interfaces'],
    repair:
      'Give the network that is to be the way out the smaller metric (docker: --gw-priority), or let the source choose (ip rule from ADDRESS lookup TABLE); take a dead next hop out of the route. Loose reverse path filtering (rp_filter=2) hides it where the other way leads to the client as well.',
    references: [
      'net/ipv4/fib_trie.c: fib_table_lookup() (of one prefix the route with the lowest metric)',
      'net/ipv4/fib_semantics.c: fib_select_multipath()',
      'net/ipv4/fib_frontend.c: fib_validate_source()',
      'ip-route(8)',
      'moby/moby#21741',
      'moby/moby#20179',
      'containers/netavark#377',
      'containers/podman#16233',
      'containers/podman#13153',
    ],
  }),
  find(kase) {
    if (kase.outcome.status === 'delivered' && !kase.hypothetical) return undefined;
    const other = otherDefault(kase);
    if (other) return answersElsewhere(kase, other);
    const dead = deadPath(kase);
    return dead && leavesByDead(kase, dead);
  },
};

function answersElsewhere(kase: Case, found: OtherDefault): Found {
  const { namespace, asked, answers, source, route, gateway, other, seen } = found;
  const where = nameOf(kase, namespace);
  const drop = modelDrop(kase);
  const lost = drop ? ` It is then dropped in ${nameOf(kase, drop.namespace)}.` : '';
  return {
    // Where nothing is known to stop it, the answer may be lost for another reason.
    confidence: drop && seen ? 0.93 : seen ? 0.7 : 0.55,
    title: `${where} is asked by ${asked} and answers by ${answers}: its default route is the one of another network`,
    explanation:
      `The request comes to ${formatIp(source)} on ${asked}. The client is on no network of ${where}, so the answer takes the default route "${route.route ?? ''}", out of ${answers}, with an address of ${asked} as its source.${lost} ` +
      (other
        ? `A default route by ${asked} is there too ("${other.text}"), and has the larger metric.`
        : `By ${asked} there is no default route at all.`),
    namespace,
    interface: answers,
    route: route.route ?? '',
    status: drop ? 'dropped' : 'no-reply',
    evidence: [
      ...(seen
        ? [seenAt(kase, seen, `the answer ${describeSighting(seen)} has left ${where} by ${answers}`)]
        : []),
      ...(route.path !== undefined && route.line !== undefined
        ? [{ path: route.path, line: route.line, text: `route ${route.route}` }]
        : []),
      ...(other ? [{ path: other.span.path, line: other.span.line, text: `route ${other.text}` }] : []),
      ...(drop ? dropEvidence(kase, drop) : []),
    ],
    ...(gateway !== undefined && {
      fix: [{ namespace, text: `${ipOf(kase)} route replace default ${viaText(gateway, asked)}` }],
    }),
    effect: `To make it last, give that network the way out where networks are attached: docker network connect --gw-priority 1, podman’s metric option, or a route of the network’s configuration.`,
  };
}

function leavesByDead(kase: Case, found: DeadPath): Found {
  const { namespace, route, dead, alive, seen, lost, answered } = found;
  const where = nameOf(kase, namespace);
  const [witness] = answered;
  const servers = new Set(lost.map(({ server }) => server.address)).size;
  return {
    // One server alone may be down itself.
    confidence: servers > 1 ? 0.92 : 0.55,
    title: `${where}’s default route has several next hops, and nothing that leaves by ${dead} is answered`,
    explanation:
      `Each connection takes one of the next hops of "${route.text}", by a hash of its addresses. ${lost.length === 1 ? 'The one' : `All ${lost.length}`} that left by ${dead} got no answer, ` +
      `${answered.length === 1 ? 'the one' : `all ${answered.length}`} that left by ${alive.dev} did. The kernel doesn’t notice that a line behind a gateway is dead as long as the gateway answers ARP.`,
    namespace,
    interface: dead,
    route: route.text,
    status: 'no-reply',
    evidence: [
      seenAt(kase, seen, `${describeSighting(seen)} leaves by ${dead} and is not answered`),
      ...(witness ? [seenAt(kase, witness, `${describeSighting(witness)}: answered on ${alive.dev}`)] : []),
      { path: route.span.path, line: route.span.line, text: `route ${route.text}` },
    ],
    fix: [{ namespace, text: `${ipOf(kase)} route replace default ${viaText(alive.gateway, alive.dev)}` }],
    effect: `Put ${dead} back when its line is up again; only a daemon that watches the lines can do so by itself.`,
  };
}
