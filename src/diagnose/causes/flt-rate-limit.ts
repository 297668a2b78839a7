import type { Sighting } from '../../correlate/flow.ts';
import { isEcho } from '../../correlate/outcome.ts';
import type { Step } from '../../netstack/hop.ts';
import type { Case } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { describeSighting, findingRule, seenAt } from '../evidence.ts';
import { ruleCause } from '../rule-cause.ts';
import { nameOf } from '../words.ts';

const page = ruleCause({
  id: 'flt-rate-limit',
  title: 'A rate limit is used up',
  symptom: 'The first packets of a burst pass, the rest does not.',
  mechanism:
    'A rule with -m limit, hashlimit or connlimit accepts up to its rate or number; what exceeds it falls to the rule after it, which drops.',
  check: 'iptables-save -c: both rules count',
  proof:
    'The first packets of a burst pass and the later ones do not; the limited rule and the DROP after it both count.',
  refutation: 'Losses at a rate far below the limit, or a DROP that counts nothing.',
  settledBy: ['iptables-save -c'],
  repair: 'Raise the limit, or give each source its own (hashlimit).',
  references: ['net/netfilter/xt_limit.c: limit_mt()', 'iptables-extensions(8): limit, hashlimit, connlimit'],
  verb: 'exceeds a rate limit and is dropped by',
  advice: 'Raise the limit, or count by source with hashlimit.',
});

/** On a flow's way; or where its first packets were answered by way of a limited rule and the last ones were not. */
export const fltRateLimit: Cause = {
  ...page,
  find: (kase) => page.find?.(kase) ?? usedUp(kase),
};

const LIMITED = /-m (limit|hashlimit|connlimit|quota|recent)\b/;

type RuleStep = Extract<Step, { kind: 'rule' }>;

function usedUp(kase: Case): Found | undefined {
  const { prediction, outcome } = kase;
  const tail = outcome.unansweredTail ?? neverAnswered(kase);
  if (!tail || !prediction) return undefined;
  for (const hop of prediction.there.hops) {
    const step = hop.steps.find(
      (one): one is RuleStep => one.kind === 'rule' && LIMITED.test(one.text) && one.target === 'ACCEPT',
    );
    if (!step) continue;
    const rule = findingRule(kase, hop.namespace, step);
    const where = nameOf(kase, hop.namespace);
    return {
      confidence: outcome.unansweredTail ? 0.8 : 0.5,
      title: `${where} lets only part of it through: the limit of ${rule.table} ${rule.chain} rule ${rule.number} is used up`,
      explanation:
        `${outcome.unansweredTail ? 'The first requests are answered, the ones after them are not. They are' : 'Requests like this one are'} accepted by ${rule.table} ${rule.chain} rule ${rule.number} ("${rule.text}"), which lets a burst pass ` +
        'and then so many per interval; what exceeds it does not match and falls to the rules after it or to the policy.',
      namespace: hop.namespace,
      rule,
      status: outcome.unansweredTail ? 'degraded' : 'no-reply',
      severity: 'warning',
      evidence: [
        {
          path: rule.path,
          line: rule.line,
          text: `${rule.table} ${rule.chain} rule ${rule.number}: ${rule.text}`,
        },
        seenAt(
          kase,
          tail,
          `${describeSighting(tail)}, ${outcome.unansweredTail ? 'the first request that gets no answer' : 'which gets no answer'}`,
        ),
      ],
      fix: [],
      effect: 'Raise the limit, or count by source with hashlimit.',
    };
  }
  return undefined;
}

/** Echo requests of another sender got their answers: what this one met is that they had used the limit up. */
function neverAnswered({ flow, outcome, correlation }: Case): Sighting | undefined {
  if (outcome.status !== 'no-reply' || !isEcho(flow) || flow.legs.some(({ reply }) => reply.packets > 0))
    return undefined;
  const served = correlation.flows.some(
    (other) =>
      other.protocol === flow.protocol &&
      other.server.address === flow.server.address &&
      Math.abs(other.start - flow.start) < NEARBY &&
      other.legs.some(({ reply }) => reply.packets > 0),
  );
  return served ? flow.legs.find(({ forward }) => forward.packets > 0)?.forward.kept[0] : undefined;
}

/** Seconds. */
const NEARBY = 10;
