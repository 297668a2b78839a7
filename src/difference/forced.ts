/** A ruleset in which the conditions that no header decides are decided as a sample has them. */

import { matchSet, type RuleContext } from '../symbolic/rule-set.ts';
import type { Sample } from '../symbolic/sample.ts';
import type { Space } from '../symbolic/space.ts';
import type { Rule, Ruleset, Table } from '../xtables/rule.ts';

/**
 * A condition that holds is left out of its rule, and a rule with one that doesn't matches no packet; numbers stay.
 * @returns the rule that stands for each one that was changed, too
 */
export function forcedRuleset(
  ruleset: Ruleset,
  space: Space,
  sample: Sample,
  contextOf: (rule: Rule) => RuleContext,
): { ruleset: Ruleset; origin: ReadonlyMap<Rule, Rule> } {
  const origin = new Map<Rule, Rule>();
  const first = Math.min(...[...space.opaques].map(({ level }) => level), Number.POSITIVE_INFINITY);
  if (first === Number.POSITIVE_INFINITY) return { ruleset, origin };
  const forced = (rule: Rule): Rule => {
    if (rule.matches.length === 0) return rule;
    const context = contextOf(rule);
    const decided = rule.matches.map((match) => {
      const node = matchSet(match, context);
      const undecided = space.bdd.support(node).some((level) => level >= first);
      return undecided ? space.bdd.holds(node, sample.bit) : undefined;
    });
    if (decided.every((each) => each === undefined)) return rule;
    const matches = rule.matches.filter((_, i) => decided[i] === undefined);
    const any = space.family === 4 ? 0 : 0n;
    const never = { invert: true, address: any, mask: any };
    const changed: Rule = decided.includes(false)
      ? { ...rule, source: never, matches: [] }
      : { ...rule, matches };
    origin.set(changed, rule);
    return changed;
  };
  const tables = new Map(
    [...ruleset.tables].map(([name, table]): [Table['name'], Table] => [
      name,
      {
        ...table,
        chains: new Map(
          [...table.chains].map(([chainName, chain]) => [
            chainName,
            { ...chain, rules: chain.rules.map(forced) },
          ]),
        ),
      },
    ]),
  );
  return { ruleset: { ...ruleset, tables }, origin };
}
