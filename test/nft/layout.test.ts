/** Brackets of a ruleset that don't match: its indentation tells what is in what. */
import { describe, expect, it } from 'vitest';
import { withBracketsByLayout } from '../../src/nft/text/layout.ts';
import { readRuleset } from '../../src/nft/text/read.ts';

const RULESET = `table ip t {
	set s {
		type ipv4_addr
		elements = { 10.0.0.1,
			     10.0.0.2 }
	}

	chain a {
		type filter hook input priority filter; policy accept;
		tcp dport 1 accept
		tcp dport { 2, 3 } accept
	}

	chain b {
	}
}
table ip u {
	chain c {
		tcp dport 4 accept
	}
}
`;

function names(text: string): string[] {
  const { tables } = readRuleset(text, 'x').ruleset;
  return tables.flatMap((table) => [
    ...table.sets.map(({ name }) => `${table.name} ${name}`),
    ...table.chains.map(({ name, rules }) => `${table.name} ${name} ${rules.length}`),
  ]);
}

describe('brackets by layout', () => {
  it.each<[string, string, string, readonly string[]]>([
    ['a chain is not closed', '\t}\n\n\tchain b', '\n\tchain b', ['t s', 't a 2', 't b 0', 'u c 1']],
    [
      'a chain’s end is something else',
      '\t}\n\n\tchain b',
      '\tx\n\n\tchain b',
      ['t s', 't a 2', 't b 0', 'u c 1'],
    ],
    ['a header is gone', '\tchain a {\n', '', ['t s', 't b 0', 'u c 1']],
    ['a header is something else', 'chain a {', 'chin', ['t s', 't b 0', 'u c 1']],
    ['a table is not closed', '}\ntable ip u', '\ntable ip u', ['t s', 't a 2', 't b 0', 'u c 1']],
    ['a rule opens a bracket', 'dport 1 accept', 'dport { 1 accept', ['t s', 't a 2', 't b 0', 'u c 1']],
    ['a rule closes one', '{ 2, 3 }', ' 2, 3 }', ['t s', 't a 2', 't b 0', 'u c 1']],
    ['a rule is something else', '\t\ttcp dport 1 accept', '}{x', ['t s', 't a 2', 't b 0', 'u c 1']],
    ['elements are not closed', '10.0.0.2 }', '10.0.0.2 ', ['t s', 't a 2', 't b 0', 'u c 1']],
    ['elements are not opened', 'elements = {', 'elements = ', ['t s', 't a 2', 't b 0', 'u c 1']],
  ])('%s', (_, part, other, expected) => {
    const text = RULESET.replace(part, () => other);
    expect(text).not.toBe(RULESET);
    expect(names(text)).toEqual(expect.arrayContaining([...expected]));
    expect(readRuleset(text, 'x').issues).not.toEqual([]);
  });

  it('stay as they are where they match, however they are indented', () => {
    for (const text of [
      RULESET,
      RULESET.replaceAll('\t', ''),
      'table ip t {\nchain c {\n  }\n    }\n',
      'table ip t { chain c {\n} }',
    ])
      expect(withBracketsByLayout(text, () => expect.unreachable())).toBe(text);
  });

  it('stay as they are where nothing is indented', () => {
    const text = RULESET.replace(/^\s+/gm, '').replace('}\n', '');
    expect(withBracketsByLayout(text, () => expect.unreachable())).toBe(text);
  });
});
