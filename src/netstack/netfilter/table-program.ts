/**
 * The rules of a table made ready for many packets: conditions as words, extensions looked up, jumps led to their chains, steps made
 * once. Everything here follows from the rules; what packets change stands elsewhere. A rule is compiled when a packet gets to it.
 */
import { once } from '../../base/memo.ts';
import { and, type Ternary, unknown } from '../../base/ternary.ts';
import type { Family } from '../../net/ip.ts';
import type { Skb } from '../../skb/skb.ts';
import type { MarkChange, MatchContext, NatRange, RuleVerdict } from '../../xtables/context.ts';
import { builtinsMatch, interfacesMatch, plainVerdict } from '../../xtables/evaluate.ts';
import { isUnparsed, type MatchDefinition } from '../../xtables/extension.ts';
import { findMatch } from '../../xtables/matches.ts';
import type { Chain, Hook, MatchUse, Rule, Table } from '../../xtables/rule.ts';
import { findTarget } from '../../xtables/targets.ts';
import type { Step } from '../hop.ts';
import { type ChainIndex, indexChain } from './chain-index.ts';
import type { PacketKey } from './packet-key.ts';
import {
  ACTION,
  ACTION_WORD,
  HARMLESS,
  MORE,
  NAMES,
  OPERAND,
  OPERAND_MASK,
  READY,
  UNSAID,
  WORDS,
  wordsHold,
  writeWords,
} from './rule-words.ts';
import type { State } from './walk-state.ts';

/** One for all rules of a walk. The skb is the walk's, of a trial its own from the first change on. */
export interface Context extends MatchContext {
  skb: Skb;
  rule: Rule;
}

export type RuleStep = Extract<Step, { kind: 'rule' }>;

export interface TableProgram {
  readonly table: Table;
  readonly chains: ReadonlyMap<string, ProgramChain>;
  readonly numbered: readonly ProgramChain[];
  /** Of all chains, one after the other; the arrays below go by place in here. */
  readonly rules: readonly Rule[];
  readonly words: Int32Array;
  readonly rests: (readonly RuleTest[])[];
  /** What a rule does, where that is the same for every packet. */
  readonly verdicts: (RuleVerdict | undefined)[];
  /** Mappings that rules ask for, by what they are; from 1. */
  readonly mappings: Map<string, number>;
  readonly steps: Partial<Record<Hook, (RuleStep | undefined)[]>>;
  /** Of a rule whose matches that aren't said in words come to the same for every packet: what they come to. */
  readonly constants: (Ternary | undefined)[];
  /** What is said of a rule that can't be decided. */
  readonly doubts: (Doubt | undefined)[];
}

export interface ProgramChain {
  /** In the order of the table. */
  readonly number: number;
  readonly chain: Chain;
  /** Place of its first rule. */
  readonly first: number;
  readonly length: number;
  index: ChainIndex | undefined;
}

export interface RuleTest {
  readonly match: MatchDefinition['match'];
  readonly info: unknown;
  /** It may be asked at any time: it changes and remembers nothing. */
  readonly isPure: boolean;
}

interface Doubt {
  readonly why: string;
  readonly holds: boolean;
  readonly text: string;
}

const NO_TESTS: readonly RuleTest[] = [];

export const tableProgram = once((table: Table): TableProgram => {
  const chains = new Map<string, ProgramChain>();
  const rules: Rule[] = [];
  for (const [name, chain] of table.chains) {
    const { length } = chain.rules;
    chains.set(name, { number: chains.size, chain, first: rules.length, length, index: undefined });
    for (const rule of chain.rules) rules.push(rule);
  }
  return {
    table,
    chains,
    rules,
    words: new Int32Array(rules.length * WORDS),
    rests: new Array<readonly RuleTest[]>(rules.length).fill(NO_TESTS),
    numbered: [...chains.values()],
    verdicts: slots(rules.length),
    mappings: new Map(),
    constants: slots(rules.length),
    steps: {},
    doubts: slots(rules.length),
  };
});

/** Filled at once: an array that grows by far places becomes a hash table. */
function slots<T>(length: number): (T | undefined)[] {
  return new Array<T | undefined>(length).fill(undefined);
}

/** Steps say the same of every packet that comes by the hook, and are shared. */
export function stepsOf(program: TableProgram, hook: Hook): (RuleStep | undefined)[] {
  program.steps[hook] ??= slots(program.rules.length);
  return program.steps[hook];
}

export function indexOf(chain: ProgramChain): ChainIndex {
  chain.index ??= indexChain(chain.chain.rules);
  return chain.index;
}

