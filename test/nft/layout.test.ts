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
    ['a header and its indentation are gone', '\tchain a {', '#?', ['t s', 't b 0', 'u c 1']],
    ['a table’s header is something else', 'table ip u {', 'tble', ['t s', 't a 2', 't b 0']],
    [
      'an empty line opens a bracket',
      '\t}\n\n\tchain b',
      '\t}\n@{\n\tchain b',
      ['t s', 't a 2', 't b 0', 'u c 1'],
    ],
    ['an empty line is two', '\t}\n\n\tchain b', '\t}\n0\n{\n\tchain b', ['t s', 't a 2', 't b 0', 'u c 1']],
    [
      'a rule begins with a bracket',
      '\t\ttcp dport 1',
      '{\t\ttcp dport 1',
      ['t s', 't a 2', 't b 0', 'u c 1'],
    ],
    [
      'what a bracket is in isn’t indented',
      '\t\ttcp dport 1 accept',
      'x {',
      ['t s', 't a 2', 't b 0', 'u c 1'],
    ],
    [
      'an empty line ends the table and opens a block',
      '\t}\n\n\tchain b',
      '\t}\n}]9{\n\tchain b',
      ['t s', 't a 2', 't b 0', 'u c 1'],
    ],
    [
      'an empty line opens a block of no name',
      '\t}\n\n\tchain b',
      "\t}\nn \t`@S]?3x')9>('8b'{\n\tchain b",
      ['t s', 't a 2', 't b 0', 'u c 1'],
    ],
    ['elements are not opened', 'elements = {', 'elements = ', ['t s', 't a 2', 't b 0', 'u c 1']],
  ])('%s', (_, part, other, expected) => {
    const text = RULESET.replace(part, () => other);
    expect(text).not.toBe(RULESET);
    expect(names(text)).toEqual(expect.arrayContaining([...expected]));
    expect(readRuleset(text, 'x').issues).not.toEqual([]);
  });

  it('keep what stands behind them: comments, handles, the next rule', () => {
    const text = `table ip t {
\tchain a { # handle 1
\t\ttcp dport 1 jump {
\t\t\taccept # handle 2
\t\ttcp dport 2 accept # handle 3
\t}
\tchain b { # handle 4
\t}
}
`;
    const { ruleset, issues } = readRuleset(text, 'x');
    const [table] = ruleset.tables;
    expect(table?.chains.map(({ name, handle, rules }) => [name, handle, rules.length])).toEqual([
      ['__chain0', undefined, 1],
      ['a', 1, 2],
      ['b', 4, 0],
    ]);
    expect(issues).toMatchObject([{ line: 4 }]);
  });

  it('of a damaged line leave the whole lines beside it as they are', () => {
    const text = `table inet t {
\tchain a {
\t    \taccept
\t    }
\tchain b { type filter hook forward priority 0; policy drop; }
\tchain licy drop; }
}
`;
    const [table] = readRuleset(text, 'x').ruleset.tables;
    expect(table?.chains.map(({ name, base }) => [name, base?.policy])).toEqual([
      ['a', undefined],
      ['b', 'drop'],
    ]);
  });

  it('of a text that breaks off are told by what stands before its end', () => {
    const text = 'table ip t {\n    #\n}-q$ >\n    chain c {\n        counter accept\n';
    const { ruleset, issues } = readRuleset(text, 'x');
    expect(
      ruleset.tables.map(({ name, chains }) => [name, chains[0]?.name, chains[0]?.rules.length]),
    ).toEqual([['t', 'c', 1]]);
    expect(issues.map(({ line }) => line)).toEqual([3, 3, 5]);
  });

  it.each([
    [
      'that aren’t there behind a chain end it, also where others are not closed or closed with more',
      '\\9999',
    ],
    ['aren’t opened by a line that stands out in a block, behind which that goes on as it began', "   '\n"],
  ])('%s', (_, line) => {
    const text = `table ip t {
    chain a {
        accept
${line}
    chain b {
        accept
    }
}"

    netns ip addr add
`;
    const [table] = readRuleset(text, 'x').ruleset.tables;
    expect(table?.chains.map(({ name, rules }) => [name, rules.length])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });

  it('that an odd line opens are no block of the text', () => {
    const text = 'table ip t {\n    chain a {\n!>=*<YN"[{\n        accept\n    }\n}\n';
    const [table] = readRuleset(text, 'x').ruleset.tables;
    expect(table?.chains.map(({ name, rules }) => [name, rules.length])).toEqual([['a', 2]]);
  });

  it('of a text that breaks off are right where another line stands out', () => {
    const text =
      'table ip t {\n  NO\n    # x\n    chain c {\n        type filter hook input priority 0;\n        accept\n';
    const { ruleset, issues } = readRuleset(text, 'x');
    expect(ruleset.tables[0]?.chains.map(({ name, rules }) => [name, rules.length])).toEqual([['c', 1]]);
    expect(issues.map(({ line }) => line)).toEqual([2, 6]);
  });

  it('end nothing that goes on behind them', () => {
    const text = `table inet t {
\tchain a {
\t\t    accept
}#[{]
\t\t    ct state new
\t\t    counter
\t\t    drop
\t\t    }
\tchain b { type filter hook forward priority 0; policy drop; }
}
`;
    const [table] = readRuleset(text, 'x').ruleset.tables;
    expect(table?.chains.map(({ name, rules, base }) => [name, rules.length, base?.policy])).toEqual([
      ['a', 4, undefined],
      ['b', 0, 'drop'],
    ]);
  });

  it('that end a list and begin another one in the same line match', () => {
    const text = `table ip t {
    chain a {
        ip saddr {
            10.0.0.1
        } tcp dport {
            5
        } accept
        drop
    }
}
`;
    expect(withBracketsByLayout(text, () => expect.unreachable())).toBe(text);
  });

  it('where they are gone without a trace, pass over what they enclosed', () => {
    const text = RULESET.replace('\tchain a {\n', '');
    const { ruleset, issues } = readRuleset(text, 'x');
    expect(ruleset.tables.map(({ chains }) => chains.map(({ name }) => name))).toEqual([['b'], ['c']]);
    expect(issues.map(({ line }) => line)).toEqual([6, 8]);
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
