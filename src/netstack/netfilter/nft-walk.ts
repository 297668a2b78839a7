/** nft_do_chain(), net/netfilter/nf_tables_core.c */

import type { InputLimits } from '../../base/limits.ts';
import type { Ip } from '../../net/ip.ts';
import { apply, type NftRuleVerdict, type Way } from '../../nft/apply.ts';
import type { NftContext, NftView } from '../../nft/context.ts';
import type { NftChain, NftRule } from '../../nft/ruleset.ts';
import type { NftState } from '../../nft/state.ts';
import type { Skb } from '../../skb/skb.ts';
import type { NatRange, RuleVerdict } from '../../xtables/context.ts';
import type { Step } from '../hop.ts';
import type { NftBase } from './nft-chains.ts';
import { decideWay } from './nft-trial.ts';
import { count } from './steps.ts';
import { tooManyJumps } from './too-many-jumps.ts';

/** What a base chain says of a packet. */
export type NftVerdict =
  | { readonly kind: 'accept' | 'queue' | 'stolen' }
  /** The walk was: what it would have come to is unknown. `text`: why. */
  | { readonly kind: 'given-up'; readonly text: string }
  | { readonly kind: 'drop'; readonly by: NftDecider }
  | { readonly kind: 'reject'; readonly with: string; readonly by: NftDecider };

/** The rule or policy that decided. */
export interface NftDecider {
  readonly base: NftBase;
  readonly chain: NftChain;
  /** Absent for a policy. */
  readonly rule?: NftRule;
  readonly step: Extract<Step, { kind: 'nft-rule' | 'nft-policy' }>;
}

export interface NftWalkHooks {
  step(step: Step): void;
  /** A nat statement: sets the connection up. False drops the packet. */
  nat(range: NatRange): boolean;
  /** A copy goes to that next hop. */
  tee(target: { readonly gateway: Ip; readonly out?: string }): void;
  /** A copy, or with `moved` the packet itself, leaves by that device. */
  send(device: string): void;
  decide(rule: NftRule): boolean | undefined;
  undecided(of: { text: string; why: string; matters: boolean }): void;
}

export interface NftWalk {
  readonly base: NftBase;
  /** What the rules remember. */
  readonly state: NftState;
  readonly pf: NftContext['pf'];
  readonly skb: Skb;
  readonly limits: Pick<InputLimits, 'chainJumps'>;
  readonly view: NftView;
  readonly route?: NftContext['route'];
  readonly extra: number;
  readonly hooks: NftWalkHooks;
}

export interface Position {
  readonly chain: NftChain;
  readonly index: number;
}

/** A walk that can be continued from anywhere, for trying the ways that a rule of unknown outcome may go. */
export interface WalkState {
  readonly walk: NftWalk;
  readonly skb: Skb;
  readonly nft: NftState;
  position: Position;
  readonly stack: Position[];
  jumps: number;
  /** Trying only: nothing is recorded, and nested unknowns share the budget. */
  readonly trial?: { readonly budget: { left: number }; nat?: NatRange; undecided: boolean };
}

export function walkNft(walk: NftWalk): NftVerdict {
  return runFrom({
    walk,
    skb: walk.skb,
    nft: walk.state,
    position: { chain: walk.base.chain, index: 0 },
    stack: [],
    jumps: 0,
  });
}

export function runFrom(state: WalkState): NftVerdict {
  for (;;) {
    const { chain, index } = state.position;
    const rule = chain.rules[index];
    if (!rule) {
      const back = state.stack.pop();
      if (!back) return policy(state);
      state.position = back;
      continue;
    }
    const verdict = runRule(state, rule, 0);
    if (verdict) return verdict;
  }
}

/** The rule from one of its statements on. Undefined: the walk goes on from the new position. */
export function runRule(state: WalkState, rule: NftRule, from: number): NftVerdict | undefined {
  const ctx = contextOf(state);
  for (let i = from; i < rule.statements.length; i++) {
    const statement = rule.statements[i];
    if (!statement) break;
    const outcome = apply(ctx, statement);
    if (outcome === 'next') continue;
    let way: Way;
    if (outcome === 'break' || 'verdict' in outcome) way = outcome;
    else if ('ways' in outcome) way = decideWay(state, rule, i, outcome);
    else {
      sideEffect(state, rule, outcome);
      continue;
    }
    if (way !== 'next') return followWay(state, rule, way);
  }
  return finish(state, rule, { kind: 'continue' });
}

export function followWay(
  state: WalkState,
  rule: NftRule,
  way: Exclude<Way, 'next'>,
): NftVerdict | undefined {
  if (way !== 'break') return finish(state, rule, way.verdict);
  const { chain, index } = state.position;
  state.position = { chain, index: index + 1 };
  return undefined;
}

