/** ipt_do_table(), net/ipv4/netfilter/ip_tables.c; nft_do_chain() of the nft backend goes the same way. */
import { isUnknown } from '../../base/ternary.ts';
import type { SkbConntrack } from '../../skb/nfct.ts';
import type { Skb } from '../../skb/skb.ts';
import type {
  CtTemplate,
  MatchContext,
  NamespaceView,
  NatRange,
  RuleVerdict,
} from '../../xtables/context.ts';
import { matchRule, ruleAction } from '../../xtables/evaluate.ts';
import type { Chain, Counters, Rule } from '../../xtables/rule.ts';
import type { Step } from '../hop.ts';
import type { BaseChain, RuleState, Tables } from './tables.ts';

/** What a table says of a packet. */
export type TableVerdict =
  | { readonly kind: 'accept' | 'queue' }
  | { readonly kind: 'drop'; readonly by: Decider }
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
interface State {
  readonly walk: Walk;
  readonly skb: Skb;
  readonly ruleState: RuleState;
  position: Position;
  readonly stack: Position[];
  /** Trying only: nothing is counted or recorded, and nested unknowns share the budget. */
  readonly trial?: { readonly budget: { left: number }; nat?: NatRange; undecided: boolean };
}

/** Trials of one walk, over all nested unknown rules. */
const TRIALS = 32;

export function walkTable(walk: Walk): TableVerdict {
  return run({
    walk,
    skb: walk.skb,
    ruleState: walk.base.state,
    position: { chain: walk.base.chain, index: 0 },
    stack: [],
  });
}

function run(state: State): TableVerdict {
  for (;;) {
    const { chain, index } = state.position;
    const rule = chain.rules[index];
    if (!rule) {
      const back = state.stack.pop();
      if (!back) return policy(state);
      state.position = back;
      continue;
    }
    const context = contextOf(state, rule);
    const matched = matchRule(rule, context);
    if (context.hotdrop) return hotdrop(state, chain, rule, index);
    const holds = isUnknown(matched) ? decide(state, rule, matched.why) : matched;
    if (!holds) {
      state.position = { chain, index: index + 1 };
      continue;
    }
    const verdict = take(state, chain, rule, index, context);
    if (verdict) return verdict;
  }
}

function contextOf(state: State, rule: Rule): MatchContext {
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
function take(
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
  if (context.hotdrop) return { kind: 'drop', by };
  state.position = { chain, index: index + 1 };
  switch (action.kind) {
    case 'continue':
      return undefined;
    case 'accept':
      return { kind: 'accept' };
    case 'drop':
      return { kind: 'drop', by };
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
      if (state.stack.length > MAX_DEPTH) return { kind: 'drop', by };
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
      undecided(state, `rule "${rule.text}" hands the packet to a local socket, which isn't modelled`, true);
      return { kind: 'accept' };
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

const MAX_DEPTH = 512;

function policy(state: State): TableVerdict {
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

/** xt_action_param.hotdrop: dropped by the match itself; nothing counts it. */
function hotdrop(state: State, chain: Chain, rule: Rule, index: number): TableVerdict {
  return {
    kind: 'drop',
    by: { base: state.walk.base, chain, rule, step: ruleStep(state, chain, rule, index) },
  };
}

function ruleStep(state: State, chain: Chain, rule: Rule, index: number): Extract<Step, { kind: 'rule' }> {
  const { base } = state.walk;
  return {
    kind: 'rule',
    hook: base.hook,
    table: base.table.name,
    chain: chain.name,
    number: index + 1,
    target: targetName(rule),
    text: rule.text,
    line: rule.span.line,
    path: rule.span.path,
  };
}

export function targetName(rule: Rule): string {
  const { target } = rule;
  switch (target?.kind) {
    case undefined:
      return '';
    case 'verdict':
      return target.verdict;
    case 'jump':
    case 'goto':
      return target.chain;
    case 'extension':
      return target.name;
  }
}

function count<K>(counters: Map<K, Counters>, key: K, bytes: number): void {
  const counter = counters.get(key);
  if (counter) {
    counter.packets++;
    counter.bytes += bytes;
  } else counters.set(key, { packets: 1, bytes });
}

function undecided(state: State, text: string, matters: boolean, why = text): void {
  if (state.trial) state.trial.undecided ||= matters;
  else state.walk.hooks.undecided({ text, why, matters });
}

/** An unknown rule: does it make a difference? Both ways are tried; then the more plausible one is gone. */
function decide(state: State, rule: Rule, why: string): boolean {
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
    trial,
  };
  const { chain, index } = state.position;
  let verdict: TableVerdict | undefined;
  if (holds) verdict = take(copy, chain, rule, index, contextOf(copy, rule));
  else copy.position = { chain, index: index + 1 };
  verdict ??= run(copy);
  if (trial.undecided) return undefined;
  return [
    verdict.kind,
    verdict.kind === 'reject' ? verdict.with : '',
    JSON.stringify(trial.nat ?? null, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
    skb.mark,
    skb.priority,
    skb.conntrack?.state ?? '',
    skb.conntrack?.entry?.mark ?? '',
    skb.bytes.join(),
  ].join(' ');
}

function copyForTrial(skb: Skb): Skb {
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
