/** ipt_do_table(), net/ipv4/netfilter/ip_tables.c; nft_do_chain() of the nft backend goes the same way. */
import { isUnknown } from '../../base/ternary.ts';
import type { SkbConntrack } from '../../skb/nfct.ts';
import type { Skb } from '../../skb/skb.ts';
import type {
  CtTemplate,
  IcmpAnswer,
  MatchContext,
  NamespaceView,
  NatRange,
  RuleVerdict,
} from '../../xtables/context.ts';
import { matchRule, ruleAction } from '../../xtables/evaluate.ts';
import type { Chain, Rule } from '../../xtables/rule.ts';
import type { Step } from '../hop.ts';
import { type Candidates, candidatesOf, nextCandidate, type PacketKey, packetKey } from './chain-index.ts';
import { count, ruleStep } from './steps.ts';
import type { BaseChain, RuleState, Tables } from './tables.ts';
import { decide } from './trial.ts';

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
  readonly chain: Chain;
  readonly index: number;
}

/** A walk that can be continued from anywhere, for trying both sides of an unknown rule. */
export interface State {
  readonly walk: Walk;
  readonly skb: Skb;
  readonly ruleState: RuleState;
  position: Position;
  readonly stack: Position[];
  /** Jumps and gotos taken so far. */
  jumps: number;
  /** Of the packet as it is now: what the chains' indexes found for it; undefined before the first long chain. */
  found?: Found | undefined;
  /** Trying only: nothing is counted or recorded, and nested unknowns share the budget. */
  readonly trial?: { readonly budget: { left: number }; nat?: NatRange; undecided: boolean };
}

interface Found {
  readonly key: PacketKey | undefined;
  readonly chains: Map<Chain, Candidates>;
}

export function walkTable(walk: Walk): TableVerdict {
  return run({
    walk,
    skb: walk.skb,
    ruleState: walk.base.state,
    position: { chain: walk.base.chain, index: 0 },
    stack: [],
    jumps: 0,
  });
}

export function run(state: State): TableVerdict {
  for (;;) {
    const { chain, index: from } = state.position;
    const index = chain.rules.length < state.walk.tables.indexFrom ? from : next(state, chain, from);
    if (index !== from) state.position = { chain, index };
    const rule = chain.rules[index];
    if (!rule) {
      const back = state.stack.pop();
      if (!back) return policy(state);
      state.position = back;
      continue;
    }
    const context = contextOf(state, rule);
    const matched = matchRule(rule, context);
    if (context.hotdrop) {
      // A legacy rule that matches nevertheless counts, and does what its target does. nft shows where it was dropped.
      if (matched === true) take(state, chain, rule, index, context);
      else if (context.backend === 'nft' && !state.trial) {
        state.walk.hooks.step(ruleStep(state, chain, rule, index));
      }
      return hotdrop(state, chain, rule, index);
    }
    const holds = isUnknown(matched) ? decide(state, rule, matched.why) : matched;
    if (!holds) {
      state.position = { chain, index: index + 1 };
      continue;
    }
    const verdict = take(state, chain, rule, index, context);
    if (verdict) return verdict;
  }
}

/** The next rule that may match. */
function next(state: State, chain: Chain, from: number): number {
  state.found ??= { key: packetKey(state.skb, state.walk.base.ruleset.backend), chains: new Map() };
  const { key, chains } = state.found;
  if (!key) return from;
  let candidates = chains.get(chain);
  if (!candidates) {
    candidates = candidatesOf(chain, key);
    chains.set(chain, candidates);
  }
  return nextCandidate(candidates, from, chain.rules.length);
}

export function contextOf(state: State, rule: Rule): MatchContext {
  const { base, view } = state.walk;
  return {
    skb: state.skb,
    hook: base.hook,
    table: base.table.name,
    rule,
    backend: base.ruleset.backend,
    namespace: view,
    state: state.ruleState,
    hotdrop: false,
  };
}

/** A rule that holds: counted, recorded, then its target. Undefined: the walk goes on from the new position. */
export function take(
  state: State,
  chain: Chain,
  rule: Rule,
  index: number,
  context: MatchContext,
): TableVerdict | undefined {
  if (!state.trial) count(state.walk.tables.ruleCounters, rule, state.skb.length);
  const step = ruleStep(state, chain, rule, index);
  if (!state.trial) state.walk.hooks.step(step);
  const by: Decider = { base: state.walk.base, chain, rule, step };
  const action = ruleAction(rule, context);
  // SNPT and DNPT change addresses and go on.
  if (rule.target?.kind === 'extension') state.found = undefined;
  if (context.hotdrop) return { kind: 'drop', by };
  state.position = { chain, index: index + 1 };
  switch (action.kind) {
    case 'continue':
      return undefined;
    case 'accept':
      return { kind: 'accept' };
    case 'drop':
      return { kind: 'drop', by, ...(action.icmp ? { icmp: action.icmp } : {}) };
    case 'queue':
      return { kind: 'queue' };
    case 'reject':
      return { kind: 'reject', with: action.with, by };
    case 'return': {
      const back = state.stack.pop();
      if (!back) return policy(state);
      state.position = back;
      return undefined;
    }
    case 'jump':
    case 'goto': {
      const target = state.walk.base.table.chains.get(action.chain);
      if (!target) {
        undecided(state, `rule "${rule.text}" goes to chain ${action.chain}, which the dump lacks`, true);
        return undefined;
      }
      if (action.kind === 'jump') state.stack.push(state.position);
      // The kernel refuses rulesets with loops; a dump put together by hand may have one.
      if (++state.jumps > MAX_JUMPS) {
        undecided(state, `the chains around "${rule.text}" lead round in circles`, true);
        return { kind: 'drop', by };
      }
      state.position = { chain: target, index: 0 };
      return undefined;
    }
    case 'nat':
      if (state.trial) {
        state.trial.nat = action.nat;
        return { kind: 'accept' };
      }
      return state.walk.hooks.nat(action.nat) ? { kind: 'accept' } : { kind: 'drop', by };
    case 'notrack':
      if (isUnseen(state.skb)) state.skb.conntrack = { state: 'UNTRACKED', direction: 'original' };
      return undefined;
    case 'ct':
      if (isUnseen(state.skb)) state.skb.conntrack = templateOf(action.template, state.skb);
      return undefined;
    case 'tproxy':
      if (state.trial) return { kind: 'accept' };
      return state.walk.hooks.tproxy(action, rule) ? { kind: 'accept' } : { kind: 'drop', by };
    case 'tee':
      if (!state.trial) state.walk.hooks.tee(action, rule);
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
    count(tables.policyCounters, base.chain, state.skb.length);
    hooks.step(step);
  }
  return verdict === 'ACCEPT' ? { kind: 'accept' } : { kind: 'drop', by: { base, chain: base.chain, step } };
}

/** xt_action_param.hotdrop: dropped by the match itself. */
function hotdrop(state: State, chain: Chain, rule: Rule, index: number): TableVerdict {
  return {
    kind: 'drop',
    by: { base: state.walk.base, chain, rule, step: ruleStep(state, chain, rule, index) },
  };
}

export function undecided(state: State, text: string, matters: boolean, why = text): void {
  if (state.trial) state.trial.undecided ||= matters;
  else state.walk.hooks.undecided({ text, why, matters });
}
