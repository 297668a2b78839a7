import { answersNobody, asksName } from '../../correlate/outcome.ts';
import { formatIp } from '../../net/ip.ts';
import type { Case } from '../case.ts';
import type { Cause } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { answeredSomewhere, exitOf } from '../exit.ts';
import { mayBeMarkedLate } from '../marks.ts';
import { leftUntranslated, silenceAt } from '../nat.ts';
import { nameOf } from '../words.ts';

export const extDropAfterHost: Cause = {
  id: 'ext-drop-after-host',
  title: 'It left the host correctly, and nothing came back',
  severity: 'error',
  page: () => ({
    symptom: 'The request is on the uplink with the right source address; no answer ever arrives.',
    mechanism:
      'What happens beyond the last capture can’t be seen: a security group, an upstream firewall, a wrong route on the way, or a server that is down.',
    check: 'Capture at the next router or at the server; ask whoever runs the network in between',
    proof: 'The packet leaves the uplink with the right source and destination, and nothing comes in for it.',
    refutation: 'A reply on the uplink, or a source that nobody outside can answer.',
    settledBy: ['tcpdump at the next router or at the server', 'traceroute -n ADDRESS'],
    repair: 'Look at security groups, firewalls and the server beyond the host.',
    references: ['tcpdump(8)', 'traceroute(8)'],
  }),
  find(kase) {
    if (kase.outcome.status === 'delivered' || kase.hypothetical || leftUntranslated(kase)) return undefined;
    const exit = exitOf(kase);
    if (!exit || answeredSomewhere(kase) || kase.outcome.error || answersNobody(kase.flow)) return undefined;
    const out = `${nameOf(kase, exit.namespace)}’s ${exit.interface}`;
    const silence = silenceAt(kase, exit.namespace, exit.interface);
    const quiet = kase.outcome.oneWay && !asksName(kase.flow);
    const assumptions = kase.prediction?.there.assumptions.length ?? 0;
    const nexthop = kase.prediction?.there.hops.at(-1)?.nexthop;
    // The receiver is next door and was not dumped: then it may be its own fault, and nothing is "beyond".
    const nextDoor = nexthop !== undefined && nexthop === kase.prediction?.there.final.destination;
    // Or it isn't known that this is the way that it was to take.
    const confidence =
      nextDoor || intoTunnel(kase, exit) || mayBeMarkedLate(kase, exit.namespace)
        ? 0.55
        : exit.seen
          ? assumptions > 2
            ? 0.7
            : 0.85
          : exit.points.length > 0
            ? 0.3
            : 0.45;
    return {
      confidence: quiet ? Math.min(confidence, 0.4) : confidence,
      title: `it leaves ${out} correctly, and ${formatIp(kase.flow.server.address)} never answers`,
      explanation:
        `The packet passes ${nameOf(kase, exit.namespace)} as it should and leaves ${exit.interface}${exit.ownSource ? ' with one of the host’s own addresses as its source' : ''}. ` +
        'No answer arrives there, not even an ICMP error. So it was lost beyond this host, or the answer was: an upstream firewall or security group, a missing ' +
        'route, or a server that is down. From here that can’t be told apart; nothing that was dumped on this host is to blame.',
      namespace: exit.namespace,
      interface: exit.interface,
      group: `${exit.interface} ${formatIp(kase.flow.server.address)}`,
      severity: quiet ? 'warning' : 'error',
      status: 'no-reply',
      evidence: [
        ...(exit.seen
          ? [seenAt(kase, exit.seen, `${describeSighting(exit.seen)} leaves ${exit.interface}`)]
          : []),
        ...silence,
      ],
      fix: [],
      effect: 'Nothing to change on this host; look at the next hop.',
    };
  },
};

/** A tunnel device that the model can't follow is no way out: what it sends is the host's own still. */
function intoTunnel(kase: Case, exit: { readonly namespace: string; readonly interface: string }): boolean {
  const links = kase.snapshot.namespaces.get(exit.namespace)?.links ?? [];
  return links.some(({ name, kind }) => name === exit.interface && kind === 'vxlan');
}
