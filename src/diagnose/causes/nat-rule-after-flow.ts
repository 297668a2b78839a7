import { PROTOCOL } from '../../net/protocol.ts';
import type { Case } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { type NullBinding, nullBinding } from '../null-binding.ts';
import { findingRuleOf, forget, natPlace, natTarget } from '../remembered.ts';
import { capital, nameOf } from '../words.ts';

export const natRuleAfterFlow: Cause = {
  id: 'nat-rule-after-flow',
  title: 'The NAT rule came after the connection',
  severity: 'error',
  page: () => ({
    symptom:
      'A MASQUERADE, SNAT or DNAT rule was added and it still fails; it works once the ping or the client is started anew.',
    mechanism:
      'The nat table is asked for the first packet of a connection and never again. Where connections were tracked before the rule was there (a filter rule asks for states, or there were other NAT rules), the connection has its entry already, settled as "not translated", and each retry keeps that entry alive.',
    check:
      'conntrack -L: the flow’s entry is UNREPLIED and its reply tuple is the plain reverse of the original one; a new flow is translated',
    proof:
      'The flow’s entry in conntrack has no translation, the rules would translate a packet like it, and it is captured leaving untranslated; a newer flow beside it that is translated shows that the rule works.',
    refutation:
      'An entry of the flow with the translation, or a packet of the flow with the translated address: then the rule did apply. No entry at all: then its next packet is a first one.',
    settledBy: ['conntrack -L', 'iptables-save -c'],
    repair:
      'Delete the entry (conntrack -D with the flow’s addresses), or stop the sender for longer than the entry lives: ICMP and unanswered UDP 30 seconds, an unanswered SYN 2 minutes.',
    references: [
      'net/netfilter/nf_nat_core.c: nf_nat_inet_fn(), nf_nat_alloc_null_binding()',
      'conntrack(8)',
      'moby/moby#8795',
    ],
  }),
  find(kase) {
    const source = nullBinding(kase, 'src');
    if (source) return told(kase, source);
    // Datagrams that stay with the host have a page of their own.
    const destination = kase.flow.protocol === PROTOCOL.udp ? undefined : nullBinding(kase, 'dst');
    return destination && told(kase, destination);
  },
};

function told(kase: Case, { namespace, translation, held, confidence, evidence }: NullBinding): Found {
  const where = nameOf(kase, namespace);
  const { rule, manip, to } = translation;
  const end = manip === 'src' ? 'source' : 'destination';
  return {
    confidence,
    title: `the connection is older than ${where}’s ${natTarget(rule)} rule, so its packets are not translated`,
    explanation:
      `${capital(where)} has a rule for these packets (${natPlace(rule)}), which would make their ${end} ${to}. But NAT rules are asked for the first packet of a connection only. ` +
      (held
        ? 'Conntrack’s entry for this one was made before the rule and says: no translation. Every further packet is handled as the entry says, and keeps it alive.'
        : `It leaves as it came, so the connection seems to have been tracked before the rule was there; conntrack -L in ${where} would show it.`),
    namespace,
    rule: findingRuleOf(kase, translation),
    group: `${namespace} ${natPlace(rule)}`,
    status: 'no-reply',
    evidence,
    ...(held ? { fix: [forget(held)], remembered: true as const } : {}),
    effect: held
      ? ''
      : `See conntrack -L for the flow; conntrack -D with its addresses, or starting the client anew, lets the rule apply.`,
  };
}
