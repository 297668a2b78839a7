import { describeSighting, seenAt } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { acceptBefore, rulePlace, ruleText } from '../rule-cause.ts';
import { nameOf } from '../words.ts';

export const fltReject = modelCause({
  id: 'flt-reject',
  title: 'A REJECT rule refuses it',
  severity: 'error',
  page: () => ({
    symptom: 'Refused at once: "Connection refused", "No route to host", "Packet filtered".',
    mechanism:
      'REJECT drops the packet and answers in the name of the destination (tcp-reset) or of the host (ICMP). The destination never saw it.',
    check:
      'iptables-save -c (the REJECT rule’s counter); the refusal comes although the server sees no packet',
    proof:
      'The refusal comes from this host though the packet is on no interface towards the server; the REJECT rule counts.',
    refutation: 'The packet is seen at the server, which refuses it itself.',
    settledBy: ['iptables-save -c'],
    repair: 'Accept this traffic before the REJECT rule, or remove the rule.',
    references: [
      'net/ipv4/netfilter/nf_reject_ipv4.c: nf_send_reset(), nf_send_unreach()',
      'iptables-extensions(8): REJECT',
    ],
  }),
  tell(kase, drop) {
    const rule = drop.trace.rule;
    if (!rule) return undefined;
    const { refusal } = kase.outcome;
    const place = rulePlace(drop);
    const how =
      /(?:--reject-with|reject with(?: icmp(?:v6|x)?)?(?: type)?) (\S+)/.exec(ruleText(drop))?.[1] ??
      'icmp-port-unreachable';
    return {
      title: `${nameOf(kase, drop.namespace)} rejects it: ${place}`,
      explanation:
        `The packet meets ${place}, which drops it and answers with ${how}. The refusal is made by ${nameOf(kase, drop.namespace)}, ` +
        'not by the server, which never saw the request. ' +
        (how === 'tcp-reset' || how === 'tcp'
          ? 'To the client it looks exactly like a closed port.'
          : 'The sender gets an error for it instead of silence.'),
      status: 'rejected',
      evidence: refusal ? [seenAt(kase, refusal, `the refusal ${describeSighting(refusal)}`)] : [],
      fix: acceptBefore(kase, drop),
    };
  },
});
