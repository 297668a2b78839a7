/** What can be said of targets only when all chains of a table are there. */
import type { Issue } from '../base/issue.ts';
import type { Rule, Ruleset, Table } from './rule.ts';
import { knownExtension } from './targets.ts';
import { bare } from './tokens.ts';

/** Jumps to what no chain line declares are taken for targets that aren't known; done in place. */
export function settleTargets(ruleset: Ruleset): Issue[] {
  const issues: Issue[] = [];
  for (const table of ruleset.tables.values()) {
    for (const chain of table.chains.values()) {
      for (const [i, rule] of chain.rules.entries()) chain.rules[i] = settle(rule, table, ruleset, issues);
    }
  }
  return issues;
}

function settle(rule: Rule, table: Table, ruleset: Ruleset, issues: Issue[]): Rule {
  const { target } = rule;
  if (target?.kind !== 'jump' && target?.kind !== 'goto') return rule;
  if (table.chains.has(target.chain)) return rule;
  const elsewhere = knownExtension(target.chain, ruleset.family);
  const text =
    elsewhere ??
    `chain ${bare(target.chain)} is not in table ${table.name}, and no target of that name is known`;
  issues.push({
    severity: elsewhere === undefined ? 'warning' : 'error',
    code: 'unknown-target',
    text: `-${target.kind === 'jump' ? 'j' : 'g'} ${bare(target.chain)}: ${text}; what it does is taken as unknown`,
    path: rule.span.path,
    line: rule.span.line,
  });
  if (target.kind === 'goto') return rule;
  return { ...rule, target: { kind: 'extension', name: target.chain, info: { unparsed: [], why: text } } };
}
