import { groupBy } from '../../base/group-by.ts';
import type { Check } from '../check.ts';
import { deadRules } from '../dead.ts';
import type { Found } from '../finding.ts';
import { counted } from '../grouped.ts';
import { type Idle, idleRules } from '../no-effect.ts';
import { nameOfRule } from '../rules.ts';
import { openRules } from './policy-accept-only.ts';

export const ruleNoEffect: Check = {
  id: 'rule-no-effect',
  title: 'A rule that decides what would be decided without it',
  severity: 'note',
  why: 'All packets that it accepts (or drops) are accepted (or dropped) by the rules behind it, or by the policy, as well. It may be there for its counter, or for the reader; the firewall is the same without it.',
  repair:
    'Nothing, or take it out. Where it was to be an exception, the exception isn’t needed, or the rule behind it is wider than was meant.',
  silent:
    'Rules for established connections and lo, rules with a limit (rule-limit-useless) or without a condition, rules of programs, and where a rule on the way logs, marks or remembers the packet.',
  references: ['iptables(8): -P'],
  find: ({ rulesets }) =>
    rulesets.flatMap((ruleset) => {
      // The second of two that are the same has been told already (rule-duplicate).
      const dead = new Set(deadRules(ruleset).map(({ ref }) => ref.rule));
      const idle = idleRules(ruleset).filter(
        ({ limited, instead }) => !limited && !instead.some(({ rule }) => dead.has(rule)),
      );
      const groups = groupBy(
        idle.filter((each) => !isOpen(each)),
        ({ ref, instead }) => `${ref.chain.name} ${instead.map(({ number }) => number).join(' ')}`,
      );
      return [...groups.values()].flatMap(told);
    }),
};

/** The whole chain lets everything through, which is told by policy-accept-only. */
function isOpen({ ref, policy }: Idle): boolean {
  return policy && openRules(ref.ruleset, ref.table, ref.chain).length > 0;
}

function told(group: readonly Idle[]): Found[] {
  const [first, ...more] = group;
  if (!first) return [];
  const { ref, instead, policy } = first;
  const who = policy
    ? `the policy of ${ref.chain.name}`
    : instead.length === 1
      ? `rule ${instead[0]?.number ?? 0}`
      : 'the rules behind it';
  return [
    {
      title:
        more.length === 0
          ? `${nameOfRule(ref)} does what ${who} would do`
          : `${counted(group.length, 'rule')} of ${ref.table.name} ${ref.chain.name} do what ${who.replace('behind it', 'behind them')} would do`,
      explanation: `Without ${more.length === 0 ? 'it' : 'them'} all packets fare the same.`,
      at: ref,
      involved: [
        ...more.map((each) => ({ at: each.ref, role: 'without effect, too' })),
        ...instead.slice(0, 5).map((at) => ({ at, role: 'decides the same' })),
      ],
    },
  ];
}
