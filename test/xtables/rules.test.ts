import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseRule } from '../../src/xtables/parse.ts';
import { printRule } from '../../src/xtables/print.ts';
import { TABLES } from '../../src/xtables/rule.ts';
import { splitShell } from '../../src/xtables/tokens.ts';

/**
 * rows/NAME.tsv: family (4, 6, 46), table, rule as typed, and its canonical form (`=` the same), or `FAIL: words of the message`.
 */
interface Row {
  readonly file: string;
  readonly family: 4 | 6;
  readonly table: string;
  readonly rule: string;
  readonly expected: string;
}

function rows(): Row[] {
  const all: Row[] = [];
  for (const file of readdirSync('test/xtables/rows')) {
    for (const line of readFileSync(`test/xtables/rows/${file}`, 'utf8').split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const [families = '', table = '', rule = '', expected = ''] = line.split('\t');
      for (const family of [4, 6] as const) {
        if (families.includes(String(family))) all.push({ file, family, table, rule, expected });
      }
    }
  }
  return all;
}

function outcome({ family, table, rule }: Row): string {
  const name = TABLES.find((each) => each === table) ?? 'filter';
  const words = splitShell(rule.startsWith('-A ') ? rule : `-A FORWARD ${rule}`).map((token) => token.text);
  const parsed = parseRule(words, family, name, { path: 'row', line: 1 });
  if (parsed.rules.length === 0) return `FAIL: ${parsed.issues.map((issue) => issue.text).join('; ')}`;
  const chain = parsed.chain ?? '';
  return parsed.rules
    .map((each) => printRule(each, family, chain).slice(`-A ${chain}`.length).trim())
    .join(' | ');
}

const table = rows();

describe('rules as typed', () => {
  it.each(table.filter((row) => !row.expected.startsWith('FAIL')))('$file v$family $rule', (row) => {
    const { expected, rule } = row;
    const wanted = expected === '=' ? rule : expected;
    expect(outcome(row)).toBe(wanted.replace(/^-A \S+ ?/, ''));
  });

  it.each(table.filter((row) => row.expected.startsWith('FAIL')))('$file v$family refuses $rule', (row) => {
    const got = outcome(row);
    expect(got).toMatch(/^FAIL: /);
    expect(got).toContain(row.expected.replace(/^FAIL:? ?/, ''));
  });
});
