/** Which chains lead where, in one table. */
import { once } from '../base/memo.ts';
import { BUILTIN_CHAINS, type Chain, type Hook, type Ruleset, type Table } from '../xtables/rule.ts';
import { isJump, type RuleRef, rulesOfTable } from './rules.ts';

/** Chains by name, and the hooks from which jumps lead to each: mark_source_chains(), net/ipv4/netfilter/ip_tables.c. */
export const hooksReaching: (table: Table) => ReadonlyMap<string, ReadonlySet<Hook>> = once(
  (table: Table) => {
    const reaching = new Map<string, Set<Hook>>();
    for (const hook of BUILTIN_CHAINS[table.name]) {
      const open = [hook as string];
      const seen = new Set<string>(open);
      for (let name = open.pop(); name !== undefined; name = open.pop()) {
        const hooks = reaching.get(name) ?? new Set();
        hooks.add(hook);
        reaching.set(name, hooks);
        for (const next of targetsOf(table.chains.get(name))) {
          if (seen.has(next)) continue;
          seen.add(next);
          open.push(next);
        }
      }
    }
    return reaching;
  },
);

function targetsOf(chain: Chain | undefined): string[] {
  return (chain?.rules ?? []).flatMap(({ target }) => (isJump(target) ? [target.chain] : []));
}

export function hookOfChain(table: Table, name: string): Hook | undefined {
  return BUILTIN_CHAINS[table.name].find((hook) => hook === name);
}

/** Rules that jump or go to the chain. */
export function jumpsTo(ruleset: Ruleset, table: Table, name: string): RuleRef[] {
  return jumpsOf(ruleset, table).get(name) ?? [];
}

const jumpTables = new WeakMap<Table, Map<string, RuleRef[]>>();

function jumpsOf(ruleset: Ruleset, table: Table): Map<string, RuleRef[]> {
  const known = jumpTables.get(table);
  if (known) return known;
  const jumps = new Map<string, RuleRef[]>();
  for (const ref of rulesOfTable(ruleset, table)) {
    const { target } = ref.rule;
    if (!isJump(target)) continue;
    const list = jumps.get(target.chain);
    if (list) list.push(ref);
    else jumps.set(target.chain, [ref]);
  }
  jumpTables.set(table, jumps);
  return jumps;
}

/** The chain, and all that jumps lead to from it. */
export function chainsFrom(table: Table, start: string): Chain[] {
  const open = [start];
  const seen = new Set<string>(open);
  const chains: Chain[] = [];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const chain = table.chains.get(name);
    if (chain) chains.push(chain);
    for (const next of targetsOf(chain)) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(next);
    }
  }
  return chains;
}
