/** Rulesets in which the conditions that no header decides are decided as a sample has them. */
import type { Node } from '../symbolic/bdd.ts';
import { matchSet, type RuleContext } from '../symbolic/rule-set.ts';
import type { Sample } from '../symbolic/sample.ts';
import type { Space } from '../symbolic/space.ts';
import { isUnparsed } from '../xtables/extension.ts';
import type { ConntrackInfo } from '../xtables/matches/conntrack.ts';
import type { Chain, MatchUse, Rule, Ruleset, Table } from '../xtables/rule.ts';

/** A rule with conditions that no header decides, and its place. */
interface OpenRule {
  readonly table: Table;
  readonly chain: Chain;
  readonly at: number;
  /** For each match: its set of packets where it is undecided. */
  readonly matches: readonly (Node | undefined)[];
  readonly context: RuleContext;
}

export class Forcing {
  private readonly ruleset: Ruleset;
  private readonly space: Space;
  private readonly open: readonly OpenRule[];
  private readonly made = new Map<string, Ruleset>();

  constructor(ruleset: Ruleset, space: Space, contextOf: (rule: Rule) => RuleContext) {
    this.ruleset = ruleset;
    this.space = space;
    this.open = openRules(ruleset, space, contextOf);
  }

  /** A condition that holds is left out of its rule, and a rule with one that doesn't matches no packet; numbers stay. */
  rulesetFor(sample: Sample): Ruleset {
    if (this.open.length === 0) return this.ruleset;
    const rules = this.open.map((open) => ({ open, rule: this.forced(open, sample) }));
    const key = this.open.map((open) => this.answers(open, sample)).join(' ');
    const known = this.made.get(key);
    if (known) return known;
    const tables = new Map(this.ruleset.tables);
    for (const { open, rule } of rules) {
      const table = tables.get(open.table.name) as Table;
      const own = table === open.table ? { ...table, chains: new Map(table.chains) } : table;
      tables.set(table.name, own);
      const chain = own.chains.get(open.chain.name) as Chain;
      const copy = chain === open.chain ? { ...chain, rules: [...chain.rules] } : chain;
      own.chains.set(chain.name, copy);
      copy.rules[open.at] = rule;
    }
    const made = { ...this.ruleset, tables };
    this.made.set(key, made);
    return made;
  }

  private answers({ matches, chain, at, context }: OpenRule, sample: Sample): string {
    return matches
      .map((node, i) => {
        const match = chain.rules[at]?.matches[i];
        if (node === undefined || !match) return '';
        return isConntrack(match)
          ? othersHold(match, context, sample)
          : this.space.bdd.holds(node, sample.bit);
      })
      .join();
  }

  private forced({ chain, at, matches, context }: OpenRule, sample: Sample): Rule {
    const rule = chain.rules[at] as Rule;
    let never = false;
    const kept = rule.matches.flatMap((match, i) => {
      const node = matches[i];
      if (node === undefined) return [match];
      if (isConntrack(match)) return [forcedConntrack(match, othersHold(match, context, sample))];
      never ||= !this.space.bdd.holds(node, sample.bit);
      return [];
    });
    const any = this.space.family === 4 ? 0 : 0n;
    return never
      ? { ...rule, source: { invert: true, address: any, mask: any }, matches: [] }
      : { ...rule, matches: kept };
  }
}

function openRules(ruleset: Ruleset, space: Space, contextOf: (rule: Rule) => RuleContext): OpenRule[] {
  const isOpen = (node: Node): boolean => space.bdd.support(node).some((level) => level >= space.firstOpaque);
  const open: OpenRule[] = [];
  for (const table of ruleset.tables.values()) {
    for (const chain of table.chains.values()) {
      for (const [at, rule] of chain.rules.entries()) {
        if (rule.matches.length === 0) continue;
        const context = contextOf(rule);
        const matches = rule.matches.map((match) => {
          const node = matchSet(match, context);
          return isOpen(node) ? node : undefined;
        });
        if (matches.some((node) => node !== undefined)) open.push({ table, chain, at, matches, context });
      }
    }
  }
  return open;
}

function isConntrack({ name, info }: MatchUse): boolean {
  return name === 'conntrack' && !isUnparsed(info);
}

/** What is asked of the connection beside its state and direction: as of a packet that has one. */
function othersHold({ info }: MatchUse, context: RuleContext, sample: Sample): boolean {
  const { space } = context;
  const { state: _, status: __, direction: ___, ...rest } = info as ConntrackInfo;
  const own = new Set(space.layout.state);
  return space.bdd.holds(
    matchSet({ name: 'conntrack', info: rest satisfies ConntrackInfo }, context),
    (level) => !own.has(level) && sample.bit(level),
  );
}

/** States and directions are the packet's own when it gets there; what else is asked of its connection is decided. */
function forcedConntrack({ name, info }: MatchUse, holds: boolean): MatchUse {
  const { state, status, direction } = info as ConntrackInfo;
  return {
    name,
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
