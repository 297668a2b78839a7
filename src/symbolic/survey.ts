/** What gets to each rule of a namespace's tables, and what it takes: for questions about rules instead of packets. */
import type { IpSet } from '../ipset/record.ts';
import type { LoadedTables } from '../netstack/netfilter/tables.ts';
import type { Chain, Rule, Ruleset, Table } from '../xtables/rule.ts';
import { NONE, type Node } from './bdd.ts';
import { WAYS, walkWay } from './path.ts';
import { Space } from './space.ts';
import { Walker } from './walk.ts';

export interface SurveySettings {
  /** `createNet(netns).tables[family]`: the tables in the order of their hooks. */
  readonly tables: LoadedTables;
  /** Undefined: no sets were dumped. */
  readonly ipsets?: readonly IpSet[] | undefined;
  /** Made for it when absent. */
  readonly space?: Space;
  /** Packets that are looked at; all that the space has when absent. */
  readonly region?: Node;
}

/** Of one rule, over all ways that packets take to it. Sets are of packets as they came into the namespace. */
export interface RuleSurvey {
  readonly ruleset: Ruleset;
  readonly table: Table;
  readonly chain: Chain;
  readonly rule: Rule;
  /** From 1. */
  readonly number: number;
  /** What gets to the rule: no earlier rule has taken it. */
  reach: Node;
  /** What of it the rule matches. */
  taken: Node;
}

export interface Survey {
  readonly space: Space;
  /** Only rules that some walk came to: behind a rule that takes everything, and in chains that nothing leads to, they are absent. */
  readonly rules: ReadonlyMap<Rule, RuleSurvey>;
  /** What the rule matches by its conditions alone, of fields as they are at the rule. */
  matches(rule: Rule): Node;
}

/**
 * Every packet of the space goes every way: received, forwarded, sent.
 * @throws BddFull where that has no end
 */
export function surveyRules({ tables, ipsets, space: given, region }: SurveySettings): Survey {
  const { rulesets, family } = tables;
  const space = given ?? new Space({ family, rulesets, fragments: !tables.tracks });
  const rules = new Map<Rule, RuleSurvey>();
  const owners = new Map<Rule, Ruleset>();
  const names = new Map<Rule, string>();
  for (const ruleset of rulesets) {
    for (const { name, chains } of ruleset.tables.values()) {
      for (const chain of chains.values()) {
        for (const [i, rule] of chain.rules.entries()) {
          owners.set(rule, ruleset);
          names.set(rule, `${ruleset.backend} ${name} ${chain.name} ${i + 1}`);
        }
      }
    }
  }
  const changed = changedSets(rulesets);
  const walker = (): Walker =>
    new Walker({
      space,
      set: (name) => ipsets?.find((set) => set.name === name),
      changes: (name) => changed.has(name),
      instance: (rule) => names.get(rule) ?? '',
      visit: ({ base, chain, rule, number, reach, matched }) => {
        const known = rules.get(rule);
        if (known) {
          known.reach = space.bdd.or(known.reach, reach);
          known.taken = space.bdd.or(known.taken, matched);
        } else {
          const { ruleset, table } = base;
          rules.set(rule, { ruleset, table, chain, rule, number, reach, taken: matched });
        }
      },
    });
  for (const way of WAYS) walkWay(walker(), tables, way, region ?? space.domain);
  const asked = walker();
  return {
    space,
    rules,
    matches: (rule) => {
      const ruleset = owners.get(rule);
      return ruleset ? asked.matches(ruleset, rule) : NONE;
    },
  };
}

/**
 * Of the rules before it in its chain, those that take what the rule would match, in order, each with its part; what stays is
 * `left`. By conditions alone, as if the chain were the only one: marks that earlier rules set are not followed.
 */
export function takersOf(
  survey: Pick<Survey, 'space' | 'matches'>,
  chain: Chain,
  rule: Rule,
): {
  readonly takers: { readonly rule: Rule; readonly number: number; readonly part: Node }[];
  readonly left: Node;
} {
  const { bdd, domain } = survey.space;
  const takers: { rule: Rule; number: number; part: Node }[] = [];
  let left = bdd.and(survey.matches(rule), domain);
  for (const [i, earlier] of chain.rules.entries()) {
    if (earlier === rule || left === NONE) break;
    if (!takes(earlier)) continue;
    const part = bdd.and(left, survey.matches(earlier));
    if (part === NONE) continue;
    takers.push({ rule: earlier, number: i + 1, part });
    left = bdd.diff(left, part);
  }
  return { takers, left };
}

/** Does nothing that it matches come to the next rule? Of a jump that is for the chain to say. */
function takes({ target }: Rule): boolean {
  if (target?.kind === 'verdict' || target?.kind === 'goto') return true;
  return target?.kind === 'extension' && LAST.has(target.name);
}

const LAST: ReadonlySet<string> = new Set([
  'REJECT',
  'DNAT',
  'SNAT',
  'MASQUERADE',
  'REDIRECT',
  'NETMAP',
  'NFQUEUE',
  'TPROXY',
]);

/** Names of the sets that rules add to or delete from: what is in them is not what was dumped. */
export function changedSets(rulesets: readonly Ruleset[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { tables } of rulesets) {
    for (const { chains } of tables.values()) {
      for (const { rules } of chains.values()) {
        for (const { target } of rules) {
          if (target?.kind !== 'extension' || target.name !== 'SET') continue;
          const { add, del } = target.info as {
            readonly add?: { name: string };
            readonly del?: { name: string };
          };
          for (const each of [add, del]) if (each) names.add(each.name);
        }
      }
    }
  }
  return names;
}
