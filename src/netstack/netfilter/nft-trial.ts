/** An nft rule that can't be decided: every way it may go is tried, and the most plausible one is gone. */
import type { Outcome, Way } from '../../nft/apply.ts';
import type { NftRule } from '../../nft/ruleset.ts';
import { copyNftState } from '../../nft/state.ts';
import { followWay, type NftVerdict, runFrom, runRule, undecidedIn, type WalkState } from './nft-walk.ts';
import { outcomeText, TRIALS } from './trial.ts';
import { copyForTrial } from './trial-state.ts';

export function decideWay(
  state: WalkState,
  rule: NftRule,
  index: number,
  { ways, why }: Extract<Outcome, { readonly ways: readonly Way[] }>,
): Way {
  const known = state.trial ? undefined : state.walk.hooks.decide(rule);
  if (known !== undefined) return ways.find((way) => (way !== 'break') === known) ?? 'break';
  const plausible = isPlausible(state, rule);
  const way = ways.find((each) => (each !== 'break') === plausible) ?? 'break';
  const where = `${rule.span.path} line ${rule.span.line}`;
  const taken = way === 'break' ? 'not matching' : 'matching';
  const text = `rule "${rule.text}" (${where}) taken as ${taken}: ${why}`;
  const budget = state.trial?.budget ?? { left: TRIALS };
  if (budget.left < ways.length) {
    undecidedIn(state, text, true, why);
    return way;
  }
  budget.left -= ways.length;
  const outcomes = ways.map((each) => attempt(state, rule, index, each, budget));
  const [first] = outcomes;
  const matters = first === undefined || outcomes.some((outcome) => outcome !== first);
  undecidedIn(state, text, matters, why);
  return way;
}

/** What would come of it, as a comparable text; undefined when that is itself undecided. */
function attempt(
  state: WalkState,
  rule: NftRule,
  index: number,
  way: Way,
  budget: { left: number },
): string | undefined {
  const skb = copyForTrial(state.skb);
  const trial: NonNullable<WalkState['trial']> = { budget, undecided: false };
  const copy: WalkState = {
    walk: state.walk,
    skb,
    nft: copyNftState(state.nft),
    position: state.position,
    stack: [...state.stack],
    jumps: state.jumps,
    trial,
  };
  const verdict: NftVerdict =
    (way === 'next' ? runRule(copy, rule, index + 1) : followWay(copy, rule, way)) ?? runFrom(copy);
  return trial.undecided ? undefined : outcomeText(verdict, skb, trial.nat);
}

/** Counters of the dump as evidence, as for iptables rules. */
function isPlausible(state: WalkState, rule: NftRule): boolean {
  const own = packetsOf(rule);
  if (own === undefined || own === 0) return false;
  const { chain, index } = state.position;
  const later = chain.rules.slice(index + 1).map((each) => packetsOf(each) ?? 0);
  return own >= Math.max(0, ...later);
}

function packetsOf({ statements }: NftRule): number | undefined {
  for (const statement of statements) if (statement.kind === 'counter') return statement.packets;
  return undefined;
}
