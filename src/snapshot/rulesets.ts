/** Merging packet filter dumps: one Ruleset a family and backend, and the nft chains that iptables did not make. */
import type { Issue } from '../base/issue.ts';
import type { NftChain } from '../dump/records.ts';
import type { DumpInput } from '../input/input.ts';
import type { Family } from '../net/ip.ts';
import { type BaseHook, NFT_FAMILIES, NFT_HOOKS, type NftRuleset } from '../nft/ruleset.ts';
import type { Ruleset, Table } from '../xtables/rule.ts';
import { contradiction } from './links.ts';
import { at, isCoarse } from './order.ts';

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
  for (const input of dumps) {
    if (input.dump.content.kind !== 'ruleset') continue;
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
    known.ruleset = { ...known.ruleset, path: next.path };
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
  const contents = dumps.flatMap(({ dump }) => (dump.content.kind === 'nft' ? [dump.content] : []));
  const last = contents.at(-1);
  if (!last) return { ruleset: undefined, emptyRulesets: [] };
  const families: readonly [Family, string][] = [
    [4, 'ip'],
    [6, 'ip6'],
  ];
  return {
    ruleset: last.ruleset ?? outlineOf(last.chains),
    emptyRulesets: families
      .filter(
        ([family, name]) =>
          rulesets[family] === undefined &&
          !last.chains.some((chain) => chain.iptables && chain.family === name),
      )
      .map(([family]) => family),
  };
}

/** Of a dump whose rules were not read: each is unknown. */
function outlineOf(chains: readonly NftChain[]): NftRuleset {
  const tables = new Map<string, { chains: readonly NftChain[]; first: NftChain }>();
  for (const chain of chains) {
    const key = `${chain.family} ${chain.table}`;
    const known = tables.get(key);
    tables.set(key, { chains: [...(known?.chains ?? []), chain], first: known?.first ?? chain });
  }
  return {
    path: chains[0]?.span.path ?? '',
    tables: [...tables.values()].map(({ chains: own, first }) => ({
      family: NFT_FAMILIES.find((family) => family === first.family) ?? 'ip',
      name: first.table,
      flags: [],
      chains: own.map(({ name, span, ruleCount, ...base }) => ({
        name,
        ...baseOf(base),
        rules: Array.from({ length: ruleCount }, () => ({
          statements: [{ kind: 'unknown', text: '', why: 'nft list ruleset shows what it does' } as const],
          text: `a rule of ${name}`,
          span,
        })),
        span,
      })),
      sets: [],
      objects: [],
      flowtables: [],
      iptables: own.every(({ iptables }) => iptables),
      span: first.span,
    })),
  };
}

function baseOf({ hook, type, priority, policy }: Partial<NftChain>): { readonly base?: BaseHook } {
  const known = NFT_HOOKS.find((name) => name === hook);
  if (!known) return {};
  return {
    base: {
      type: type === 'nat' || type === 'route' ? type : 'filter',
      hook: known,
      priority: priority ?? 0,
      devices: [],
      policy: policy === 'drop' ? 'drop' : 'accept',
    },
  };
}