function sideEffect(
  state: WalkState,
  rule: NftRule,
  effect:
    | { readonly blurred: string }
    | { readonly copyTo: Ip; readonly out?: string }
    | { readonly device: string },
): void {
  if ('blurred' in effect) {
    const where = `${rule.span.path} line ${rule.span.line}`;
    undecidedIn(state, `rule "${rule.text}" (${where}): ${effect.blurred}`, true, effect.blurred);
  } else if (state.trial) return;
  else if ('device' in effect) state.walk.hooks.send(effect.device);
  else {
    const { copyTo, out } = effect;
    state.walk.hooks.tee({ gateway: copyTo, ...(out === undefined ? {} : { out }) });
  }
}

function contextOf(state: WalkState): NftContext {
  const { walk } = state;
  return {
    skb: state.skb,
    pf: walk.pf,
    hook: walk.base.base.hook,
    table: walk.base.table,
    ...(walk.route ? { route: walk.route } : {}),
    extra: walk.extra,
    namespace: walk.view,
    state: state.nft,
  };
}

/** A rule that was carried through: recorded, then its verdict. */
function finish(state: WalkState, rule: NftRule, verdict: NftRuleVerdict): NftVerdict | undefined {
  const { chain, index } = state.position;
  const { walk } = state;
  if (!state.trial) count(walk.state.counters, rule, state.skb.length + walk.extra);
  // A nat mapping that can't be made drops; which of both it is stands in the step.
  const settled = verdict.kind === 'nat' ? mapping(state, verdict.nat) : verdict;
  const step: NftDecider['step'] = {
    kind: 'nft-rule',
    hook: walk.base.base.hook,
    family: walk.base.table.family,
    table: walk.base.table.name,
    chain: chain.name,
    number: index + 1,
    ...(rule.handle === undefined ? {} : { handle: rule.handle }),
    text: rule.text,
    verdict: verdictText(settled),
    line: rule.span.line,
    path: rule.span.path,
  };
  if (!state.trial) walk.hooks.step(step);
  const by: NftDecider = { base: walk.base, chain, rule, step };
  state.position = { chain, index: index + 1 };
  switch (settled.kind) {
    case 'accept':
    case 'queue':
      return { kind: settled.kind };
    case 'stolen':
      if (!state.trial) walk.hooks.send(settled.device);
      return { kind: 'stolen' };
    case 'drop':
      return { kind: 'drop', by };
    case 'reject':
      return { kind: 'reject', with: settled.with, by };
    case 'return': {
      const back = state.stack.pop();
      if (!back) return policy(state);
      state.position = back;
      return undefined;
    }
    case 'jump':
    case 'goto':
      return go(state, rule, settled);
    case 'unknown': {
      const where = `${rule.span.path} line ${rule.span.line}`;
      undecidedIn(
        state,
        `rule "${rule.text}" (${where}): ${settled.why}; taken as accepting`,
        true,
        settled.why,
      );
      return { kind: 'accept' };
    }
    default:
      return undefined;
  }
}

function mapping(state: WalkState, nat: NatRange): RuleVerdict {
  if (state.trial) {
    state.trial.nat = nat;
    return { kind: 'accept' };
  }
  return { kind: state.walk.hooks.nat(nat) ? 'accept' : 'drop' };
}

function go(
  state: WalkState,
  rule: NftRule,
  verdict: Extract<RuleVerdict, { kind: 'jump' | 'goto' }>,
): NftVerdict | undefined {
  const target = state.walk.base.table.chains.find(({ name }) => name === verdict.chain);
  if (!target) {
    undecidedIn(state, `rule "${rule.text}" goes to chain ${verdict.chain}, which the dump lacks`, true);
    return undefined;
  }
  // The kernel refuses rulesets with loops; a dump put together by hand may have one.
  if (++state.jumps > state.walk.limits.chainJumps) {
    if (state.trial) state.trial.undecided = true;
    return { kind: 'given-up', text: tooManyJumps(state.walk.limits, rule.text) };
  }
  if (verdict.kind === 'jump') state.stack.push(state.position);
  state.position = { chain: target, index: 0 };
  return undefined;
}

/** The verdict as the kernel's own trace words it: a refusal is a drop. */
function verdictText(verdict: NftRuleVerdict): string {
  switch (verdict.kind) {
    case 'jump':
    case 'goto':
      return `${verdict.kind} ${verdict.chain}`;
    case 'reject':
      return 'drop';
    case 'accept':
    case 'drop':
    case 'return':
    case 'queue':
    case 'stolen':
    case 'unknown':
      return verdict.kind;
    default:
      return 'continue';
  }
}

function policy(state: WalkState): NftVerdict {
  const { base, hooks } = state.walk;
  const verdict = base.base.policy;
  const step: NftDecider['step'] = {
    kind: 'nft-policy',
    hook: base.base.hook,
    family: base.table.family,
    table: base.table.name,
    chain: base.chain.name,
    verdict,
    line: base.chain.span.line,
    path: base.chain.span.path,
  };
  if (!state.trial) hooks.step(step);
  return verdict === 'accept' ? { kind: 'accept' } : { kind: 'drop', by: { base, chain: base.chain, step } };
}

export function undecidedIn(state: WalkState, text: string, matters: boolean, why = text): void {
  if (state.trial) state.trial.undecided ||= matters;
  else state.walk.hooks.undecided({ text, why, matters });
}
