/** Rules with the place they stand in, and what can be said of one by itself. */
import { isUnparsed } from '../xtables/extension.ts';
import { findMatch } from '../xtables/matches.ts';
import { printRule } from '../xtables/print.ts';
import type { Chain, Rule, Ruleset, Table, TargetUse } from '../xtables/rule.ts';
import { bare } from '../xtables/tokens.ts';

/** A rule where it stands. */
export interface RuleRef {
  readonly ruleset: Ruleset;
  readonly table: Table;
  readonly chain: Chain;
  /** From 1, as `iptables -L --line-numbers` counts. */
  readonly number: number;
  readonly rule: Rule;
}

export function rulesOfTable(ruleset: Ruleset, table: Table): RuleRef[] {
  return [...table.chains.values()].flatMap((chain) => rulesOfChain(ruleset, table, chain));
}

export function rulesOfChain(ruleset: Ruleset, table: Table, chain: Chain): RuleRef[] {
  return chain.rules.map((rule, index) => ({ ruleset, table, chain, number: index + 1, rule }));
}

export function rulesOf(ruleset: Ruleset): RuleRef[] {
  return [...ruleset.tables.values()].flatMap((table) => rulesOfTable(ruleset, table));
}

/** `nat POSTROUTING rule 2`. */
export function nameOfRule({ table, chain, number }: RuleRef): string {
  return `${table.name} ${chain.name} rule ${number}`;
}

/** Without `-A CHAIN` and comments, for a title: `-s 10.0.0.0/8 -j DROP`. */
export function specOf({ rule, ruleset, chain }: RuleRef): string {
  const bareRule = { ...rule, matches: rule.matches.filter(({ name }) => name !== 'comment') };
  const spec = printRule(bareRule, ruleset.family, chain.name)
    .slice(`-A ${bare(chain.name)}`.length)
    .trim();
  return spec === '' ? 'a rule without conditions and target' : spec;
}

/** `iptables`, `ip6tables`; where both backends are in use, with the backend. */
export function toolOf({ family, backend }: Ruleset, both = false): string {
  const tool = family === 6 ? 'ip6tables' : 'iptables';
  return both ? `${tool}-${backend}` : tool;
}

/** The command that takes it out, by its words: the numbers of the others change with every deletion. */
export function deletion(ref: RuleRef): string {
  const spec = printRule(ref.rule, ref.ruleset.family, ref.chain.name).replace(/^-A/, '-D');
  return `${toolOf(ref.ruleset)}${tableOption(ref)} ${spec}`;
}

/** The same by number: of two that are alike `-D` by words would take the first. */
export function deletionByNumber(ref: RuleRef): string {
  return `${toolOf(ref.ruleset)}${tableOption(ref)} -D ${bare(ref.chain.name)} ${ref.number}`;
}

export function tableOption({ table }: Pick<RuleRef, 'table'>): string {
  return table.name === 'filter' ? '' : ` -t ${table.name}`;
}

/** Of an extension, its name; of a verdict, the verdict. */
export function targetName({ target }: Rule): string | undefined {
  if (target?.kind === 'verdict') return target.verdict;
  return target?.kind === 'extension' ? target.name : undefined;
}

export function isJump(
  target: TargetUse | undefined,
): target is { readonly kind: 'jump' | 'goto'; readonly chain: string } {
  return target?.kind === 'jump' || target?.kind === 'goto';
}

const ENDING = new Set(['REJECT', 'DNAT', 'SNAT', 'MASQUERADE', 'REDIRECT', 'NETMAP', 'NFQUEUE']);

/** What it takes goes no further in its chain. */
export function isEnding({ target }: Rule): boolean {
  if (target?.kind === 'verdict' || target?.kind === 'goto') return true;
  return target?.kind === 'extension' && !isUnparsed(target.info) && ENDING.has(target.name);
}

/** The packet is thrown away, with or without a word. */
export function isDropping({ target }: Rule): boolean {
  if (target?.kind === 'verdict') return target.verdict === 'DROP';
  return target?.kind === 'extension' && (target.name === 'REJECT' || target.name === 'TARPIT');
}

export function isAccepting({ target }: Rule): boolean {
  return target?.kind === 'verdict' && target.verdict === 'ACCEPT';
}

/** Every packet that comes there matches. */
export function isUnconditional(rule: Rule, family: Ruleset['family']): boolean {
  if (rule.source || rule.destination || rule.in || rule.out || rule.protocol || rule.fragment) return false;
  return rule.matches.every(({ name, info }) => {
    if (isUnparsed(info)) return false;
    return name === 'comment' || findMatch(name, family)?.always?.(info) === true;
  });
}

/** Something of it is not understood, or its target is none that nettrace knows. */
export function isObscure({ matches, target }: Rule): boolean {
  return (
    matches.some(({ info }) => isUnparsed(info)) || (target?.kind === 'extension' && isUnparsed(target.info))
  );
}

export function matchInfo<T>(rule: Rule, name: string): T | undefined {
  const found = rule.matches.find((match) => match.name === name);
  return found && !isUnparsed(found.info) ? (found.info as T) : undefined;
}

/** The rule as one that prints alike: equal for rules that do the same, whatever their comments and counters. */
export function ruleKey(ref: RuleRef): string {
  return specOf(ref);
}

/** The rule without `-A CHAIN`, to be put elsewhere. */
export function printed({ rule, ruleset, chain }: RuleRef): string {
  return printRule(rule, ruleset.family, chain.name).slice(`-A ${bare(chain.name)} `.length);
}
