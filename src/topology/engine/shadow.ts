/**
 * What takes a rule's packets before they come to it: the rules in front of it, along the jumps that lead there. Only a rule that takes
 * them all and decides otherwise counts; one that takes some of them (a set of addresses, one client) is no reason to call it hidden.
 */
import type { Chain, Rule, Table } from '../../xtables/rule.ts';
import { BUILTIN_CHAINS } from '../../xtables/rule.ts';
import { apart, covers } from './covers.ts';

export interface RulePlace {
  readonly chain: string;
  /** From 1. */
  readonly number: number;
  readonly rule: Rule;
}

/** The first rule that takes the packets of `hidden`, and decides against it; undefined where none does, or nothing leads there. */
export function shadowOf(table: Table, hidden: RulePlace): RulePlace | undefined {
  for (const start of BUILTIN_CHAINS[table.name]) {
    const base = table.chains.get(start);
    if (!base) continue;
    const walk: Walk = {
      table,
      hidden,
      leading: leadingTo(table, hidden.chain),
      visited: new Set(),
      // Docker's nat chain has packets for the host's own addresses only.
      local: table.name === 'nat' && hidden.chain === 'DOCKER',
    };
    const end = through(walk, base, true);
    if (end?.kind === 'taken') return end.by;
    if (end?.kind === 'found') return undefined;
  }
  return undefined;
}

interface Walk {
  readonly table: Table;
  readonly hidden: RulePlace;
  /** Chains from which jumps lead to the rule's chain, and that chain. */
  readonly leading: ReadonlySet<string>;
  readonly visited: Set<string>;
  readonly local: boolean;
}

type End = { readonly kind: 'found' } | { readonly kind: 'taken'; readonly by: RulePlace } | undefined;

function leadingTo(table: Table, chain: string): ReadonlySet<string> {
  const leading = new Set([chain]);
  let before = 0;
  while (leading.size > before) {
    before = leading.size;
    for (const { name, rules } of table.chains.values()) {
      if (rules.some(({ target }) => isJump(target) && leading.has(target.chain))) leading.add(name);
    }
  }
  return leading;
}

/** `onWay`: the rule is behind this chain, so leaving it early means not coming there. */
function through(walk: Walk, chain: Chain, onWay: boolean): End {
  if (walk.visited.has(chain.name)) return undefined;
  walk.visited.add(chain.name);
  const { hidden } = walk;
  for (const [index, rule] of chain.rules.entries()) {
    if (chain.name === hidden.chain && rule === hidden.rule) return { kind: 'found' };
    const { target } = rule;
    if (isJump(target)) {
      const next = walk.table.chains.get(target.chain);
      const leads = walk.leading.has(target.chain);
      // A jump to where the rule is, on a condition of its own, is the way there.
      if (!next || apart(rule, hidden.rule) || (!leads && !covers(rule, hidden.rule, walk.local))) continue;
      const end = through(walk, next, leads && onWay);
      if (end) return end;
      if (target.kind === 'goto' && covers(rule, hidden.rule, walk.local)) return undefined;
      continue;
    }
    if (!target || !covers(rule, hidden.rule, walk.local)) continue;
    const verdict = verdictOf(rule);
    const by = { chain: chain.name, number: index + 1, rule };
    if (verdict === 'return') {
      if (onWay && chain.name === hidden.chain) return { kind: 'taken', by };
      return undefined;
    }
    if (verdict !== undefined)
      return opposes(verdict, hidden.rule) ? { kind: 'taken', by } : { kind: 'found' };
  }
  return undefined;
}

function isJump(
  target: Rule['target'],
): target is { readonly kind: 'jump' | 'goto'; readonly chain: string } {
  return target?.kind === 'jump' || target?.kind === 'goto';
}

type Verdict = 'accept' | 'drop' | 'translate' | 'return';

/** Undefined: the packet goes on to the next rule. */
function verdictOf({ target }: Rule): Verdict | undefined {
  if (target?.kind === 'verdict') {
    if (target.verdict === 'ACCEPT') return 'accept';
    if (target.verdict === 'RETURN') return 'return';
    return 'drop';
  }
  if (target?.kind !== 'extension') return undefined;
  if (target.name === 'REJECT' || target.name === 'TARPIT') return 'drop';
  if (/^(DNAT|SNAT|REDIRECT|MASQUERADE|NETMAP)$/.test(target.name)) return 'translate';
  return undefined;
}

function opposes(verdict: Verdict, rule: Rule): boolean {
  const wanted = isJump(rule.target) ? 'accept' : verdictOf(rule);
  if (wanted === 'translate') return !sameTarget(verdict, rule);
  return wanted !== verdict;
}

/** MASQUERADE before MASQUERADE is as good. */
function sameTarget(verdict: Verdict, rule: Rule): boolean {
  return (
    verdict === 'translate' &&
    rule.target?.kind === 'extension' &&
    /^(MASQUERADE|SNAT)$/.test(rule.target.name)
  );
}
