/** What a rule that holds does: ipt_do_table() behind its matches, net/ipv4/netfilter/ip_tables.c. */
import type { SkbConntrack } from '../../skb/nfct.ts';
import type { Skb } from '../../skb/skb.ts';
import type { CtTemplate, NatRange, RuleVerdict } from '../../xtables/context.ts';
import { ruleAction } from '../../xtables/evaluate.ts';
import type { Rule } from '../../xtables/rule.ts';
import type { Step } from '../hop.ts';
import { ACTION, ACTION_WORD, OPERAND, OPERAND_MASK, WORDS } from './rule-words.ts';
import { count, targetName } from './steps.ts';
import { type ProgramChain, setAction } from './table-program.ts';
import { tooManyJumps } from './too-many-jumps.ts';
import { giveUp } from './trial-state.ts';
import type { TableVerdict } from './verdict.ts';
import {
  aboutToChange,
  comeBack,
  deciderOf,
  isPlain,
  ruleAt,
  type State,
  stepOf,
  undecided,
} from './walk-state.ts';

/** The rule at hand holds: counted, recorded, then its target. Undefined: the walk goes on from the new position. */
export function take(state: State): TableVerdict | undefined {
  const { context, trial, walk, chain, program, recorder } = state;
  const id = chain.first + state.index;
  if (!trial) {
    const step = stepOf(state, id);
    const number = walk.base.firstRule + id;
    recorder?.took(number, step);
    walk.tables.ruleCounters.add(number, context.skb.length);
    walk.hooks.step(step);
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
    case ACTION.mark:
      setMark(state, operand, words[id * WORDS + OPERAND_MASK] as number);
      state.index++;
      return undefined;
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
      return map(state, id, action.nat);
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

function map(state: State, id: number, nat: NatRange): TableVerdict {
  const refused: TableVerdict = { kind: 'drop', by: deciderOf(state, id) };
  state.recorder?.mapped(nat, refused);
  return state.walk.hooks.nat(nat) ? ACCEPT : refused;
}

/** mark_tg(), net/netfilter/xt_mark.c */
function setMark(state: State, value: number, mask: number): void {
  aboutToChange(state);
  const { skb } = state.context;
  skb.mark = ((skb.mark & ~mask) ^ value) >>> 0;
  state.keep &= ~mask;
  state.flip = (state.flip & ~mask) ^ value;
}

/** `returns`: what is behind the rule comes after the chain. */
function jump(state: State, id: number, target: ProgramChain, returns: boolean): TableVerdict | undefined {
  if (returns) {
    const { chain, index, key, candidates } = state;
    state.stack.push({ chain, index, key, candidates });
  }
  // The kernel refuses rulesets with loops; a dump put together by hand may have one.
  if (++state.jumps > state.walk.tables.limits.chainJumps) {
    if (state.trial) giveUp(state.trial);
    return { kind: 'given-up', text: tooManyJumps(state.walk.tables.limits, state.program.rules[id]?.text) };
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
  if (!ALWAYS_THE_SAME.has(targetName(rule))) state.recorder?.close();
  if (rule.target?.kind !== 'extension') return ruleAction(rule, context);
  const { target } = rule;
  if (!CHANGES_NOTHING.has(target.name)) aboutToChange(state);
  const action = ruleAction(rule, context);
  if (!plain && ALWAYS_THE_SAME.has(target.name)) setAction(program, id, action);
  return action;
}

/** What they ask for follows from their options. */
const ALWAYS_THE_SAME: ReadonlySet<string> = new Set([
  'DNAT',
  'SNAT',
  'MASQUERADE',
  'REDIRECT',
  'REJECT',
  'LOG',
  'NFLOG',
]);

/** What they do they say in their verdict. */
const CHANGES_NOTHING: ReadonlySet<string> = new Set([
  'DNAT',
  'SNAT',
  'MASQUERADE',
  'REDIRECT',
  'NETMAP',
  'REJECT',
  'LOG',
  'NFLOG',
]);

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
    state.recorder?.decidedBy(step, base.chain);
    hooks.step(step);
  }
  return verdict === 'ACCEPT' ? ACCEPT : { kind: 'drop', by: { base, chain: base.chain, step } };
}
