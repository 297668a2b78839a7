import { isPrivate, neighboursOf, ownersOf } from '../../correlate/owner.ts';
import { fateOf } from '../../correlate/predict.ts';
import { formatIp } from '../../net/ip.ts';
import { contains, formatPrefix, networkOf } from '../../net/prefix.ts';
import type { Cause } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { onSubnetOf, stationsOf } from '../neighbourhood.ts';
import { ipOf, nameOf } from '../words.ts';

export const routeExternalToPrivate: Cause = {
  id: 'route-external-to-private',
  title: 'A host outside knows no way to the private network',
  severity: 'error',
  page: () => ({
    symptom:
      'A LAN host can’t reach a container’s or namespace’s own address, though the other direction works.',
    mechanism:
      'Only the host that has the bridge knows the network behind it. Others send such packets to their default gateway, which has no route for them. The other direction works because MASQUERADE hides the private address.',
    check: 'ip route get ADDRESS (at the sender)',
    proof:
      'The packet leaves its sender for the default gateway, or not at all; the host that has the network is on the sender’s link and never sees it.',
    refutation: 'The packet is seen at that host, or the sender has a route for the network.',
    settledBy: ['ip route get ADDRESS (at the sender)', 'tcpdump on the host’s uplink'],
    repair:
      'Add a route by the host at the sender or at its router, or publish the port on the host. With Docker 28 and later direct access to a container is dropped by default even then.',
    references: ['net/ipv4/route.c: ip_route_output_key_hash_rcu()', 'RFC 1918', 'ip-route(8): get'],
  }),
  find(kase) {
    if (kase.outcome.status === 'delivered' || kase.hypothetical) return undefined;
    const { client, server, family } = kase.flow;
    if (!isPrivate(server.address)) return undefined;
    const sender = ownersOf(kase.snapshot, client.address)[0]?.netns;
    const there = kase.prediction?.there;
    if (!sender || (there && fateOf(there) !== 'forwarded' && there.cause !== 'route-netns-no-default'))
      return undefined;
    if (there?.hops.some((hop) => hop.namespace !== sender.name)) return undefined;
    // Answered, or seen beyond its sender, it did find a way.
    if (kase.flow.legs.some((leg) => leg.reply.packets > 0)) return undefined;
    const points = kase.flow.legs
      .filter((leg) => leg.forward.packets > 0)
      .map((leg) => kase.correlation.points[leg.point]);
    if (points.some((point) => point && point.namespace !== sender.name)) return undefined;
    // Who has the network, and by which address can the sender reach it?
    const keeper = neighboursOf(kase.snapshot, server.address).find(
      ({ netns }) => netns.name !== sender.name,
    );
    const router =
      keeper &&
      stationsOf(sender, family)
        .flatMap(({ address }) => onSubnetOf(kase, address, sender.name))
        .find((station) => station.netns.name === keeper.netns.name);
    if (!keeper || !router) return undefined;
    const subnet = networkOf(server.address, keeper.length);
    if (contains(subnet, client.address)) return undefined;
    const { error } = kase.outcome;
    const where = nameOf(kase, sender.name);
    const sent = kase.flow.legs[0]?.forward.kept[0];
    return {
      confidence: sender.routes4 || sender.routes6 ? 0.9 : 0.5,
      title: `${where} has no route to ${formatPrefix(subnet)}, which is behind ${nameOf(kase, keeper.netns.name)}`,
      explanation:
        `${formatIp(server.address)} is in ${formatPrefix(subnet)}, on ${keeper.link.name} of ${nameOf(kase, keeper.netns.name)}. ${where} was never told so and hands the packet to its default ` +
        `gateway${error ? `; ${formatIp(error.from)} has no route either and says so by ICMP` : ''}. ${nameOf(kase, keeper.netns.name)}, which could deliver it, is reachable as ${formatIp(router.address)} and never sees it. ` +
        'Connections the other way work, since they are masqueraded.',
      ...(there && fateOf(there) !== 'forwarded' ? { namespace: sender.name } : {}),
      status: error ? 'rejected' : 'no-reply',
      evidence: [
        ...(sent ? [seenAt(kase, sent, `${describeSighting(sent)} goes to the default gateway`)] : []),
        ...(error
          ? [
              seenAt(
                kase,
                error.sighting,
                `ICMP ${error.type}/${error.code} ${describeSighting(error.sighting)}`,
              ),
            ]
          : []),
      ],
      fix: [
        {
          namespace: sender.name,
          text: `${ipOf(kase)} route add ${formatPrefix(subnet)} via ${formatIp(router.address)}`,
        },
      ],
    };
  },
};
