/**
 * Does iptables-save show this table? By what iptables-nft-save accepts (nft_is_table_compatible()): a table of ip or ip6 by one of the
 * five names, whose base chains have iptables' names, hooks, types and priorities, where nothing is that iptables-nft can't make.
 * A table made by hand to look so passes too, and rightly: iptables-save prints it.
 */
import { BUILTIN_CHAINS, type Hook, TABLES, type TableName } from '../xtables/rule.ts';
import type { NftChain, NftTable } from './ruleset.ts';

export function isIptables(table: NftTable): boolean {
  const name = TABLES.find((known) => known === table.name);
  if (name === undefined || (table.family !== 'ip' && table.family !== 'ip6')) return false;
  if (table.sets.length > 0 || table.objects.length > 0 || table.flowtables.length > 0) return false;
  return table.chains.every(
    (chain) => (chain.base === undefined || isBuiltin(name, chain)) && chain.rules.every(countsPackets),
  );
}

/** Every rule that iptables-nft makes does; one that isn't read whole tells nothing against it. */
function countsPackets({ statements }: NftChain['rules'][number]): boolean {
  return statements.some(({ kind }) => kind === 'counter' || kind === 'unknown');
}

/** iptables-nft 1.8.9 registers its security chains at 150, others at the kernel's 50. */
const PRIORITIES: Readonly<Record<Exclude<TableName, 'nat'>, readonly number[]>> = {
  raw: [-300],
  mangle: [-150],
  filter: [0],
  security: [50, 150],
};

function isBuiltin(table: TableName, chain: NftChain): boolean {
  const hook = chain.base?.hook.toUpperCase();
  if (hook !== chain.name || !BUILTIN_CHAINS[table].some((builtin: Hook) => builtin === hook)) return false;
  const source = chain.name === 'POSTROUTING' || chain.name === 'INPUT';
  const priorities = table === 'nat' ? [source ? 100 : -100] : PRIORITIES[table];
  const type = table === 'nat' ? 'nat' : table === 'mangle' && chain.name === 'OUTPUT' ? 'route' : 'filter';
  return chain.base?.type === type && priorities.some((priority) => priority === chain.base?.priority);
}
