/** A walk that a packet took through a table, for all others that answer what was asked on it alike. */
import type { NatRange } from '../../xtables/context.ts';
import type { Chain } from '../../xtables/rule.ts';
import type { Step } from '../hop.ts';
import { count } from './steps.ts';
import type { ProgramChain } from './table-program.ts';
import type { TableVerdict, Undecided, Walk } from './verdict.ts';

export interface KnownWalk {
  readonly steps: readonly Step[];
  /** Rules that counted the packet, by number in the namespace. */
  readonly rules: readonly number[];
  readonly doubts: readonly KnownDoubt[];
  /** The mark afterwards is `mark & keep ^ flip`. */
  readonly keep: number;
  readonly flip: number;
  readonly end: WalkEnd;
}

/** Told behind so many steps. */
export interface KnownDoubt {
  readonly behind: number;
  readonly of: Undecided;
}

export type WalkEnd =
  /** `policy`: of a chain that counts by it. */
  | { readonly kind: 'verdict'; readonly verdict: TableVerdict; readonly policy: Chain | undefined }
  | { readonly kind: 'nat'; readonly nat: NatRange; readonly refused: TableVerdict }
  /** What follows depends on more than is asked here: the walk goes on rule by rule. */
  | { readonly kind: 'open'; readonly at: WalkPlace };

export interface WalkPlace {
  readonly chain: ProgramChain;
  readonly index: number;
  readonly stack: readonly { readonly chain: ProgramChain; readonly index: number }[];
  readonly jumps: number;
}

const ACCEPT: TableVerdict = { kind: 'accept' };

/** Does to the packet, its trace and the counters what the walk did. Gives the place where one with an open end goes on. */
export function repeatWalk({ skb, tables, hooks }: Walk, known: KnownWalk): TableVerdict | WalkPlace {
  const { steps, doubts, keep, flip, end } = known;
  if (keep !== -1 || flip !== 0) skb.mark = ((skb.mark & keep) ^ flip) >>> 0;
  tables.ruleCounters.addAll(known.rules, skb.length);
  let told = 0;
  for (let i = 0; i < steps.length; i++) {
    while (told < doubts.length && (doubts[told] as KnownDoubt).behind === i)
      hooks.undecided((doubts[told++] as KnownDoubt).of);
    hooks.step(steps[i] as Step);
  }
  while (told < doubts.length) hooks.undecided((doubts[told++] as KnownDoubt).of);
  switch (end.kind) {
    case 'verdict':
      if (end.policy) count(tables.policyCounters, end.policy, skb.length);
      return end.verdict;
    case 'nat':
      return hooks.nat(end.nat) ? ACCEPT : end.refused;
    case 'open':
      return end.at;
  }
}
