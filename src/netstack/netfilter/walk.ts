/** ipt_do_table(), net/ipv4/netfilter/ip_tables.c; nft_do_chain() of the nft backend goes the same way. */
import { isUnknown } from '../../base/ternary.ts';
import type { SkbConntrack } from '../../skb/nfct.ts';
import type { Skb } from '../../skb/skb.ts';
import type { CtTemplate, IcmpAnswer, NamespaceView, NatRange, RuleVerdict } from '../../xtables/context.ts';
import { matchRule, ruleAction } from '../../xtables/evaluate.ts';
import type { Chain, Rule } from '../../xtables/rule.ts';
import type { Step } from '../hop.ts';
import { type Candidates, candidatesOf, nextCandidate } from './chain-index.ts';
import { type PacketKey, packetKey } from './packet-key.ts';
import { ACTION, ACTION_WORD, CHANGES, OPERAND, WORDS } from './rule-words.ts';
import { count, ruleStep } from './steps.ts';
import {
  type Context,
  flagsOf,
  indexOf,
  type ProgramChain,
  type RuleStep,
  setAction,
  stepsOf,
  type TableProgram,
  tableProgram,
  testRule,
} from './table-program.ts';
import type { BaseChain, RuleState, Tables } from './tables.ts';
import { copyForTrial, decide, giveUp, type Trial } from './trial.ts';

/** What a table says of a packet. */
export type TableVerdict =
  | { readonly kind: 'accept' | 'queue' }
  | { readonly kind: 'drop'; readonly by: Decider; readonly icmp?: IcmpAnswer }
  | { readonly kind: 'reject'; readonly with: string; readonly by: Decider };

/** The rule or policy that decided. */
export interface Decider {
  readonly base: BaseChain;
  readonly chain: Chain;
  /** Absent for a policy. */
  readonly rule?: Rule;
  readonly step: Extract<Step, { kind: 'rule' | 'policy' }>;
}

export interface WalkHooks {
  step(step: Step): void;
  /** A NAT target: sets the connection up. False drops the packet. */
  nat(range: NatRange): boolean;
  /** False: no socket listens there, and the packet is dropped. */
  tproxy(verdict: Extract<RuleVerdict, { kind: 'tproxy' }>, rule: Rule): boolean;
  tee(verdict: Extract<RuleVerdict, { kind: 'tee' }>, rule: Rule): void;
  /** What somebody who saw the packet further on knows about a rule whose outcome is unknown. */
  decide(rule: Rule): boolean | undefined;
  /** Something undecided: `matters` when it may change what becomes of the packet. */
  undecided(of: { text: string; why: string; matters: boolean }): void;
}

export interface Walk {
  readonly tables: Tables;
  readonly base: BaseChain;
  readonly skb: Skb;
  readonly view: NamespaceView;
  readonly hooks: WalkHooks;
}

interface Position {
  readonly chain: ProgramChain;
  readonly index: number;
  readonly key: State['key'];
  readonly candidates: State['candidates'];
}

/** A walk that can be continued from anywhere, for trying both sides of an unknown rule. */
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
}

export function walkTable(walk: Walk): TableVerdict {
  const { base, tables, skb } = walk;
  const program = tableProgram(base.table);
  const chain = program.chains.get(base.chain.name) as ProgramChain;
  return run(beginState(walk, program, chain, skb, tables.state, undefined));
}

export function beginState(
  walk: Walk,
  program: TableProgram,
  chain: ProgramChain,
  skb: Skb,
  ruleState: RuleState,
  trial: Trial | undefined,
): State {
  const { base, view } = walk;
  const context: Context = {
    skb,
    hook: base.hook,
    table: base.table.name,
    rule: NO_RULE,
    backend: base.ruleset.backend,
    namespace: view,
    state: ruleState,
    hotdrop: false,
  };
  return {
    walk,
    program,
    context,
    chain,
    index: 0,
    stack: [],
    jumps: 0,
    key: undefined,
    candidates: undefined,
    trial,
  };
}

const NO_RULE: Rule = { matches: [], text: '', span: { path: '', line: 0 } };
const ABANDONED: TableVerdict = { kind: 'accept' };

/** Every rule in turn, as the kernel does, without index and compiled rules: `indexFrom` of Infinity. Same results. */
export function isPlain({ indexFrom }: Tables): boolean {
  return indexFrom === Number.POSITIVE_INFINITY;
}

