import { clientText } from '../filter.ts';
import { modelCause } from '../model-cause.ts';
import { acceptBefore, rulePlace, ruleText, whatDied } from '../rule-cause.ts';
import { capital, nameOf } from '../words.ts';

export const fltRuleDrop = modelCause({
  id: 'flt-rule-drop',
  title: 'A rule drops it',
  severity: 'error',
  page: () => ({
    symptom: 'Silence for this traffic, while other traffic on the same way works.',
    mechanism:
      'A rule with -j DROP matched before any rule accepted the packet. A drop is final: what comes later in the chain, or in other chains, no longer matters.',
    check: 'iptables-save -c (the rule’s counter grows with every attempt)',
    proof:
      'The packet comes in and does not leave, without an ICMP; the rule’s counter grows with each attempt.',
    refutation: 'The packet is seen behind the rule, or the rule’s counter stays.',
    settledBy: ['iptables-save -c', 'nft list ruleset'],
    repair: 'Change the rule, or accept this traffic before it.',
    references: [
      'net/netfilter/nf_tables_core.c: nft_do_chain()',
      'net/ipv4/netfilter/ip_tables.c: ipt_do_table()',
      'iptables(8)',
    ],
  }),
  tell(kase, drop) {
    const rule = drop.trace.rule;
    if (!rule) return undefined;
    const place = rulePlace(drop);
    const what = whatDied(drop);
    return {
      title: `${nameOf(kase, drop.namespace)} drops ${what}: ${place}`,
      explanation:
        `${capital(what)} of ${clientText(kase)} meets ${place}${ruleText(drop) ? ` ("${ruleText(drop)}")` : ''} and is dropped there. ` +
        'Nobody is told, so the sender retransmits until it gives up.',
      fix: acceptBefore(kase, drop),
    };
  },
});
