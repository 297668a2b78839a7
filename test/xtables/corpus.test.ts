import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Family } from '../../src/net/ip.ts';
import { asLoaded } from '../../src/xtables/canonical.ts';
import { parseRule, parseSave } from '../../src/xtables/parse.ts';
import { printRule, printRuleset } from '../../src/xtables/print.ts';
import { TABLES, type TableName } from '../../src/xtables/rule.ts';
import { splitShell } from '../../src/xtables/tokens.ts';

/** Rulesets and syntax rows found in the wild, with what a real kernel said of them; read in place where they are. */
const CORPUS = '../shared/corpus';

/** What a skipped suite would list is asked for while the tests are collected, also where there is no corpus. */
function listed(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Rows of a table with a header line. */
function table(path: string): Record<string, string>[] {
  if (!existsSync(path)) return [];
  const [head = '', ...lines] = readFileSync(path, 'utf8').split('\n');
  const names = head.split('\t');
  return lines
    .filter((line) => line !== '')
    .map((line) => Object.fromEntries(line.split('\t').map((cell, i) => [names[i] ?? '', cell])));
}

describe.runIf(existsSync(`${CORPUS}/rulesets`))('rulesets', () => {
  const folder = `${CORPUS}/rulesets`;
  const facts = new Map(table(`${CORPUS}/rulesets-kernel.tsv`).map((row) => [row.file ?? '', row]));
  const names = listed(folder)
    .filter((name) => name.endsWith('.kernel-normalized'))
    .map((name) => name.replace(/\.kernel-normalized$/, ''));

  function load(name: string) {
    const row = facts.get(name);
    const family: Family = row?.family === 'ipv6' ? 6 : 4;
    const fixed = row?.fixups ?? '';
    let text = readFileSync(`${folder}/${name}`, 'utf8');
    if (fixed.includes('anon-mac')) text = text.replaceAll(/XX(:XX){5}/g, '00:00:00:00:00:00');
    if (fixed.includes('declare-missing-chains')) {
      const missing = new Set(
        parseSave(text, name, { family })
          .issues.filter((issue) => issue.code === 'unknown-target')
          .map((issue) => /^-[jg] ([^:]+):/.exec(issue.text)?.[1]),
      );
      text = text.replace(/^\*filter.*$/m, (line) =>
        [line, ...[...missing].map((chain) => `:${chain} - [0:0]`)].join('\n'),
      );
    }
    return parseSave(text, name, { family });
  }

  /** A usage text: `-h` stands in the file, and "loading" it printed help. */
  const NOT_LOADED = /unsupported_command/;

  it('print as the kernel saves them after loading', () => {
    const differ = names.filter((name) => {
      const wanted = readFileSync(`${folder}/${name}.kernel-normalized`, 'utf8').trim();
      return printRuleset(asLoaded(load(name).ruleset)).trim() !== wanted;
    });
    expect(differ.filter((name) => !NOT_LOADED.test(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(differ.length);
  });

  it('that the kernel loads are read without an error or anything unknown', () => {
    const flagged = names
      .filter((name) => !NOT_LOADED.test(name))
      .flatMap((name) => load(name).issues.map((issue) => `${name}:${issue.line} ${issue.text}`))
      .filter((text) => !/is opened again/.test(text));
    expect(flagged).toEqual([]);
  });

  it('all of them are read to the end, and print what reads back the same', () => {
    for (const name of listed(folder).filter((each) => !each.includes('.kernel-normalized'))) {
      const text = readFileSync(`${folder}/${name}`, 'utf8');
      const { ruleset } = parseSave(text, name);
      const printed = printRuleset(ruleset);
      const again = parseSave(printed, name, { family: ruleset.family, backend: ruleset.backend });
      expect(printRuleset(again.ruleset), name).toBe(printed);
    }
  });
});

describe.runIf(existsSync(`${CORPUS}/syntax`))('syntax rows', () => {
  interface Case {
    readonly file: string;
    readonly line: string;
    readonly family: Family;
    readonly table: TableName;
    readonly chain: string;
    readonly rule: string;
    readonly expected: string;
    readonly refused: boolean;
  }

  const cases: Case[] = listed(`${CORPUS}/syntax`)
    .filter((file) => file.endsWith('.t.rows.tsv'))
    .flatMap((file) =>
      table(`${CORPUS}/syntax/${file}`).flatMap((row) => {
        const name = TABLES.find((each) => each === row.table);
        if (row.family === 'arp' || row.family === 'eb' || !name) return [];
        return ([4, 6] as const)
          .filter((family) => row.family?.includes(String(family)))
          .flatMap((family) =>
            (row.chains ?? 'FORWARD').split(',').map((chain) => ({
              file: file.replace('.rows.tsv', ''),
              line: row.line ?? '',
              family,
              table: name,
              chain,
              rule: row.rule ?? '',
              expected: (row.expected_save === '=' ? row.rule : row.expected_save) ?? '',
              refused: row.expected_result === 'FAIL',
            })),
          );
      }),
    );

  /** A rule whose refusal hangs on the host, not on the rule. */
  const ON_THE_HOST: Readonly<Record<string, string>> = {
    'libxt_SET.t': 'the set has to exist',
    'libxt_connlabel.t': 'the label has to have that name',
  };

  function typed(each: Case): string | undefined {
    const words = ['-A', each.chain, ...splitShell(each.rule).map((token) => token.text)];
    const { rules } = parseRule(words, each.family, each.table, { path: each.file, line: 1 });
    if (rules.length === 0) return undefined;
    return rules
      .map((rule) => printRule(rule, each.family, each.chain).slice(`-A ${each.chain}`.length).trim())
      .join('\n');
  }

  function saved(each: Case): string | undefined {
    const text = `*${each.table}\n-A ${each.chain} ${each.rule}\nCOMMIT\n`;
    const { ruleset, issues } = parseSave(text, each.file, { family: each.family });
    if (issues.length > 0) return undefined;
    const rules = ruleset.tables.get(each.table)?.chains.get(each.chain)?.rules ?? [];
    return rules
      .map((rule) => printRule(rule, each.family, each.chain).slice(`-A ${each.chain}`.length).trim())
      .join('\n');
  }

  it.each([
    ['typed as a command', typed],
    ['in a saved ruleset', saved],
  ])('%s: those that load print as expected, the others are refused or flagged', (_, read) => {
    const wrong = cases
      .filter((each) => ON_THE_HOST[each.file] === undefined)
      .map((each) => ({ each, got: read(each) }))
      .filter(({ each, got }) => got !== (each.refused ? undefined : each.expected))
      .map(({ each, got }) => `${each.file}:${each.line} v${each.family} ${each.rule} => ${got}`);
    expect(wrong).toEqual([]);
    expect(cases.length).toBeGreaterThan(2000);
  });
});

describe.runIf(existsSync(`${CORPUS}/syntax`))("rules of other projects' tests", () => {
  const rows = listed(`${CORPUS}/syntax`)
    .filter((file) => file.startsWith('rules-from-tests__'))
    .flatMap((file) =>
      table(`${CORPUS}/syntax/${file}`).map((row): Record<string, string> => ({ file, ...row })),
    );

  /** A rule that the recording left behind in its chain stands in place of what some rows were saved as. */
  const times = new Map<string, number>();
  for (const row of rows) times.set(row.v4_nft_save ?? '', (times.get(row.v4_nft_save ?? '') ?? 0) + 1);
  const leftOver = (text: string): boolean => (times.get(text) ?? 0) > 5 && text.includes('hashlimit');

  it('print as iptables-nft saved them, where it took them', () => {
    const wrong: string[] = [];
    let compared = 0;
    for (const row of rows) {
      for (const family of [4, 6] as const) {
        const kernel = row[`v${family}_nft`];
        const wanted = row[`v${family}_nft_save`] ?? '';
        const name = TABLES.find((each) => each === row.table);
        if (kernel !== 'OK' || !name || leftOver(wanted)) continue;
        const chain = (row.chains ?? 'FORWARD').split(',')[0] ?? '';
        const rule = (row.rule ?? '').replace(/^-t \w+ /, '');
        const words = ['-A', chain, ...splitShell(rule).map((token) => token.text)];
        const { rules } = parseRule(words, family, name, { path: row.file ?? '', line: 1 });
        const got = rules.map((each) => printRule(each, family, chain).slice(`-A ${chain}`.length).trim());
        compared++;
        if (got.join(' ') !== wanted) wrong.push(`${row.rule} => ${got.join(' ')} instead of ${wanted}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(0);
  });
});

describe.runIf(existsSync(`${CORPUS}/odd-syntax.tsv`))('forms that a naive parser trips on', () => {
  /** Rows whose example is cut, is no rule, names chains and rules that stand elsewhere, or is what iptables itself refuses. */
  const NOT_BY_ITSELF =
    /^(?:no newline after|host name or placeholder|line that is no directive|leading garbage line|same table opened|command (?:-[DR]|--(?:delete|policy|rename-chain|replace)) inside|two -m comment|escaped quote|empty string|long option --source|non-ASCII bytes|--dport before -p|table with no|several spaces|same match loaded|jump to a chain|anonymised MAC|old-style negation|-m time)/;
  const rows = table(`${CORPUS}/odd-syntax.tsv`).filter(({ oddity = '', example = '' }) => {
    return example !== '' && !NOT_BY_ITSELF.test(oddity);
  });

  it.each(rows.map(({ oddity = '', example = '' }) => [oddity, example]))('%s', (_, example) => {
    const texts = /^\*/.test(example) ? [example] : TABLES.map((name) => `*${name}\n${example}`);
    const readings = texts.flatMap((text) =>
      ([4, 6] as const).map((family) => parseSave(`${text}\nCOMMIT\n`, 'odd', { family }).issues),
    );
    const flagged = readings.map((issues) => issues.filter(({ code }) => code !== 'unknown-target'));
    expect(flagged.some((issues) => issues.length === 0)).toBe(true);
  });
});