export function run(state: State): TableVerdict {
  const { context, trial, program, walk } = state;
  const { indexFrom } = walk.tables;
  const { family } = walk.base.ruleset;
  const plain = isPlain(walk.tables);
  for (;;) {
    // Nothing more can come of a trial whose ways were seen to part.
    if (trial?.search.differs && !trial.search.plain) return ABANDONED;
    const { chain } = state;
    if (!plain) {
      state.key ??= packetKey(context.skb, context.backend) ?? 'none';
      if (chain.length >= indexFrom && state.key !== 'none') state.index = next(state, chain, state.key);
    }
    const { index } = state;
    if (index >= chain.length) {
      if (comeBack(state)) continue;
      return policy(state);
    }
    const id = chain.first + index;
    const flags = plain ? 0 : flagsOf(program, id, family);
    const { key } = state;
    if (flags & CHANGES) aboutToChange(state);
    const matched =
      key === undefined || key === 'none'
        ? matchRule(ruleAt(state, id), context)
        : testRule(program, id, flags, key, context);
    if (matched === false && !context.hotdrop) {
      state.index = index + 1;
      continue;
    }
    if (context.hotdrop) {
      const by = deciderOf(state, id);
      // A legacy rule that matches nevertheless counts, and does what its target does. nft shows where it was dropped.
      if (matched === true) take(state);
      else if (context.backend === 'nft' && !trial) walk.hooks.step(by.step);
      return { kind: 'drop', by };
    }
    if (isUnknown(matched) && !decide(state, id, matched.why)) {
      state.index = index + 1;
      continue;
    }
    const verdict = take(state);
    if (verdict) return verdict;
  }
}

/** For those who ask the rule itself. */
function ruleAt({ program, context }: State, id: number): Rule {
  const rule = program.rules[id] as Rule;
  context.rule = rule;
  return rule;
}

/** The next rule that may match. */
function next(state: State, chain: ProgramChain, key: PacketKey): number {
  state.candidates ??= candidatesOf(indexOf(chain), key);
  return nextCandidate(state.candidates, state.index, chain.length);
}

/** False: there is nowhere to return to. */
function comeBack(state: State): boolean {
  const back = state.stack.pop();
  if (!back) return false;
  state.chain = back.chain;
  state.index = back.index;
  state.candidates = back.key === state.key ? back.candidates : undefined;
  return true;
}

function deciderOf(state: State, id: number): Decider {
  const { base } = state.walk;
  const { chain } = state.chain;
  const rule = state.program.rules[id] as Rule;
  return { base, chain, rule, step: stepOf(state, id) };
}

