/**
 * Which rules two states have in common. A packet that matches no rule that only one of them has goes the same way through both, rule by
 * rule: what is treated differently matches one of those, or falls through to another policy.
 */

import type { Family } from '../net/ip.ts';
import type { LoadedTables } from '../netstack/netfilter/tables.ts';
import { printMatch, printSpec } from '../xtables/print.ts';
import {
  BUILTIN_CHAINS,
  type Chain,
  type Hook,
  type Rule,
  type Ruleset,
  type Table,
  type TableName,
} from '../xtables/rule.ts';
import { setsOfRule } from '../xtables/sets-of-rule.ts';
import { commonLines } from './common-lines.ts';

export interface Alignment {
  /** Rules that the other state lacks there, or understands otherwise, with the hooks that lead to them. */
  readonly changed: readonly ChangedRule[];
  /** Hooks of which a policy differs. */
  readonly policies: ReadonlySet<Hook>;
  /** Equal for a rule and the one that stands for it in the other state. */
  readonly instances: ReadonlyMap<Rule, string>;
}

export interface ChangedRule {
  readonly ruleset: Ruleset;
  readonly table: TableName;
  readonly chain: string;
  readonly rule: Rule;
  readonly hooks: ReadonlySet<Hook>;
  readonly side: 'before' | 'after';
}

interface SideChain {
  readonly ruleset: Ruleset;
  readonly table: Table;
  readonly chain: Chain;
}

/** @param differs does a set hold other elements in the two states? */
export function alignTables(
  before: LoadedTables,
  after: LoadedTables,
  differs: (set: string) => boolean,
): Alignment {
  const changed: ChangedRule[] = [];
  const policies = new Set<Hook>();
  const instances = new Map<Rule, string>();
  const take = (side: ChangedRule['side'], at: SideChain, rule: Rule, hooks: ReadonlySet<Hook>): void => {
    const { ruleset, table, chain } = at;
    changed.push({ ruleset, table: table.name, chain: chain.name, rule, hooks, side });
  };
  for (const [one, other] of pairs(before.rulesets, after.rulesets)) {
    const backends = one !== undefined && other !== undefined && one.backend !== other.backend;
    for (const name of Object.keys(BUILTIN_CHAINS) as TableName[]) {
      const tables = { before: one?.tables.get(name), after: other?.tables.get(name) };
      const hooks = {
        before: tables.before && hooksOfChains(tables.before),
        after: tables.after && hooksOfChains(tables.after),
      };
      for (const hook of BUILTIN_CHAINS[name]) {
        const policyOf = (table: Table | undefined): string => table?.chains.get(hook)?.policy ?? 'ACCEPT';
        if (policyOf(tables.before) !== policyOf(tables.after)) policies.add(hook);
      }
      const chains = new Set([
        ...(tables.before?.chains.keys() ?? []),
        ...(tables.after?.chains.keys() ?? []),
      ]);
      for (const chainName of chains) {
        const sides = {
          before: sideChain(one, tables.before, chainName),
          after: sideChain(other, tables.after, chainName),
        };
        const missing = (rule: Rule): boolean =>
          (rule.target?.kind === 'jump' || rule.target?.kind === 'goto') &&
          tables.before?.chains.has(rule.target.chain) !== tables.after?.chains.has(rule.target.chain);
        const isOther = (rule: Rule): boolean =>
          missing(rule) ||
          setsOfRule(rule).some(differs) ||
          (backends && rule.matches.some(({ name }) => NATIVE.has(name)));
        const family = before.family;
        const lines = {
          before: sides.before?.chain.rules.map((rule) => textOf(rule, family)) ?? [],
          after: sides.after?.chain.rules.map((rule) => textOf(rule, family)) ?? [],
        };
        const partner = commonLines(lines.before, lines.after);
        const place = `${one?.backend ?? other?.backend} ${name} ${chainName}`;
        const paired = new Set<number>();
        for (const [i, at] of partner.entries()) {
          if (at < 0) continue;
          paired.add(at);
          const [left, right] = [sides.before?.chain.rules[i], sides.after?.chain.rules[at]];
          if (!left || !right || !sides.before || !sides.after) continue;
          instances.set(left, `${place} ${i}`);
          instances.set(right, `${place} ${i}`);
          if (!isOther(left)) continue;
          take('before', sides.before, left, hooks.before?.get(chainName) ?? NO_HOOKS);
          take('after', sides.after, right, hooks.after?.get(chainName) ?? NO_HOOKS);
        }
        for (const side of ['before', 'after'] as const) {
          const at = sides[side];
          const seen = new Map<string, number>();
          for (const [i, rule] of at?.chain.rules.entries() ?? []) {
            if (side === 'before' ? (partner[i] ?? -1) >= 0 : paired.has(i)) continue;
            const text = rule.matches.flatMap((match) => printMatch(match, family)).join(' ');
            const count = seen.get(text) ?? 0;
            seen.set(text, count + 1);
            instances.set(rule, `${place} changed ${text} ${count}`);
            if (at) take(side, at, rule, hooks[side]?.get(chainName) ?? NO_HOOKS);
          }
        }
      }
    }
  }
  return { changed, policies, instances };
}

const NO_HOOKS: ReadonlySet<Hook> = new Set();
/** What the two backends ask in different ways (xtables/matches). */
const NATIVE: ReadonlySet<string> = new Set(['tcp', 'udp']);

function sideChain(
  ruleset: Ruleset | undefined,
  table: Table | undefined,
  name: string,
): SideChain | undefined {
  const chain = table?.chains.get(name);
  return ruleset && table && chain ? { ruleset, table, chain } : undefined;
}

/** By backend; what is left over, in order: a dump of one backend may take the place of one of the other. */
function pairs(
  before: readonly Ruleset[],
  after: readonly Ruleset[],
): (readonly [Ruleset | undefined, Ruleset | undefined])[] {
  const rest = [...after];
  const taken = before.map((one): [Ruleset, Ruleset | undefined] => {
    const at = rest.findIndex(({ backend }) => backend === one.backend);
    return [one, at < 0 ? undefined : rest.splice(at, 1)[0]];
  });
  for (const pair of taken) pair[1] ??= rest.shift();
  return [...taken, ...rest.map((other) => [undefined, other] as const)];
}

/** The rule without what is only said about it. */
function textOf(rule: Rule, family: Family): string {
  const told = rule.matches.some(({ name }) => name === 'comment');
  return printSpec(
    told ? { ...rule, matches: rule.matches.filter(({ name }) => name !== 'comment') } : rule,
    family,
  );
}

/** From which hooks packets get to each chain of a table. */
function hooksOfChains(table: Table): Map<string, Set<Hook>> {
  const hooks = new Map<string, Set<Hook>>();
  for (const hook of BUILTIN_CHAINS[table.name]) {
    const open = [hook as string];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      const known = hooks.get(name) ?? new Set<Hook>();
      if (known.has(hook)) continue;
      hooks.set(name, known.add(hook));
      for (const { target } of table.chains.get(name)?.rules ?? []) {
        if (target?.kind === 'jump' || target?.kind === 'goto') open.push(target.chain);
      }
    }
  }
  return hooks;
}
