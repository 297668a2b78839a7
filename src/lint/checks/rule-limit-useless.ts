import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { type Idle, idleRules } from '../no-effect.ts';
import { isAccepting, nameOfRule } from '../rules.ts';

export const ruleLimitUseless: Check = {
  id: 'rule-limit-useless',
  title: 'A limit that limits nothing',
  severity: 'warning',
  why: 'A rule with -m limit (hashlimit, connlimit) and ACCEPT takes packets up to the limit; those beyond it go on to the next rule. Where they are accepted there, or by the policy, nothing is limited.',
  repair:
    'Follow it with a rule that drops the same packets, or turn it about: drop what is above the limit (hashlimit --hashlimit-above, connlimit --connlimit-above).',
  silent: 'Where something behind the rule may drop what is beyond the limit.',
  references: ['iptables-extensions(8): limit, hashlimit, connlimit'],
  find: ({ rulesets }) =>
    rulesets
      .flatMap(idleRules)
      .filter(({ limited, ref }) => limited && isAccepting(ref.rule) && !/-above /.test(ref.rule.text))
      .map(told),
};

function told({ ref, instead, policy }: Idle): Found {
  const who = policy ? `the policy of ${ref.chain.name}` : `rule ${instead[0]?.number ?? 0}`;
  return {
    title: `${nameOfRule(ref)} limits nothing: ${who} accepts what is beyond the limit`,
    explanation: 'What the limit doesn’t let through goes on in the chain, and is accepted there.',
    at: ref,
    involved: instead.slice(0, 5).map((at) => ({ at, role: 'accepts the rest' })),
  };
}
