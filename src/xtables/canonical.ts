/** A ruleset as iptables-save gives it back after `iptables-restore` loaded it. */
import type { MatchUse, Rule, Ruleset, Table, TableName } from './rule.ts';
import { BUILTIN_CHAINS } from './rule.ts';
import { MAX_PORT } from './values/port.ts';
import type { PortTest } from './values/ports.ts';

const ORDER: readonly TableName[] = ['mangle', 'security', 'raw', 'filter', 'nat'];
/** Matches of which nft keeps one a rule, where they became native expressions. */
const MERGED = new Set(['tcp', 'udp']);

/**
 * Tables in one order (nft's; legacy has that in which they came to be), all built-in chains of each in front, user chains by name. Of
 * nft's backend, conditions on ports or flags that were spread over several `-m tcp` of one rule stand together in the first.
 * Rules keep their order, text and place.
 */
export function asLoaded(ruleset: Ruleset): Ruleset {
  const merges = ruleset.backend === 'nft';
  const tables = new Map<TableName, Table>();
  for (const name of ORDER) {
    const table = ruleset.tables.get(name);
    if (table) tables.set(name, loadedTable(table, merges));
  }
  return { ...ruleset, tables };
}

function loadedTable(table: Table, merges: boolean): Table {
  const chains: Table['chains'] = new Map();
  const builtin: readonly string[] = BUILTIN_CHAINS[table.name];
  const users = [...table.chains.keys()].filter((name) => !builtin.includes(name)).sort();
  for (const name of [...builtin, ...users]) {
    const chain = table.chains.get(name) ?? { name, policy: 'ACCEPT' as const, rules: [] };
    chains.set(name, { ...chain, rules: merges ? chain.rules.map(merged) : chain.rules });
  }
  return { name: table.name, chains };
}

function merged(rule: Rule): Rule {
  const matches: MatchUse[] = [];
  for (const match of rule.matches) {
    const at = isNative(match) ? matches.findIndex((each) => each.name === match.name && isNative(each)) : -1;
    const first = matches[at];
    if (first) {
      matches[at] = { name: match.name, info: { ...(first.info as object), ...(match.info as object) } };
    } else matches.push(match);
  }
  return { ...rule, matches: matches.map(fromZero) };
}

/** nft compares `! 0:22` as what is above it. */
function fromZero(match: MatchUse): MatchUse {
  if (!isNative(match)) return match;
  const ends = Object.entries(match.info as Readonly<Record<string, PortTest>>).map(([key, test]) => {
    const above = (key === 'source' || key === 'destination') && test.invert && test.min === 0;
    return above && test.max > 0 && test.max < MAX_PORT
      ? [key, { invert: false, min: test.max + 1, max: MAX_PORT }]
      : [key, test];
  });
  return { name: match.name, info: Object.fromEntries(ends) };
}

/** An `-m tcp` without conditions, or with --tcp-option, stays an xt match. */
function isNative({ name, info }: MatchUse): boolean {
  if (!MERGED.has(name) || typeof info !== 'object' || info === null) return false;
  const keys = Object.keys(info);
  return keys.length > 0 && !keys.includes('option') && !keys.includes('unparsed');
}
