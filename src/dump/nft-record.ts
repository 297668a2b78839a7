/** Building NftChain records: which tables iptables-nft made, and priorities by name. */
import { BUILTIN_CHAINS, type Hook, TABLES, type TableName } from '../xtables/rule.ts';
import type { NftChain } from './records.ts';

export type NftChainDraft = { -readonly [K in keyof Omit<NftChain, 'iptables'>]: NftChain[K] };

export interface NftTable {
  readonly family: string;
  readonly name: string;
  readonly chains: NftChainDraft[];
  /** nft's own word for it: "is managed by iptables-nft". */
  managed: boolean;
  /** Holds what iptables-nft never makes: a set, a map, a rule without a counter. */
  foreign: boolean;
}

/** Priorities by name (nft(8), "Standard priority names"), of ip, ip6 and inet, then of bridge. */
const PRIORITIES: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
};
const BRIDGE_PRIORITIES: Readonly<Record<string, number>> = {
  dstnat: -300,
  filter: -200,
  out: 100,
  srcnat: 300,
};

/** `-150`, `filter`, `filter + 10`, `dstnat - 5`. */
export function parsePriority(text: string, family: string): number | undefined {
  const match = /^\s*(?:(-?\d+)|([a-z]+)(?:\s*([+-])\s*(\d+))?)\s*$/.exec(text);
  if (!match) return undefined;
  if (match[1] !== undefined) return Number(match[1]);
  const names = family === 'bridge' ? BRIDGE_PRIORITIES : PRIORITIES;
  const name = match[2] ?? '';
  if (!Object.hasOwn(names, name)) return undefined;
  const offset = Number(match[4] ?? 0);
  return (names[name] ?? 0) + (match[3] === '-' ? -offset : offset);
}

export function chainsOf(tables: readonly NftTable[]): NftChain[] {
  return tables.flatMap((table) => {
    const iptables = isIptables(table);
    return table.chains.map((chain) => ({ ...chain, iptables }));
  });
}

/**
 * Does iptables-save show this table? nft says so itself in its text form. Otherwise by what iptables-nft-save accepts
 * (nft_is_table_compatible()): a table of ip or ip6 by one of the five names, whose base chains have iptables' names, hooks,
 * types and priorities, where nothing is that iptables-nft can't make. A table made by hand to look so passes too, and rightly:
 * iptables-save prints it.
 */
function isIptables(table: NftTable): boolean {
  if (table.managed) return true;
  const name = TABLES.find((known) => known === table.name);
  if (name === undefined || table.foreign || (table.family !== 'ip' && table.family !== 'ip6')) return false;
  return table.chains.every((chain) => chain.hook === undefined || isBuiltin(name, chain));
}

function isBuiltin(table: TableName, chain: NftChainDraft): boolean {
  const hook = chain.hook?.toUpperCase();
  if (hook !== chain.name || !BUILTIN_CHAINS[table].some((builtin: Hook) => builtin === hook)) return false;
  const source = chain.name === 'POSTROUTING' || chain.name === 'INPUT';
  const priority = table === 'nat' ? (source ? 100 : -100) : PRIORITIES[table];
  const type = table === 'nat' ? 'nat' : table === 'mangle' && chain.name === 'OUTPUT' ? 'route' : 'filter';
  return chain.priority === priority && chain.type === type;
}
