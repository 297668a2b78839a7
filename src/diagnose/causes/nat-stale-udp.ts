import type { Sighting } from '../../correlate/flow.ts';
import { ownersOf } from '../../correlate/owner.ts';
import { formatEndpoint, formatIp, parseIp } from '../../net/ip.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import type { Case } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import {
  assumedIn,
  conntrackKnown,
  entryEvidence,
  findingRuleOf,
  forget,
  isFailing,
  natPlace,
  newOnePasses,
  rememberedBy,
  ruleLine,
  type Translation,
  targetOf,
  translationIn,
} from '../remembered.ts';
import { nameOf } from '../words.ts';
import { neighbourEvidence } from './neigh-failed.ts';

export const natStaleUdp: Cause = {
  id: 'nat-stale-udp',
  title: 'Datagrams of an old sender go to where the service was',
  severity: 'error',
  page: () => ({
    symptom:
      'After a container was started anew or moved, UDP traffic of some senders (syslog, DNS, SIP, statsd) vanishes; new senders arrive.',
    mechanism:
      'An established connection is translated as its conntrack entry says, whatever the rules say now. UDP has no end: a sender that keeps its port and goes on sending renews the entry, and with it the old destination.',
    check:
      'conntrack -L -p udp: the src of the reply tuple is the old address; tcpdump behind the host shows datagrams to it',
    proof:
      'The entry’s reply tuple comes from another address than the DNAT rule leads to now, and the sender’s datagrams are seen going there.',
    refutation:
      'A datagram of that sender’s port seen with the new destination; an entry that agrees with the rule.',
    settledBy: ['conntrack -L -p udp', 'iptables-save -c'],
    repair:
      'Delete the entries of the port (conntrack -D -p udp --orig-port-dst PORT); whoever changes the rule has to do it each time.',
    references: [
      'net/netfilter/nf_nat_core.c: nf_nat_packet()',
      'Documentation/networking/nf_conntrack-sysctl.rst: nf_conntrack_udp_timeout_stream',
      'moby/moby#8795',
      'containernetworking/plugins#123',
      'rancher/rancher#5853',
    ],
  }),
  find(kase) {
    const { prediction, flow, hypothetical } = kase;
    if (flow.protocol !== PROTOCOL.udp || !prediction || hypothetical) return undefined;
    if (!isFailing(kase) || !newOnePasses(kase)) return undefined;
    for (const { namespace } of prediction.there.hops) {
      const translation = translationIn(kase, namespace, 'dst');
      const found = translation && staleIn(kase, namespace, translation);
      if (found) return found;
    }
    return undefined;
  },
};

function staleIn(kase: Case, namespace: string, translation: Translation): Found | undefined {
  const held = rememberedBy(kase).find((each) => each.namespace === namespace);
  const seen = seenElsewhere(kase, translation.to);
  if (held ? !held.dump.entry.dstNat : conntrackKnown(kase, namespace) || !seen) return undefined;
  const old = held
    ? targetOf(held.dump.entry)
    : seen && formatEndpoint(seen.destination, seen.destinationPort);
  if (old === undefined || old === translation.to) return undefined;
  const address = parseIp(old.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
  const gone = address !== undefined && ownersOf(kase.snapshot, address).length === 0;
  const where = nameOf(kase, namespace);
  const { client, server } = kase.flow;
  const { rule, to } = translation;
  return {
    confidence: (held ? (seen ? 0.97 : 0.88) : 0.57) - assumedIn(kase, namespace),
    title: `datagrams from port ${client.port} still go to ${old}; the DNAT rule leads to ${to} now`,
    explanation:
      `The rule for port ${server.port} (${natPlace(rule)}) sends new connections to ${to}. This sender’s connection is older: ` +
      (held
        ? `conntrack’s entry in ${where} still translates it to ${old}${gone ? ', an address that nobody here has any more' : ''}, and each datagram renews the entry.`
        : `its datagrams are seen going to ${old}, so conntrack in ${where} seems to hold an entry from before the rule was changed; conntrack -L -p udp would show it.`),
    namespace,
    rule: findingRuleOf(kase, translation),
    group: `${namespace} ${old}`,
    status: 'no-reply',
    evidence: [
      ...(held ? [entryEvidence(held)] : []),
      ...ruleLine(translation),
      ...(seen ? [seenAt(kase, seen, `${describeSighting(seen)}: to the old address`)] : []),
      ...(address === undefined ? [] : neighbourEvidence(kase, { namespace }, formatIp(address))),
    ],
    ...(held ? { fix: [forget(held)], remembered: true as const } : {}),
    effect: held
      ? 'To be run again whenever the rule is changed while somebody sends.'
      : `conntrack -D -p udp --orig-port-dst ${server.port} lets the rule apply.`,
  };
}

/** A datagram of the flow under a destination that is neither the one that was asked nor the rule's. */
function seenElsewhere({ flow }: Case, to: string): Sighting | undefined {
  const leg = flow.legs.find(
    ({ server, forward }) =>
      forward.packets > 0 &&
      server.address !== flow.server.address &&
      formatEndpoint(server.address, server.port) !== to &&
      formatIp(server.address) !== to,
  );
  return leg?.forward.kept[0];
}
