/** A rule that can't be decided: both ways are tried, and the more plausible one is gone. */
import type { Skb } from '../../skb/skb.ts';
import type { NatRange } from '../../xtables/context.ts';
import type { Rule } from '../../xtables/rule.ts';
import type { RuleState } from './tables.ts';
import { contextOf, run, type State, type TableVerdict, take, undecided } from './walk.ts';

/** Trials of one walk, over all nested unknown rules. */
export const TRIALS = 32;

/** An unknown rule: does it make a difference? Both ways are tried; then the more plausible one is gone. */
export function decide(state: State, rule: Rule, why: string): boolean {
  const known = state.trial ? undefined : state.walk.hooks.decide(rule);
  if (known !== undefined) return known;
  const plausible = isPlausible(state, rule);
  const where = `${rule.span.path} line ${rule.span.line}`;
  const taken = plausible ? 'matching' : 'not matching';
  const budget = state.trial?.budget ?? { left: TRIALS };
  if (budget.left < 2) {
    undecided(state, `rule "${rule.text}" (${where}) taken as ${taken}: ${why}`, true, why);
    return plausible;
  }
  budget.left -= 2;
  const yes = attempt(state, rule, true, budget);
  const no = attempt(state, rule, false, budget);
  const matters = yes === undefined || no === undefined || yes !== no;
  undecided(state, `rule "${rule.text}" (${where}) taken as ${taken}: ${why}`, matters, why);
  return plausible;
}

/** What would come of it, as a comparable text; undefined when that is itself undecided. */
function attempt(state: State, rule: Rule, holds: boolean, budget: { left: number }): string | undefined {
  const skb = copyForTrial(state.skb);
  const trial: NonNullable<State['trial']> = { budget, undecided: false };
  const copy: State = {
    walk: state.walk,
    skb,
    ruleState: copyRuleState(state.ruleState),
    position: state.position,
    stack: [...state.stack],
    jumps: state.jumps,
    trial,
  };
  const { chain, index } = state.position;
  const walkOn = (): TableVerdict => {
    if (!holds) copy.position = { chain, index: index + 1 };
    return (holds ? take(copy, chain, rule, index, contextOf(copy, rule)) : undefined) ?? run(copy);
  };
  const { tentatively } = state.walk.view;
  const verdict = tentatively ? tentatively(walkOn) : walkOn();
  if (trial.undecided) return undefined;
  return outcomeText(verdict, skb, trial.nat);
}

/** All that may differ between two ways, in a form that compares. */
export function outcomeText(
  verdict: { readonly kind: string; readonly with?: string },
  skb: Skb,
  nat: NatRange | undefined,
): string {
  return [
    verdict.kind,
    verdict.with ?? '',
    JSON.stringify(nat ?? null, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
    skb.mark,
    skb.priority,
    skb.conntrack?.state ?? '',
    skb.conntrack?.entry?.mark ?? '',
    skb.bytes.join(),
  ].join(' ');
}

export function copyForTrial(skb: Skb): Skb {
  const { conntrack } = skb;
  const copy = { ...skb, bytes: skb.bytes.slice() };
  if (conntrack?.entry) {
    const entry = { ...conntrack.entry, labels: new Set(conntrack.entry.labels) };
    copy.conntrack = { ...conntrack, entry };
  }
  return copy;
}

function copyRuleState(state: RuleState): RuleState {
  return { rule: copyMap(state.rule), shared: copyMap(state.shared) };
}

/** Keys are compared by identity and stay; values are plain data. */
function copyMap<K>(map: ReadonlyMap<K, unknown>): Map<K, unknown> {
  const copy = new Map<K, unknown>();
  for (const [key, value] of map) {
    copy.set(key, value instanceof Map ? copyMap(value) : structuredClone(value));
  }
  return copy;
}

/**
 * Counters of the dump as evidence: a rule that nothing ever matched isn't taken to match; one that took most of what reached
 * it is. Without counters, a rule whose outcome is unknown is taken as not matching.
 */
function isPlausible(state: State, rule: Rule): boolean {
  const own = rule.counters?.packets;
  if (own === undefined || own === 0) return false;
  const { chain, index } = state.position;
  let passed = 0;
  for (const later of chain.rules.slice(index + 1)) passed = Math.max(passed, later.counters?.packets ?? 0);
  passed = Math.max(passed, chain.policy === undefined ? 0 : (chain.counters?.packets ?? 0));
  return own >= passed;
}
