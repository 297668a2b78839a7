import { userChain } from '../filter.ts';
import { modelCause } from '../model-cause.ts';
import { rulePlace } from '../rule-cause.ts';
import { inInterface, iptablesOf, nameOf, outInterface } from '../words.ts';

export const fltForwardReplyBlocked = modelCause({
  id: 'flt-forward-reply-blocked',
  from: ['flt-forward-policy-drop', 'flt-rule-drop'],
  title: 'Requests are allowed, answers are not',
  severity: 'error',
  page: () => ({
    symptom: 'The request goes out, the answer comes back to the host and dies there.',
    mechanism:
      'FORWARD judges each direction by itself. A firewall that accepts one direction has to accept the packets of established connections in the other.',
    check: 'iptables -L FORWARD -nv: is there an ESTABLISHED rule before the drop?',
    proof: 'The request passes and reaches the server; its reply comes back to the host and does not leave.',
    refutation: 'The reply on the client’s side, or a rule for ESTABLISHED that counts it.',
    settledBy: ['iptables-save -c', 'conntrack -L (the entry)'],
    repair: 'Accept RELATED,ESTABLISHED early in FORWARD.',
    references: [
      'net/ipv4/ip_forward.c: ip_forward(), NF_INET_FORWARD',
      'iptables-extensions(8): conntrack',
      'canonical/lxd#12810',
    ],
  }),
  tell(kase, drop) {
    if (drop.direction !== 'reply' || !drop.trace.rule) return undefined;
    const chain = userChain(kase, drop.namespace);
    const place = rulePlace(drop);
    return {
      title: `${nameOf(kase, drop.namespace)} lets the request out and drops the answer: ${place}`,
      explanation:
        `The request is accepted in FORWARD. The answer comes in on ${inInterface(drop.trace)} for ${outInterface(drop.trace)} and no rule accepts it: ` +
        `the rules name one direction only, and none accepts packets of connections that are already established, so ${place} drops it.`,
      fix: [
        {
          namespace: drop.namespace,
          text: `${iptablesOf(kase)} -I ${chain} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
        },
      ],
    };
  },
});
