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

/** A walk in depth, without a call for each chain: chains may lead to each other by the thousand. */
function loops(ruleset: Ruleset, table: Table): Found[] {
  const done = new Set<string>();
  /** Chains on the way, by their place on it. */
  const places = new Map<string, number>();
  const path: { readonly name: string; readonly jumps: Iterator<RuleRef> }[] = [];
  const found: Found[] = [];
  const enter = (name: string): void => {
    const chain = table.chains.get(name);
    if (!chain || done.has(name)) return;
    places.set(name, path.length);
    const jumps = rulesOfChain(ruleset, table, chain).filter(({ rule }) => isJump(rule.target));
    path.push({ name, jumps: jumps.values() });
  };
  for (const hook of BUILTIN_CHAINS[table.name]) {
    enter(hook);
    for (let last = path.at(-1); last; last = path.at(-1)) {
      const { value: ref } = last.jumps.next();
      const target = ref?.rule.target;
      if (!ref || !isJump(target)) {
        path.pop();
        places.delete(last.name);
        done.add(last.name);
        continue;
      }
      const place = places.get(target.chain);
      if (place === undefined) enter(target.chain);
      else
        found.push(
          told(
            ref,
            path.slice(place, place + MOST_NAMED + 1).map(({ name }) => name),
          ),
        );
    }
  }
  return found;
}

/** Chains of a circle that are named. */
const MOST_NAMED = 12;

function told(ref: RuleRef, circle: readonly string[]): Found {
  const named = circle.length > MOST_NAMED ? [...circle.slice(0, MOST_NAMED), '…'] : circle;
  const way = [...named, circle[0] ?? ''].join(' → ');
  return {
    title: `${nameOfRule(ref)} closes a circle: ${way}`,
    explanation: 'The kernel refuses the whole table.',
    at: ref,
  };
}
