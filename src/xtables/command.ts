/** One rule as given to the iptables command. */
import type { Issue } from '../base/issue.ts';
import type { Span } from '../base/span.ts';
import type { Family } from '../net/ip.ts';
import { type BuiltRules, buildRules } from './build.ts';
import { type Rule, TABLES, type TableName } from './rule.ts';
import { knownExtension } from './targets.ts';
import { bare, splitSaved, type Token } from './tokens.ts';

export interface ParsedRule {
  /** The first of `rules`. */
  readonly rule?: Rule;
  /** More than one when -s or -d list several addresses. */
  readonly rules: readonly Rule[];
  readonly chain?: string;
  /** -I's or -R's place, from 1. */
  readonly position?: number;
  readonly command?: string;
  readonly issues: readonly Issue[];
}

/**
 * One rule as given to the iptables command, `-A CHAIN …` or `-I CHAIN 3 …`: what iptables refuses is an error Issue with the
 * correction, and no rule. `table` is what `-t` said, if the words have no `-t` of their own.
 */
export function parseRule(
  words: string | readonly string[],
  family: Family,
  table: TableName,
  span: Span,
  /** The table's chains, when it is known which there are: others are refused. */
  chains?: ReadonlySet<string>,
): ParsedRule {
  const tokens: Token[] =
    typeof words === 'string'
      ? splitSaved(words)
      : words.map((text) => ({ text, quoted: /^-.*\s/.test(text) || text === '' }));
  const at = tokens.findIndex((token) => !token.quoted && (token.text === '-t' || token.text === '--table'));
  const named = at < 0 ? undefined : TABLES.find((each) => each === tokens[at + 1]?.text);
  const text = typeof words === 'string' ? words.trim() : words.map(bare).join(' ');
  const built = buildRules(tokens, { family, table: named ?? table, span, text, saved: false });
  const issues = [...built.issues];
  if (at >= 0 && named === undefined) {
    issues.push({
      severity: 'error',
      code: 'unknown-table',
      text: `-t ${tokens[at + 1]?.text ?? ''}: expected ${TABLES.join(', ')}`,
      path: span.path,
      line: span.line,
    });
  }
  if (chains) issues.push(...missingChains(built, chains, family, span));
  const failed = issues.some((issue) => issue.severity === 'error');
  const rules = failed ? [] : built.rules;
  const position = Number(built.raw.command?.words[1]);
  const [rule] = rules;
  return {
    ...(rule ? { rule } : {}),
    rules,
    ...(built.chain === undefined ? {} : { chain: built.chain }),
    ...(Number.isInteger(position) && position > 0 ? { position } : {}),
    ...(built.raw.command ? { command: built.raw.command.name } : {}),
    issues,
  };
}

function missingChains(
  { raw, chain, rules }: BuiltRules,
  chains: ReadonlySet<string>,
  family: Family,
  span: Span,
): Issue[] {
  const target = rules[0]?.target;
  const gone = target?.kind === 'jump' || target?.kind === 'goto' ? target.chain : undefined;
  const named = raw.command?.name === 'new-chain' ? undefined : chain;
  return [named, gone]
    .filter((name) => name !== undefined && !chains.has(name))
    .map((name = '') => ({
      severity: 'error',
      code: 'no-such-chain',
      text: `${knownExtension(name, family) ?? `there is no chain ${bare(name)}`} (chains: ${[...chains].join(', ')})`,
      path: span.path,
      line: span.line,
    }));
}
