import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import {
  deletionByNumber,
  isUnconditional,
  nameOfRule,
  printed,
  type RuleRef,
  rulesOfChain,
  toolOf,
} from '../rules.ts';

export const dockerUserAfterReturn: Check = {
  id: 'docker-user-after-return',
  title: 'A rule in DOCKER-USER behind the RETURN that Docker puts there',
  severity: 'error',
  why: 'Docker ends a new DOCKER-USER chain with RETURN. iptables -A DOCKER-USER puts a rule behind it, where no packet comes: what it was to block is let through.',
  repair: 'Insert it instead: iptables -I DOCKER-USER ….',
  silent: 'Rules before the RETURN.',
  references: ['docker/docs: packet filtering and firewalls, DOCKER-USER', 'docker/for-linux#810'],
  find: ({ rulesets }) =>
    rulesets.flatMap((ruleset) => {
      const table = ruleset.tables.get('filter');
      const chain = table?.chains.get('DOCKER-USER');
      return table && chain ? told(rulesOfChain(ruleset, table, chain)) : [];
    }),
};

function told(refs: readonly RuleRef[]): Found[] {
  const end = refs.findIndex(({ rule, ruleset }) => isReturn(rule) && isUnconditional(rule, ruleset.family));
  const [back] = end < 0 ? [] : refs.slice(end, end + 1);
  if (!back) return [];
  return refs
    .slice(end + 1)
    .filter(({ rule, ruleset }) => !(isReturn(rule) && isUnconditional(rule, ruleset.family)))
    .map((ref) => ({
      title: `${nameOfRule(ref)} stands behind RETURN: no packet comes to it`,
      explanation: `Rule ${back.number} returns with everything.`,
      at: ref,
      involved: [{ at: back, role: 'returns with every packet' }],
      suggestion: {
        text: 'Put it in front:',
        commands: [deletionByNumber(ref), `${toolOf(ref.ruleset)} -I DOCKER-USER ${printed(ref)}`],
      },
    }));
}

function isReturn({ target }: RuleRef['rule']): boolean {
  return target?.kind === 'verdict' && target.verdict === 'RETURN';
}