function stepOf(state: State, id: number): RuleStep {
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

/** The rule at hand holds: counted, recorded, then its target. Undefined: the walk goes on from the new position. */
export function take(state: State): TableVerdict | undefined {
  const { context, trial, walk, chain, program } = state;
  const id = chain.first + state.index;
  if (!trial) {
    walk.tables.ruleCounters.add(walk.base.firstRule + id, context.skb.length);
    walk.hooks.step(stepOf(state, id));
  }
  const { words } = program;
  const operand = words[id * WORDS + OPERAND] as number;
  switch (isPlain(walk.tables) ? ACTION.ask : words[id * WORDS + ACTION_WORD]) {
    case ACTION.continue:
      state.index++;
      return undefined;
    case ACTION.accept:
      return ACCEPT;
    case ACTION.return:
      state.index++;
      return comeBack(state) ? undefined : policy(state);
    case ACTION.jump:
    case ACTION.goto:
      state.index++;
      return jump(
        state,
        id,
        program.numbered[operand] as ProgramChain,
        words[id * WORDS + ACTION_WORD] === ACTION.jump,
      );
    case ACTION.nat:
      if (!trial) break;
      trial.nat = (program.verdicts[id] as Extract<RuleVerdict, { kind: 'nat' }>).nat;
      trial.mapping = operand;
      return ACCEPT;
  }
  return carryOut(state, id, act(state, id));
}

function carryOut(state: State, id: number, action: RuleVerdict): TableVerdict | undefined {
  const { context, trial, walk, program } = state;
  const rule = program.rules[id] as Rule;
  if (context.hotdrop) return { kind: 'drop', by: deciderOf(state, id) };
  state.index++;
  switch (action.kind) {
    case 'continue':
      return undefined;
    case 'accept':
      return ACCEPT;
    case 'drop':
      return {
        kind: 'drop',
        by: deciderOf(state, id),
        ...(action.icmp ? { icmp: action.icmp } : {}),
      };
    case 'queue':
      return { kind: 'queue' };
    case 'reject':
      return { kind: 'reject', with: action.with, by: deciderOf(state, id) };
    case 'return':
      return comeBack(state) ? undefined : policy(state);
    case 'jump':
    case 'goto': {
      const target = program.chains.get(action.chain);
      if (!target) {
        undecided(state, `rule "${rule.text}" goes to chain ${action.chain}, which the dump lacks`, true);
        return undefined;
      }
      return jump(state, id, target, action.kind === 'jump');
    }
    case 'nat':
      if (trial) {
        trial.nat = action.nat;
        return ACCEPT;
      }
      return walk.hooks.nat(action.nat) ? ACCEPT : { kind: 'drop', by: deciderOf(state, id) };
    case 'notrack':
      if (isUnseen(context.skb)) context.skb.conntrack = { state: 'UNTRACKED', direction: 'original' };
      return undefined;
    case 'ct':
      if (isUnseen(context.skb)) context.skb.conntrack = templateOf(action.template, context.skb);
      return undefined;
    case 'tproxy':
      if (trial) return ACCEPT;
      return walk.hooks.tproxy(action, rule) ? ACCEPT : { kind: 'drop', by: deciderOf(state, id) };
    case 'tee':
      if (!trial) walk.hooks.tee(action, rule);
      return undefined;
    case 'unknown':
      undecided(
        state,
        `target of rule "${rule.text}" (${rule.span.path} line ${rule.span.line}): ${action.why}; taken as going on`,
        true,
      );
      return undefined;
  }
}

const ACCEPT: TableVerdict = { kind: 'accept' };

/** `returns`: what is behind the rule comes after the chain. */
function jump(state: State, id: number, target: ProgramChain, returns: boolean): TableVerdict | undefined {
  if (returns) {
    const { chain, index, key, candidates } = state;
    state.stack.push({ chain, index, key, candidates });
  }
  // The kernel refuses rulesets with loops; a dump put together by hand may have one.
  if (++state.jumps > MAX_JUMPS) {
    undecided(state, `the chains around "${state.program.rules[id]?.text}" lead round in circles`, true);
    return { kind: 'drop', by: deciderOf(state, id) };
  }
  state.chain = target;
  state.index = 0;
  state.candidates = undefined;
  return undefined;
}

function act(state: State, id: number): RuleVerdict {
  const { context, program, walk } = state;
  const plain = isPlain(walk.tables);
  const known = plain ? undefined : program.verdicts[id];
  if (known) return known;
  const rule = ruleAt(state, id);
  if (rule.target?.kind !== 'extension') return ruleAction(rule, context);
  const { target } = rule;
  if (!CHANGES_NOTHING.has(target.name)) aboutToChange(state);
  const action = ruleAction(rule, context);
  if (!plain && ALWAYS_THE_SAME.has(target.name)) setAction(program, id, action);
  return action;
}

/** What they ask for follows from their options. */
const ALWAYS_THE_SAME: ReadonlySet<string> = new Set(['DNAT', 'SNAT', 'MASQUERADE', 'REDIRECT']);

/** What they do they say in their verdict. */
const CHANGES_NOTHING: ReadonlySet<string> = new Set([
  'DNAT',
  'SNAT',
  'MASQUERADE',
  'REDIRECT',
  'NETMAP',
  'REJECT',
]);

/** SNPT and DNPT change addresses and go on, MARK what is looked up. What is only tried out changes a copy. */
function aboutToChange(state: State): void {
  const { context, trial } = state;
  state.key = undefined;
  state.candidates = undefined;
  if (!trial || trial.ownsSkb) return;
  trial.ownsSkb = true;
  context.skb = copyForTrial(context.skb);
}

/** xt_ct_target(): CT looks no further at what conntrack has seen. INVALID leaves no trace on the packet. */
function isUnseen({ conntrack }: Skb): boolean {
  return conntrack === undefined || (conntrack.state === 'INVALID' && !conntrack.template);
}

function templateOf({ zone, helper }: CtTemplate, skb: Skb): SkbConntrack {
  return {
    state: 'NEW',
    direction: 'original',
    template: {
      ...(zone ? { zone: { direction: zone.direction, id: zone.id === 'mark' ? skb.mark : zone.id } } : {}),
      ...(helper === undefined ? {} : { helper }),
    },
  };
}

const MAX_JUMPS = 4096;

export function policy(state: State): TableVerdict {
  const { base, tables, hooks } = state.walk;
  const verdict = base.chain.policy ?? 'ACCEPT';
  const step: Step = {
    kind: 'policy',
    hook: base.hook,
    table: base.table.name,
    chain: base.chain.name,
    verdict,
    ...(base.chain.span ? { line: base.chain.span.line, path: base.chain.span.path } : {}),
  };
  if (!state.trial) {
    count(tables.policyCounters, base.chain, state.context.skb.length);
    hooks.step(step);
  }
  return verdict === 'ACCEPT' ? ACCEPT : { kind: 'drop', by: { base, chain: base.chain, step } };
}

export function undecided(state: State, text: string, matters: boolean, why = text): void {
  const { trial, walk } = state;
  if (!trial) walk.hooks.undecided({ text, why, matters });
  else if (matters) giveUp(trial);
}
