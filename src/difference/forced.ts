/** A ruleset in which the conditions that no header decides are decided as a sample has them. */

import type { Node } from '../symbolic/bdd.ts';
import { matchSet, type RuleContext } from '../symbolic/rule-set.ts';
import type { Sample } from '../symbolic/sample.ts';
import type { Space } from '../symbolic/space.ts';
import { isUnparsed } from '../xtables/extension.ts';
import type { ConntrackInfo } from '../xtables/matches/conntrack.ts';
import type { MatchUse, Rule, Ruleset, Table } from '../xtables/rule.ts';

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
  const isUndecided = (node: Node): boolean =>
    space.bdd.support(node).some((level) => level >= space.firstOpaque);
  const forced = (rule: Rule): Rule => {
    if (rule.matches.length === 0) return rule;
    const context = contextOf(rule);
    let changed = false;
    let never = false;
    const matches = rule.matches.flatMap((match) => {
      const node = matchSet(match, context);
      if (!isUndecided(node)) return [match];
      changed = true;
      if (match.name === 'conntrack' && !isUnparsed(match.info))
        return [forcedConntrack(match.info as ConntrackInfo, context, sample)];
      never ||= !space.bdd.holds(node, sample.bit);
      return [];
    });
    if (!changed) return rule;
    const any = space.family === 4 ? 0 : 0n;
    const made: Rule = never
      ? { ...rule, source: { invert: true, address: any, mask: any }, matches: [] }
      : { ...rule, matches };
    origin.set(made, rule);
    return made;
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

/** States and directions are the packet's own when it gets there; what else is asked of its connection is decided. */
function forcedConntrack(info: ConntrackInfo, context: RuleContext, sample: Sample): MatchUse {
  const { space } = context;
  const { state, status, direction, ...rest } = info;
  const own = new Set(space.layout.state);
  // As of a packet that has a connection: the first state.
  const holds = space.bdd.holds(
    matchSet({ name: 'conntrack', info: rest satisfies ConntrackInfo }, context),
    (level) => !own.has(level) && sample.bit(level),
  );
  return {
    name: 'conntrack',
    info: {
      ...(state ? { state } : {}),
      ...(status ? { status } : {}),
      ...(direction ? { direction } : {}),
      ...(holds ? {} : { protocol: { invert: false, value: NO_PROTOCOL } }),
      addresses: {},
      ports: {},
    } satisfies ConntrackInfo,
  };
}

const NO_PROTOCOL = -1;
