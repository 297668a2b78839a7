import type { Ruleset, Table } from '../../xtables/rule.ts';
import { BUILTIN_CHAINS } from '../../xtables/rule.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { isJump, nameOfRule, type RuleRef, rulesOfChain } from '../rules.ts';

export const loadJumpLoop: Check = {
  id: 'load-jump-loop',
  title: 'Chains that jump to each other in a circle',
  severity: 'error',
  why: 'A packet would never leave them: the kernel refuses a table with such a circle (ELOOP, "Too many levels of symbolic links").',
  repair: 'Take out the jump back: the end of a chain, or RETURN, leads back by itself.',
  silent: 'Circles that no built-in chain leads to, which legacy tables may hold.',
  references: [
    'net/ipv4/netfilter/ip_tables.c: mark_source_chains()',
    'net/netfilter/nf_tables_api.c: nft_chain_validate()',
  ],
  find: ({ rulesets }) =>
    rulesets.flatMap((ruleset) => [...ruleset.tables.values()].flatMap((table) => loops(ruleset, table))),
};

function loops(ruleset: Ruleset, table: Table): Found[] {
  const done = new Set<string>();
  const path: string[] = [];
  const found: Found[] = [];
  const visit = (name: string): void => {
    const chain = table.chains.get(name);
    if (!chain || done.has(name)) return;
    path.push(name);
    for (const ref of rulesOfChain(ruleset, table, chain)) {
      const { target } = ref.rule;
      if (!isJump(target)) continue;
      if (path.includes(target.chain)) found.push(told(ref, path.slice(path.indexOf(target.chain))));
      else visit(target.chain);
    }
    path.pop();
    done.add(name);
  };
  for (const hook of BUILTIN_CHAINS[table.name]) visit(hook);
  return found;
}

function told(ref: RuleRef, circle: readonly string[]): Found {
  const way = [...circle, circle[0] ?? ''].join(' → ');
  return {
    title: `${nameOfRule(ref)} closes a circle: ${way}`,
    explanation: 'The kernel refuses the whole table.',
    at: ref,
  };
}
