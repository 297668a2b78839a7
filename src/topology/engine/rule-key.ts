/** Rules as iptables-save prints them, without `-A CHAIN`: two that print alike are one. */
import type { Family } from '../../net/ip.ts';
import { parseRule } from '../../xtables/parse.ts';
import { printSpec } from '../../xtables/print.ts';
import type { Rule, TableName } from '../../xtables/rule.ts';

const NOWHERE = { path: '', line: 0 };

/** A rule written by hand; undefined where it can't be read. */
export function ruleOfSpec(spec: string, family: Family, table: TableName): Rule | undefined {
  return parseRule(`-A DOCKER ${spec}`, family, table, NOWHERE).rule;
}

export function keyOf(rule: Rule, family: Family): string {
  const bare = rule.matches.some(({ name }) => name === 'comment')
    ? { ...rule, matches: rule.matches.filter(({ name }) => name !== 'comment') }
    : rule;
  return printSpec(bare, family);
}

export function keyOfSpec(spec: string, family: Family, table: TableName): string {
  const rule = ruleOfSpec(spec, family, table);
  return rule ? keyOf(rule, family) : spec;
}

/** Of the same rule on any interface. */
export function looseKeyOf(rule: Rule, family: Family): string {
  const { in: _in, out: _out, ...rest } = rule;
  return keyOf(rest, family);
}

export function looseKeyOfSpec(spec: string, family: Family, table: TableName): string {
  const rule = ruleOfSpec(spec, family, table);
  return rule ? looseKeyOf(rule, family) : spec;
}
