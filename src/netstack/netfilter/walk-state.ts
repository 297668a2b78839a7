/** Where a walk through a table stands: it can be continued from anywhere, for trying both sides of an unknown rule. */
import type { Skb } from '../../skb/skb.ts';
import type { Rule } from '../../xtables/rule.ts';
import type { Candidates } from './chain-index.ts';
import type { PacketKey } from './packet-key.ts';
import { ruleStep } from './steps.ts';
import {
  type Context,
  type ProgramChain,
  type RuleStep,
  stepsOf,
  type TableProgram,
} from './table-program.ts';
import type { RuleState, Tables } from './tables.ts';
import type { Trial } from './trial.ts';
import { copyForTrial, giveUp } from './trial-state.ts';
import type { Decider, Undecided, Walk } from './verdict.ts';
import type { WalkRecorder } from './walk-recorder.ts';

interface Position {
  readonly chain: ProgramChain;
  readonly index: number;
  /** The packet as it was when the chain was left. */
  readonly key: State['key'];
  readonly candidates: State['candidates'];
}

export interface State {
  readonly walk: Walk;
  readonly program: TableProgram;
  readonly context: Context;
  /** The rule at hand. */
  chain: ProgramChain;
  index: number;
  /** Where the jumps so far return to. */
  readonly stack: Position[];
  /** Jumps and gotos taken so far. */
  jumps: number;
  /** The packet as it is now; undefined before it is read, `none`: it can't be, and every rule is asked in full. */
  key: PacketKey | 'none' | undefined;
  /** What the index of the chain at hand gave for it; undefined before it is asked. */
  candidates: Candidates | undefined;
  /** Trying only: nothing is counted or recorded. */
  readonly trial: Trial | undefined;
  /** Marks set on the way: the mark is `mark & keep ^ flip` of the one that the packet came with. */
  keep: number;
  flip: number;
  /** Notes the walk for packets to come. Of a trial it is that of the walk around it. */
  recorder: WalkRecorder | undefined;
}

export function beginState(
  walk: Walk,
  program: TableProgram,
  chain: ProgramChain,
  skb: Skb,
  ruleState: RuleState,
  trial: Trial | undefined,
): State {
  return {
    walk,
    program,
    context: contextOf(walk, skb, ruleState),
    chain,
    index: 0,
    stack: [],
    jumps: 0,
    key: undefined,
    candidates: undefined,
    trial,
    keep: -1,
    flip: 0,
    recorder: undefined,
  };
}

export function contextOf({ base, view }: Walk, skb: Skb, ruleState: RuleState): Context {
  return {
    skb,
    hook: base.hook,
    table: base.table.name,
    rule: NO_RULE,
    backend: base.ruleset.backend,
    namespace: view,
    state: ruleState,
    hotdrop: false,
  };
}

const NO_RULE: Rule = { matches: [], text: '', span: { path: '', line: 0 } };

/** Every rule in turn, as the kernel does, without index and compiled rules: `indexFrom` of Infinity. Same results. */
export function isPlain({ indexFrom }: Tables): boolean {
  return indexFrom === Number.POSITIVE_INFINITY;
}

/** For those who ask the rule itself. */
export function ruleAt({ program, context }: State, id: number): Rule {
  const rule = program.rules[id] as Rule;
  context.rule = rule;
  return rule;
}

/** False: there is nowhere to return to. */
export function comeBack(state: State): boolean {
  const back = state.stack.pop();
  if (!back) return false;
  state.chain = back.chain;
  state.index = back.index;
  state.candidates = back.key === state.key ? back.candidates : undefined;
  return true;
}

export function deciderOf(state: State, id: number): Decider {
  const { base } = state.walk;
  const { chain } = state.chain;
  const rule = state.program.rules[id] as Rule;
  return { base, chain, rule, step: stepOf(state, id) };
}

export function stepOf(state: State, id: number): RuleStep {
  const { walk, program, chain } = state;
  const rule = program.rules[id] as Rule;
  if (isPlain(walk.tables)) return ruleStep(state, rule, id - chain.first);
  const steps = stepsOf(program, walk.base.hook);
  const known = steps[id];
  if (known) return known;
  const step = ruleStep(state, rule, id - chain.first);
  steps[id] = step;
  return step;
}

/** SNPT and DNPT change addresses and go on, MARK what is looked up. What is only tried out changes a copy. */
export function aboutToChange(state: State): void {
  const { context, trial } = state;
  state.key = undefined;
  state.candidates = undefined;
  if (!trial || trial.ownsSkb) return;
  trial.ownsSkb = true;
  context.skb = copyForTrial(context.skb);
}

export function undecided(state: State, text: string, matters: boolean, why = text): void {
  const { trial, walk, recorder } = state;
  if (!trial) {
    const of: Undecided = { text, why, matters };
    recorder?.doubted(of);
    walk.hooks.undecided(of);
  } else if (matters) giveUp(trial);
}