/** Flags of the rule, compiled if it wasn't. */
export function flagsOf(program: TableProgram, id: number, family: Family): number {
  const flags = program.words[id * WORDS] as number;
  return flags & READY ? flags : compile(program, id, family);
}

function compile(program: TableProgram, id: number, family: Family): number {
  const { words, rests, constants } = program;
  const rule = program.rules[id] as Rule;
  const at = id * WORDS;
  const left = writeWords(words, at, rule, family);
  if (left.length > 0) {
    rests[id] = left.map((match) => testOf(match, family));
    constants[id] = constantOf(left, family);
  }
  const { target } = rule;
  if (target?.kind === 'extension' && target.name === 'MARK' && !isUnparsed(target.info)) {
    const { value, mask } = target.info as MarkChange;
    words[at + ACTION_WORD] = ACTION.mark;
    words[at + OPERAND] = value | 0;
    words[at + OPERAND_MASK] = mask | 0;
  } else setAction(program, id, constantVerdict(rule, family));
  return words[at] as number;
}

function constantOf(left: readonly MatchUse[], family: Family): Ternary | undefined {
  const [match, ...more] = left;
  if (!match || more.length > 0 || isUnparsed(match.info)) return undefined;
  return findMatch(match.name, family)?.always?.(match.info);
}

/** Of a rule that does the same with every packet. */
export function setAction(program: TableProgram, id: number, verdict: RuleVerdict | undefined): void {
  if (!verdict) return;
  const { words, chains, mappings } = program;
  const at = id * WORDS;
  program.verdicts[id] = verdict;
  switch (verdict.kind) {
    case 'continue':
    case 'accept':
    case 'return':
      words[at + ACTION_WORD] = ACTION[verdict.kind];
      break;
    case 'jump':
    case 'goto': {
      const chain = chains.get(verdict.chain);
      if (!chain) break;
      words[at + ACTION_WORD] = ACTION[verdict.kind];
      words[at + OPERAND] = chain.number;
      break;
    }
    case 'nat': {
      const text = natText(verdict.nat);
      const mapping = mappings.get(text) ?? mappings.size + 1;
      mappings.set(text, mapping);
      words[at + ACTION_WORD] = ACTION.nat;
      words[at + OPERAND] = mapping;
    }
  }
}

export function natText(nat: NatRange | undefined): string {
  return JSON.stringify(nat ?? null, (_, value) => (typeof value === 'bigint' ? String(value) : value));
}

function testOf({ name, info }: MatchUse, family: Family): RuleTest {
  const definition = isUnparsed(info) ? undefined : findMatch(name, family);
  if (definition) return { match: definition.match, info, isPure: PURE.has(name) };
  const outcome = unknown(isUnparsed(info) ? info.why : `match ${name} is not known`);
  return { match: () => outcome, info, isPure: true };
}

const PURE: ReadonlySet<string> = new Set([
  ...HARMLESS,
  'multiport',
  'iprange',
  'icmp',
  'tcp',
  'udp',
  'pkttype',
]);

function constantVerdict({ target }: Rule, family: Family): RuleVerdict | undefined {
  const isKnown =
    target?.kind === 'extension' && !isUnparsed(target.info) && findTarget(target.name, family) !== undefined;
  return isKnown ? undefined : plainVerdict(target);
}

/** As matchRule() does; `key` is the packet's. */
export function testRule(
  program: TableProgram,
  id: number,
  flags: number,
  key: PacketKey,
  state: State,
): Ternary {
  const { context: ctx, recorder } = state;
  let result: Ternary = true;
  if (flags & UNSAID) {
    recorder?.close();
    ctx.rule = program.rules[id] as Rule;
    result = builtinsMatch(ctx.rule, ctx);
    if (result === false) return false;
  } else {
    const at = id * WORDS;
    const said = recorder?.isOpen
      ? recorder.words(program, at, key, state)
      : wordsHold(program.words, at, key);
    if (!said) return false;
    if (flags & NAMES) {
      const rule = program.rules[id] as Rule;
      recorder?.interfaces(rule, key);
      if (!interfacesMatch(rule, ctx.skb)) return false;
    }
    if ((flags & MORE) === 0) return true;
    const constant = program.constants[id];
    if (constant !== undefined) return constant;
  }
  ctx.rule = program.rules[id] as Rule;
  const tests = program.rests[id] as readonly RuleTest[];
  for (let i = 0; i < tests.length; i++) {
    const { match, info, isPure } = tests[i] as RuleTest;
    const answer = match(info, ctx);
    if (isPure) recorder?.match(id, i, ctx.hotdrop ? undefined : answer, state);
    else recorder?.close();
    result = and(result, answer);
    if (result === false || (ctx.hotdrop && ctx.backend === 'nft')) return false;
  }
  return result;
}
