/** An nft ruleset as `nft list ruleset` shows it. */
import type { Span } from '../base/span.ts';
import type { NftObject } from './object.ts';
import type { NftSet } from './set.ts';
import type { Statement } from './statement.ts';

/** The families that nftables has. */
export type NftFamily = 'ip' | 'ip6' | 'inet' | 'arp' | 'bridge' | 'netdev';

export const NFT_FAMILIES: readonly NftFamily[] = ['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev'];

/** The hooks that nftables has. */
export type NftHook = 'ingress' | 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'egress';

export const NFT_HOOKS: readonly NftHook[] = [
  'ingress',
  'prerouting',
  'input',
  'forward',
  'output',
  'postrouting',
  'egress',
];

export interface NftRuleset {
  readonly tables: readonly NftTable[];
  readonly path: string;
}

export interface NftTable {
  readonly family: NftFamily;
  readonly name: string;
  readonly flags: readonly ('dormant' | 'owner' | 'persist')[];
  readonly chains: readonly NftChain[];
  readonly sets: readonly NftSet[];
  readonly objects: readonly NftObject[];
  readonly flowtables: readonly Flowtable[];
  /** iptables-nft made it, and iptables-save shows it. */
  readonly iptables: boolean;
  readonly comment?: string;
  readonly handle?: number;
  readonly span: Span;
}

export interface NftChain {
  readonly name: string;
  /** Where a base chain hangs; absent for chains that rules jump to. */
  readonly base?: BaseHook;
  readonly rules: readonly NftRule[];
  readonly comment?: string;
  readonly handle?: number;
  readonly span: Span;
}

export interface BaseHook {
  readonly type: 'filter' | 'nat' | 'route';
  readonly hook: NftHook;
  readonly priority: number;
  /** Of ingress and egress; a trailing `*` is kept. */
  readonly devices: readonly string[];
  readonly policy: 'accept' | 'drop';
  /** `flags offload` */
  readonly offload?: boolean;
}

export interface NftRule {
  /** In order; empty for a rule that the reader could make nothing of never happens: it holds an `unknown` statement. */
  readonly statements: readonly Statement[];
  readonly comment?: string;
  readonly handle?: number;
  /** The rule as nft prints it, without comment, handle and indentation; made by the printer for JSON input. */
  readonly text: string;
  readonly span: Span;
}

export interface Flowtable {
  readonly name: string;
  readonly priority: number;
  readonly devices: readonly string[];
  readonly flags: readonly ('offload' | 'counter')[];
  readonly handle?: number;
  readonly span: Span;
}
