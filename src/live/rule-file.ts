/** A file of rules as it stands, without what its counters say: read once for as long as nobody changes the rules. */
import type { NftFamily } from '../nft/ruleset.ts';

/** Which tool shows it: `iptables-nft` and `iptables-legacy` have tables of the same names. */
export type RuleTool = 'iptables-nft' | 'iptables-legacy' | 'nft';

export interface ChainForm {
  readonly family: NftFamily;
  readonly by: RuleTool;
  readonly table: string;
  readonly chain: string;
  /** Of a base chain, in nft's words: `forward`. */
  readonly hook?: string;
  readonly priority?: number;
  readonly policy?: string;
  /** Of each rule the place of its counters; -1: it has none. */
  readonly slots: readonly number[];
  /** The place of the policy's. */
  readonly policySlot?: number;
  /** Chains of the table that rules of this one lead to, in the order of those. */
  readonly jumps: readonly string[];
  /** From 0; without counters. Untrusted. */
  textOf(rule: number): string;
}

export interface RuleForm {
  readonly chains: readonly ChainForm[];
  /** How many places for counters there are. */
  readonly slots: number;
}

/** By place. */
export interface RuleCounters {
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
}

export function noCounters(slots: number): RuleCounters {
  return { packets: new Float64Array(slots), bytes: new Float64Array(slots) };
}

/** Of text with a line a slot: `counted` finds packets and bytes in a line. */
export function countersByLine(text: string, slots: number, counted: RegExp): RuleCounters {
  const counters = noCounters(slots);
  text.split('\n').forEach((line, at) => {
    const [, packets, bytes] = counted.exec(line) ?? [];
    if (packets === undefined || at >= slots) return;
    counters.packets[at] = Number(packets);
    counters.bytes[at] = Number(bytes);
  });
  return counters;
}
