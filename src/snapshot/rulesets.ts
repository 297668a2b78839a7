/** Merging packet filter dumps: one Ruleset a family and backend, and the nft chains that iptables did not make. */
import type { Issue } from '../base/issue.ts';
import type { DumpInput } from '../input/input.ts';
import type { Family } from '../net/ip.ts';
import type { NftRuleset, NftTable } from '../nft/ruleset.ts';
import type { Ruleset, Table } from '../xtables/rule.ts';
import { contradiction } from './links.ts';
import { at, isCoarse, isHandwritten } from './order.ts';

/**
 * `dumps` in order of credibility. A table that several dumps have is taken from the last; `iptables -L` and `-S` serve
 * only where no iptables-save has the table.
 */
export function mergeRulesets(
  dumps: readonly DumpInput[],
  family: Family,
  issues: Issue[],
): Ruleset[] | undefined {
  const merged = new Map<Ruleset['backend'], { ruleset: Ruleset; coarse: Map<string, boolean> }>();
  const saved = dumps.some(
    (input) =>
      input.dump.content.kind === 'ruleset' &&
      input.dump.content.ruleset.family === family &&
      !isHandwritten(input),
  );
  for (const input of dumps) {
    if (input.dump.content.kind !== 'ruleset') continue;
    // What the kernel has was dumped: a rules file beside it may never have been loaded.
    if (saved && isHandwritten(input)) continue;
    const next = input.dump.content.ruleset;
    if (next.family !== family) continue;
    const known = merged.get(next.backend);
    if (!known) {
      merged.set(next.backend, {
        ruleset: { ...next, tables: new Map(next.tables) },
        coarse: new Map([...next.tables.keys()].map((name) => [name, isCoarse(input)])),
      });
      continue;
    }
    for (const [name, table] of next.tables) {
      const other = known.ruleset.tables.get(name);
      const sameForm = known.coarse.get(name) === isCoarse(input);
      if (other && sameForm) {
        const difference = compareTables(other, table, known.ruleset.path, next.path);
        if (difference) issues.push(difference);
      }
      known.ruleset.tables.set(name, table);
      known.coarse.set(name, isCoarse(input));
    }
    const { listing, ...whole } = known.ruleset;
    const remarks = [...(known.ruleset.remarks ?? []), ...(next.remarks ?? [])];
    // A dump of all tables says of those that it doesn't have that they are empty.
    known.ruleset = {
      ...whole,
      ...(listing && next.listing ? { listing } : {}),
      ...(remarks.length > 0 ? { remarks } : {}),
      path: next.path,
    };
  }
  return merged.size === 0 ? undefined : [...merged.values()].map((entry) => entry.ruleset);
}

/** The first place where two dumps of one table part: policy, chains, or a rule. Counters don't count. */
function compareTables(older: Table, newer: Table, olderPath: string, newerPath: string): Issue | undefined {
  const name = newer.name;
  for (const [chainName, chain] of newer.chains) {
    const other = older.chains.get(chainName);
    const where = `table ${name}, chain ${chainName}`;
    const span = chain.span ?? chain.rules[0]?.span ?? { path: newerPath, line: 1 };
    if (!other) return contradiction(span, `${where} is not in ${olderPath}`);
    if (other.policy !== undefined && chain.policy !== undefined && other.policy !== chain.policy) {
      const there = other.span ? at(other.span) : olderPath;
      return contradiction(
        span,
        `${where}: the policy is ${chain.policy} here and ${other.policy} in ${there}; the rules here are taken`,
      );
    }
    for (let i = 0; i < Math.max(chain.rules.length, other.rules.length); i++) {
      const [rule, counterpart] = [chain.rules[i], other.rules[i]];
      if (rule && counterpart && squeeze(rule.text) === squeeze(counterpart.text)) continue;
      if (rule) {
        const there = counterpart
          ? `\`${counterpart.text}\` in ${at(counterpart.span)}`
          : `nothing in ${olderPath}`;
        return contradiction(
          rule.span,
          `${where}, rule ${i + 1}: \`${rule.text}\` here, ${there}; the rules here are taken`,
        );
      }
      if (counterpart) {
        return contradiction(
          span,
          `${where}, rule ${i + 1}: nothing here, \`${counterpart.text}\` in ${at(counterpart.span)}; the rules here are taken`,
        );
      }
    }
  }
  for (const [chainName, chain] of older.chains) {
    if (newer.chains.has(chainName)) continue;
    const there = chain.span ? at(chain.span) : olderPath;
    return {
      severity: 'warning',
      code: 'contradiction',
      text: `table ${name}, chain ${chainName} of ${there} is not in this one`,
      path: newerPath,
    };
  }
  return undefined;
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

export interface NftView {
  readonly ruleset: NftRuleset | undefined;
  /** No rules of iptables-nft in that family: the empty list is known, not assumed. */
  readonly emptyRulesets: readonly Family[];
}

/** What an `nft list ruleset` adds to the iptables dumps of its namespace. */
export function mergeNft(
  dumps: readonly DumpInput[],
  rulesets: Readonly<Record<Family, Ruleset[] | undefined>>,
): NftView {
  const ruleset = mergeTables(
    dumps.flatMap(({ dump }) => (dump.content.kind === 'nft' ? [dump.content.ruleset] : [])),
  );
  if (!ruleset) return { ruleset, emptyRulesets: [] };
  const families: readonly [Family, string][] = [
    [4, 'ip'],
    [6, 'ip6'],
  ];
  return {
    ruleset,
    emptyRulesets: families
      .filter(
        ([family, name]) =>
          rulesets[family] === undefined &&
          !ruleset.tables.some((table) => table.iptables && table.family === name),
      )
      .map(([family]) => family),
  };
}

/** Dumps may be of a table or a chain each; of what several show, the last counts. */
function mergeTables(rulesets: readonly NftRuleset[]): NftRuleset | undefined {
  const last = rulesets.at(-1);
  if (!last || rulesets.length === 1) return last;
  const tables = new Map<string, NftTable>();
  for (const table of rulesets.flatMap((ruleset) => ruleset.tables)) {
    const key = `${table.family} ${table.name}`;
    const known = tables.get(key);
    tables.set(key, known ? mergeChains(known, table) : table);
  }
  return { ...last, tables: [...tables.values()] };
}

function mergeChains(older: NftTable, newer: NftTable): NftTable {
  const byName = <T extends { readonly name: string }>(first: readonly T[], second: readonly T[]): T[] => [
    ...new Map([...first, ...second].map((each) => [each.name, each])).values(),
  ];
  return {
    ...newer,
    chains: byName(older.chains, newer.chains),
    sets: byName(older.sets, newer.sets),
    objects: byName(older.objects, newer.objects),
    flowtables: byName(older.flowtables, newer.flowtables),
  };
}
