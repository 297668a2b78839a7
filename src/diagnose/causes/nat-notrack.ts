import { fateOf } from '../../correlate/predict.ts';
import type { Step } from '../../netstack/hop.ts';
import type { Case } from '../case.ts';
import type { Cause, Command, Found } from '../cause.ts';
import { predictWith } from '../counterfactual.ts';
import { describeSighting, findingRule, rewrites, seenAt } from '../evidence.ts';
import { iptablesOf, nameOf } from '../words.ts';

type NotrackStep = Extract<Step, { kind: 'rule' | 'nft-rule' }>;

export const natNotrack: Cause = {
  id: 'nat-notrack',
  title: 'A rule takes the packets out of conntrack, and NAT works on connections',
  severity: 'error',
  page: () => ({
    symptom:
      'A DNAT rule that matches stays at zero and the host refuses the port itself; or packets leave with their private source although MASQUERADE fits.',
    mechanism:
      'NOTRACK (CT --notrack, nft notrack) marks a packet as untracked before conntrack sees it. The nat chains are asked for the first packet of a connection, and an untracked packet has none, so no translation applies. State matches see UNTRACKED.',
    check: 'iptables -t raw -L -nv (the rule counts), iptables -t nat -L -nv (the NAT rule doesn’t)',
    proof:
      'The packet meets a notrack rule on its way, and without that rule it would be translated and arrive; it is seen going on untranslated.',
    refutation: 'A conntrack entry of the flow; the packet seen with a translated address.',
    settledBy: ['iptables-save -c (with the raw table)', 'nft list ruleset'],
    repair:
      'Leave out of the notrack rule what has to be translated, by a condition or an ACCEPT before it, or delete it.',
    references: [
      'net/netfilter/xt_CT.c: notrack_tg()',
      'net/netfilter/nf_nat_core.c: nf_nat_inet_fn()',
      'iptables-extensions(8): CT',
    ],
  }),
  find(kase) {
    const { prediction, outcome } = kase;
    if (!prediction || outcome.status === 'delivered') return undefined;
    for (const hop of prediction.there.hops) {
      const untracked = hop.steps.some((each) => each.kind === 'conntrack' && each.state === 'UNTRACKED');
      const step = hop.steps.find(isNotrack);
      const found = untracked && step ? withoutIt(kase, hop.namespace, step) : undefined;
      if (found) return found;
    }
    return undefined;
  },
};

function isNotrack(step: Step): step is NotrackStep {
  if (step.kind === 'rule')
    return step.table === 'raw' && (step.target === 'NOTRACK' || /--notrack\b/.test(step.text));
  return step.kind === 'nft-rule' && /(^|\s)notrack(\s|$)/.test(step.text);
}

/** Only where the packet would be translated, and arrive, without that rule. */
function withoutIt(kase: Case, namespace: string, step: NotrackStep): Found | undefined {
  const fix = deletion(kase, namespace, step);
  const without = fix && predictWith(kase, [fix]);
  const rewrite = without && rewrites(without.there).find((each) => each.namespace === namespace);
  if (!fix || !rewrite) return undefined;
  const where = nameOf(kase, namespace);
  const rule = findingRule(kase, namespace, step);
  const place = `${rule.table} ${rule.chain} rule ${rule.number}`;
  const seen =
    kase.outcome.refusal ?? kase.flow.legs.findLast(({ forward }) => forward.packets > 0)?.forward.kept[0];
  const refused = kase.outcome.refusal !== undefined;
  const end = rewrite.manip === 'dst' ? 'destination' : 'source';
  return {
    confidence: fateOf(without.there) === 'dropped' ? 0.7 : 0.96,
    title: `${where} does not translate the packet, because ${place} takes it out of conntrack`,
    explanation:
      `${place} ("${rule.text}") makes the packet untracked. NAT rules work on connections, so the rule that would change its ${end} from ${rewrite.from} to ${rewrite.to} is never asked. ` +
      (refused
        ? `The packet is delivered to ${where} itself, which has no such service and refuses it.`
        : 'It goes on as it is.'),
    namespace,
    rule,
    status: refused ? 'rejected' : 'no-reply',
    evidence: [
      { path: rule.path, line: rule.line, text: `${place}: ${rule.text}` },
      ...(seen
        ? [
            seenAt(
              kase,
              seen,
              refused
                ? `${describeSighting(seen)}: the refusal of ${where} itself`
                : `${describeSighting(seen)}: not translated`,
            ),
          ]
        : []),
    ],
    fix: [fix],
    effect: 'Or except from it what has to be translated, by an ACCEPT in front of it.',
  };
}

function deletion(kase: Case, namespace: string, step: NotrackStep): Command | undefined {
  if (step.kind === 'rule') {
    const tool = iptablesOf(kase, step.path);
    return { namespace, text: `${tool} -t raw -D ${step.chain} ${step.number}` };
  }
  if (step.handle === undefined) return undefined;
  return {
    namespace,
    text: `nft delete rule ${step.family} ${step.table} ${step.chain} handle ${step.handle}`,
  };
}
