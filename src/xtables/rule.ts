import type { Span } from '../base/span.ts';
import type { Family, Ip } from '../net/ip.ts';

/** A hook of the kernel, as the built-in chains are called. */
export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';
/** The tables that iptables has. */
export type TableName = 'raw' | 'mangle' | 'nat' | 'filter' | 'security';
/** What becomes of a packet that no rule of a built-in chain decides. */
export type Policy = 'ACCEPT' | 'DROP';

export const HOOKS: readonly Hook[] = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];
export const TABLES: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter', 'security'];

/** The built-in chains each table has (iptables(8), TABLES). */
export const BUILTIN_CHAINS: Readonly<Record<TableName, readonly Hook[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
};

/** What a rule or policy has counted. */
export interface Counters {
  packets: number;
  bytes: number;
}

/** `-s`/`-d`: the mask need not be a prefix. */
export interface AddressMatch {
  readonly invert: boolean;
  readonly address: Ip;
  readonly mask: Ip;
}

/** `-i`/`-o`: a trailing `+` matches any ending. */
export interface InterfaceMatch {
  readonly invert: boolean;
  readonly name: string;
  readonly wildcard: boolean;
}

/** A match extension in a rule: which one, and its parsed options (the extension's own type). */
export interface MatchUse {
  readonly name: string;
  readonly info: unknown;
}

/** What a rule does: a verdict or an extension's action, a jump to a chain, or nothing (it only counts). */
export type TargetUse =
  | { readonly kind: 'verdict'; readonly verdict: 'ACCEPT' | 'DROP' | 'RETURN' | 'QUEUE' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'extension'; readonly name: string; readonly info: unknown };

/** One rule, whatever it was read from (iptables-save, -S, a command). */
export interface Rule {
  readonly source?: AddressMatch;
  readonly destination?: AddressMatch;
  readonly in?: InterfaceMatch;
  readonly out?: InterfaceMatch;
  /** Protocol number; 0 is all. */
  readonly protocol?: { readonly invert: boolean; readonly protocol: number };
  /** `-f`: second and further fragments (IPv4 only). */
  readonly fragment?: { readonly invert: boolean };
  readonly matches: readonly MatchUse[];
  readonly target?: TargetUse;
  /** As the dump gave them; absent in dumps without counters. */
  readonly counters?: Readonly<Counters>;
  /** The rule as it was found, without counters: `-A FORWARD -i br0 -j ACCEPT`. */
  readonly text: string;
  readonly span: Span;
}

/** A chain of rules, built in or of its own. */
export interface Chain {
  readonly name: string;
  /** Only built-in chains have one. */
  policy?: Policy;
  readonly rules: Rule[];
  readonly counters?: Readonly<Counters>;
  /** Absent for chains that exist without a line of their own. */
  readonly span?: Span;
}

/** A table of chains. */
export interface Table {
  readonly name: TableName;
  readonly chains: Map<string, Chain>;
}

/** A comment line, without its `#`. */
export interface Remark {
  readonly text: string;
  readonly span: Span;
}

/** The tables of one family and backend, as one `iptables-save` prints them. A table that isn't there isn't traversed. */
export interface Ruleset {
  readonly family: Family;
  readonly backend: 'nft' | 'legacy';
  readonly tables: Map<TableName, Table>;
  readonly path: string;
  /** Comment lines of a file that are addressed to nettrace: `# nettrace: ignore …`. */
  readonly remarks?: readonly Remark[];
  /** From `iptables -L` or `-S`, which show a table or a chain of it: what isn't there was not asked for. */
  readonly listing?: true;
}
