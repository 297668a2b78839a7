/** A rule that can't be decided: both ways are tried, and the more plausible one is gone. */
import { once } from '../../base/memo.ts';
import type { Skb } from '../../skb/skb.ts';
import type { NatRange } from '../../xtables/context.ts';
import type { Chain, Rule } from '../../xtables/rule.ts';
import { natText } from './table-program.ts';
import type { RuleState } from './tables.ts';
import { copyForTrial, copyRuleState, giveUp, LazyRuleState } from './trial-state.ts';
import type { TableVerdict } from './verdict.ts';
import { run } from './walk.ts';
import type { WalkRecorder } from './walk-recorder.ts';
import { beginState, isPlain, type State, undecided } from './walk-state.ts';
import { take } from './walk-target.ts';

/** Trials of one walk, over all nested unknown rules. */
export const TRIALS = 32;

/** One way out of two, gone to its end. */
export interface Trial {
  readonly search: Search;
  nat: NatRange | undefined;
  /** Number of that mapping in the table's program, where it has one. */
  mapping: number;
  /** The skb is a copy already. */
  ownsSkb: boolean;
  /** Something on this way can't be told. */
  undecided: boolean;
}

/** All ways from one unknown rule on, with those that fork off at the unknown rules behind it. */
export interface Search {
  /** Trials that may still be made. */
  left: number;
  /** Every way is gone to its end, and each fork compared by itself; otherwise only until two ends differ. Same results. */
  readonly plain: boolean;
  first: Outcome | undefined;
  /** Not all ways lead to the same, or what one leads to can't be told. */
  differs: boolean;
}

interface Outcome {
  readonly verdict: TableVerdict;
  readonly skb: Skb;
  readonly nat: NatRange | undefined;
  readonly mapping: number;
  /** As those of its state. */
  readonly keep: number;
  readonly flip: number;
}

/** An unknown rule: does it make a difference? Both ways are tried; then the more plausible one is gone. */
export function decide(state: State, id: number, why: string): boolean {
  const { trial, walk, program } = state;
  const rule = program.rules[id] as Rule;
  const known = trial ? undefined : walk.hooks.decide(rule);
  if (!trial) state.recorder?.evidence(id, known);
  if (known !== undefined) return known;
  const plausible = isPlausible(state, rule);
  const search = trial?.search ?? {
    left: TRIALS,
    plain: isPlain(walk.tables),
    first: undefined,
    differs: false,
  };
  const matters = isWorthTelling(state, search);
  if (trial) {
    if (matters) giveUp(trial);
  } else undecided(state, textOf(state, rule, plausible, why), matters, why);
  return plausible;
}

function textOf({ program, chain, index }: State, rule: Rule, holds: boolean, why: string): string {
  const id = chain.first + index;
  const known = program.doubts[id];
  if (known?.why === why && known.holds === holds) return known.text;
  const { path, line } = rule.span;
  const taken = holds ? 'matching' : 'not matching';
  const text = `rule "${rule.text}" (${path} line ${line}) taken as ${taken}: ${why}`;
  program.doubts[id] = { why, holds, text };
  return text;
}

/**
 * Where no end differs from the first, no fork makes a difference. Where two do, one fork on the way does, and so does every one
 * before it: what comes of a way with an undecided fork is itself undecided.
 */
function isWorthTelling(state: State, search: Search): boolean {
  if (search.left < 2) return true;
  search.left -= 2;
  const yes = attempt(state, true, search);
  if (!search.plain && search.differs) return true;
  const no = attempt(state, false, search);
  if (!search.plain) return search.differs;
  return (
    yes === undefined ||
    no === undefined ||
    outcomeText(yes.verdict, yes.skb, yes.nat) !== outcomeText(no.verdict, no.skb, no.nat)
  );
}

/** What would come of it; undefined when that is itself undecided. */
function attempt(state: State, holds: boolean, search: Search): Outcome | undefined {
  const { plain } = search;
  const { walk, context, chain, index } = state;
  const trial: Trial = { search, nat: undefined, mapping: 0, ownsSkb: plain, undecided: false };
  const ruleState: RuleState = plain ? copyRuleState(context.state) : new LazyRuleState(context.state);
  const skb = plain ? copyForTrial(context.skb) : context.skb;
  const copy = beginState(walk, state.program, chain, skb, ruleState, trial);
  copy.recorder = state.recorder;
  copy.index = index;
  copy.stack.push(...state.stack);
  copy.jumps = state.jumps;
  copy.keep = state.keep;
  copy.flip = state.flip;
  copy.key = state.key;
  copy.candidates = state.candidates;
  const walkOn = (): TableVerdict => {
    if (!holds) {
      copy.index++;
      return run(copy);
    }
    return take(copy) ?? run(copy);
  };
  const { view } = walk;
  const verdict = view.tentatively ? view.tentatively(walkOn) : walkOn();
  if (trial.undecided) return undefined;
  const { nat, mapping } = trial;
  const { keep, flip } = copy;
  const outcome: Outcome = { verdict, skb: copy.context.skb, nat, mapping, keep, flip };
  if (!search.first) search.first = outcome;
  else if (!plain && !isSame(search.first, outcome, state.recorder)) search.differs = true;
  return outcome;
}

function isSame(one: Outcome, other: Outcome, recorder: WalkRecorder | undefined): boolean {
  if (one.verdict.kind !== other.verdict.kind || withOf(one) !== withOf(other)) return false;
  if (!isSameNat(one, other)) return false;
  const [a, b] = [one.skb, other.skb];
  if (a === b) return true;
  recorder?.marks(one, other, a.mark === b.mark);
  return (
    a.mark === b.mark &&
    a.priority === b.priority &&
    a.conntrack?.state === b.conntrack?.state &&
    a.conntrack?.entry?.mark === b.conntrack?.entry?.mark &&
    (a.bytes === b.bytes ||
      (a.bytes.length === b.bytes.length && a.bytes.every((byte, i) => byte === b.bytes[i])))
  );
}

function isSameNat(one: Outcome, other: Outcome): boolean {
  if (one.mapping !== 0 && other.mapping !== 0) return one.mapping === other.mapping;
  return one.nat === other.nat || natText(one.nat) === natText(other.nat);
}

function withOf({ verdict }: Outcome): string | undefined {
  return verdict.kind === 'reject' ? verdict.with : undefined;
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
    natText(nat),
    skb.mark,
    skb.priority,
    skb.conntrack?.state ?? '',
    skb.conntrack?.entry?.mark ?? '',
    skb.bytes.join(),
  ].join(' ');
}

/**
 * Counters of the dump as evidence: a rule that nothing ever matched isn't taken to match; one that took most of what reached
 * it is. Without counters, a rule whose outcome is unknown is taken as not matching.
 */
function isPlausible({ chain: { chain }, index }: State, rule: Rule): boolean {
  const own = rule.counters?.packets;
  if (own === undefined || own === 0) return false;
  const passed = chain.policy === undefined ? 0 : (chain.counters?.packets ?? 0);
  return own >= Math.max(passed, mostBehind(chain)[index] ?? 0);
}

/** By place: the most packets that any rule behind it counted. */
const mostBehind = once(({ rules }: Chain): Float64Array => {
  const most = new Float64Array(rules.length);
  for (let i = rules.length - 2; i >= 0; i--) {
    most[i] = Math.max(most[i + 1] ?? 0, rules[i + 1]?.counters?.packets ?? 0);
  }
  return most;
});
