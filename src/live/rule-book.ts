/** The rules that packets meet, with their counters and how much those moved since the reading before. */
import type { FoundNamespace } from '../collect/namespaces.ts';
import type { NftFamily } from '../nft/ruleset.ts';
import type { HostState } from './host-state.ts';

export interface RuleCount {
  readonly packets: number;
  readonly bytes: number;
  /** Since the reading before; undefined: there was none, or of other rules. */
  readonly morePackets?: number;
  readonly moreBytes?: number;
}

/** A chain as it was read last. */
export interface ChainRead {
  readonly namespace: string;
  readonly family: NftFamily;
  /** Which tool shows it: `iptables-nft` and `iptables-legacy` have tables of the same names. */
  readonly by: 'iptables-nft' | 'iptables-legacy' | 'nft';
  readonly table: string;
  readonly chain: string;
  /** Of a base chain. */
  readonly hook?: string;
  readonly priority?: number;
  readonly policy?: string;
  /** How many there are. */
  readonly rules: number;
  /** From 0; without counters. */
  textOf(rule: number): string;
  /** Of the rule, or of the policy with `rules`; undefined: nothing counts there. */
  countOf(rule: number): RuleCount | undefined;
}

export interface RulesRead {
  /** In the order in which packets meet them, namespace by namespace. */
  readonly chains: readonly ChainRead[];
  /** Seconds between the last two readings; undefined: there was one. */
  readonly span: number | undefined;
}

export class RuleBook {
  #read: RulesRead = { chains: [], span: undefined };

  /** Takes what was read since, of some namespaces. */
  update(_state: HostState, _namespaces: readonly FoundNamespace[]): RulesRead {
    return this.#read;
  }
}
