/** ipt_do_table(), net/ipv4/netfilter/ip_tables.c; nft_do_chain() of the nft backend goes the same way. */
import { once } from '../../base/memo.ts';
import { isUnknown } from '../../base/ternary.ts';
import { matchRule } from '../../xtables/evaluate.ts';
import { candidatesOf, nextCandidate } from './chain-index.ts';
import { repeatWalk, type WalkPlace } from './known-walk.ts';
import { type PacketKey, packetKey } from './packet-key.ts';
import { CHANGES } from './rule-words.ts';
import {
  flagsOf,
  indexOf,
  type ProgramChain,
  type TableProgram,
  tableProgram,
  testRule,
} from './table-program.ts';
import type { BaseChain } from './tables.ts';
import { decide } from './trial.ts';
import type { TableVerdict, Walk } from './verdict.ts';
import { WalkRecorder } from './walk-recorder.ts';
import { aboutToChange, beginState, comeBack, deciderOf, isPlain, ruleAt, type State } from './walk-state.ts';
import { policy, take } from './walk-target.ts';
import { WalkTree } from './walk-tree.ts';

/** Packets that answer alike take the walk of the first of them (`walk-tree.ts`); what it leaves open is walked rule by rule. */
export function walkTable(walk: Walk): TableVerdict {
  const { base, tables, skb } = walk;
  const tree = treeOf(base);
  const { program } = tree;
  const chain = program.chains.get(base.chain.name) as ProgramChain;
  if (isPlain(tables)) return run(beginState(walk, program, chain, skb, tables.state, undefined));
  const key = packetKey(skb, base.ruleset.backend);
  const known = key && tree.find(key, walk);
  if (known) {
    const outcome = repeatWalk(walk, known);
    return 'kind' in outcome ? outcome : walkOn(walk, program, outcome);
  }
  const state = beginState(walk, program, chain, skb, tables.state, undefined);
  state.key = key ?? 'none';
  if (!key || !tree.hasRoom) return run(state);
  const recorder = new WalkRecorder(tree, state);
  state.recorder = recorder;
  const verdict = run(state);
  recorder.finish(verdict);
  return verdict;
}

/** From where a known walk is left. */
function walkOn(walk: Walk, program: TableProgram, { chain, index, stack, jumps }: WalkPlace): TableVerdict {
  const state = beginState(walk, program, chain, walk.skb, walk.tables.state, undefined);
  state.index = index;
  state.jumps = jumps;
  for (const back of stack) state.stack.push({ ...back, key: undefined, candidates: undefined });
  return run(state);
}

/** Its tree is one for all worlds of a dump. */
export const treeOf = once((base: BaseChain): WalkTree => new WalkTree(tableProgram(base.table)));

const ABANDONED: TableVerdict = { kind: 'accept' };

export function run(state: State): TableVerdict {
  const { context, trial, program, walk, recorder } = state;
  const { indexFrom } = walk.tables;
  const { family } = walk.base.ruleset;
  const plain = isPlain(walk.tables);
  for (;;) {
    // Nothing more can come of a trial whose ways were seen to part.
    if (trial?.search.differs && !trial.search.plain) return ABANDONED;
    const { chain } = state;
    if (!trial) recorder?.arrive();
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
        : testRule(program, id, flags, key, state);
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

/** The next rule that may match. */
function next(state: State, chain: ProgramChain, key: PacketKey): number {
  state.candidates ??= candidatesOf(indexOf(chain), key);
  const place = nextCandidate(state.candidates, state.index, chain.length);
  state.recorder?.next(chain, state.index, place, state);
  return place;
}
