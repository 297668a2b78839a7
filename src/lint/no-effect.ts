/** Rules that decide about packets as it would be decided without them. */
import { once } from '../base/memo.ts';
import { BddFull, NONE } from '../symbolic/bdd.ts';
import { type Place, type Visit, Walker } from '../symbolic/walk.ts';
import type { Rule, Ruleset } from '../xtables/rule.ts';
import { isOfProgram, isProgramDevice } from './programs.ts';
import { type Decision, reachOf, type TableReach } from './reach.ts';
import { isObscure, isUnconditional, matchInfo, type RuleRef, rulesOfChain } from './rules.ts';

export interface Idle {
  readonly ref: RuleRef;
  /** Who decides instead, and the same: rules, or nobody but the policy. */
  readonly instead: readonly RuleRef[];
  readonly policy: boolean;
  /** It has a limit, which limits nothing. */
  readonly limited: boolean;
}

/** Rules walked through at most. */
const MOST_VISITS = 150_000;

/** Of the built-in chains of the filter table. */
export const idleRules: (ruleset: Ruleset) => readonly Idle[] = once((ruleset: Ruleset) => {
  const table = ruleset.tables.get('filter');
  const reach = table && reachOf(ruleset)(table);
  if (!table || !reach) return [];
  const search = new Search(reach);
  return [...table.chains.values()].flatMap((chain) => {
    const refs = rulesOfChain(ruleset, table, chain);
    return refs.flatMap((ref) => search.of(ref, refs) ?? []);
  });
});

class Effect extends Error {}

class Search {
  private readonly reach: TableReach;
  private readonly decisions: ReadonlyMap<Rule, Decision>;
  private visits = 0;

  constructor(reach: TableReach) {
    this.reach = reach;
    this.decisions = new Map(reach.decisions.map((decision) => [decision.rule, decision]));
  }

  of(ref: RuleRef, refs: readonly RuleRef[]): Idle | undefined {
    const decision = this.decisions.get(ref.rule);
    const verdict = verdictOf(ref.rule);
    if (!decision || verdict === undefined || !isAsked(ref)) return undefined;
    const places = this.without(decision, verdict);
    if (!places) return undefined;
    const instead = places.flatMap(({ rule }) => (rule ? [rule] : []));
    return {
      ref,
      // What decides deeper in a chain is told by the rule that leads there.
      instead: refs.filter(({ rule }) => instead.includes(rule)),
      policy: places.every(({ rule }) => rule === undefined),
      limited: ref.rule.matches.some(({ name }) => LIMITS.has(name)),
    };
  }

  /** Who decides the same about all of its packets when the rule isn't there; undefined where somebody decides otherwise. */
  private without({ base, number, matched, state }: Decision, verdict: string): Place[] | undefined {
    const rest = { ...base.chain, rules: base.chain.rules.slice(number) };
    const walker = new Walker({ ...this.reach.context, visit: (visit) => this.passes(visit) }, state.copy());
    try {
      walker.base({ ...base, chain: rest }, matched);
    } catch (error) {
      if (error instanceof Effect || error instanceof BddFull) return undefined;
      throw error;
    }
    const { ends, accepted } = walker;
    if (verdict === 'accept') return ends.length === 0 ? accepted.map(({ place }) => place) : undefined;
    const same = ends.every(({ kind, text }) => `${kind} ${kind === 'drop' ? '' : text}`.trim() === verdict);
    return accepted.length === 0 && same ? ends.flatMap(({ place }) => place ?? []) : undefined;
  }

  /** What a rule on the way does to the packet, or remembers of it, would be done without the first one. */
  private passes({ rule, matched }: Visit): void {
    if (++this.visits > MOST_VISITS) throw new Effect();
    const { target } = rule;
    if (rule.matches.some(({ name }) => REMEMBERING.has(name))) throw new Effect();
    if (matched !== NONE && target?.kind === 'extension' && target.name !== 'REJECT') throw new Effect();
  }
}

const LIMITS = new Set(['limit', 'hashlimit', 'connlimit']);
const REMEMBERING = new Set([
  'recent',
  'limit',
  'hashlimit',
  'connlimit',
  'quota',
  'statistic',
  'rateest',
  'nfacct',
]);

function verdictOf({ target }: Rule): string | undefined {
  if (target?.kind === 'verdict')
    return target.verdict === 'ACCEPT' ? 'accept' : target.verdict === 'DROP' ? 'drop' : undefined;
  if (target?.kind !== 'extension' || target.name !== 'REJECT') return undefined;
  return `reject ${(target.info as { readonly with: string }).with}`;
}

/**
 * Not of what is there to be fast (established connections first), to be safe (a last rule as the policy), to count or remember, or
 * because a program writes it.
 */
function isAsked(ref: RuleRef): boolean {
  const { rule, ruleset } = ref;
  if (isObscure(rule) || isUnconditional(rule, ruleset.family)) return false;
  if (rule.matches.some(({ name }) => REMEMBERING.has(name) && !LIMITS.has(name))) return false;
  if (matchInfo(rule, 'state') || matchInfo(rule, 'conntrack')) return false;
  if ([rule.in, rule.out].some((device) => device && (device.name === 'lo' || isProgramDevice(device.name))))
    return false;
  return !isOfProgram(ref);
}
