/**
 * What is said of real rulesets, as it was reviewed (docs/lint.md) and as the kernel model bears it out; a change of the list is to be
 * read as well (LINT_GOLDEN=write vitest run test/lint/golden.test.ts writes it, LINT_GOLDEN=all tries every file). Of the corpora it has names, ids and lines alone.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spanOf } from '../../src/lint/finding.ts';
import { LINT_PAGES } from '../../src/lint/lint.ts';
import { check, emptyTally, expectBorneOut } from './claims.ts';
import { every, GOLDEN, writing } from './golden.ts';
import { lintOf } from './lab.ts';

const LIST = 'test/lint/golden.json';
const golden = JSON.parse(readFileSync(LIST, 'utf8')) as Record<string, string[]>;

/** A finding of another level than its check’s has it behind the line. */
const usual = new Map(LINT_PAGES.map(({ id, severity }) => [id, severity]));

const found: Record<string, string[]> = {};

const nameOf = (path: string) => path.replace(/^\.\.\/shared\//, '').replace(/\/bundle$/, '');

describe.each(GOLDEN)('%s', (group, paths) => {
  const told: Record<string, string[]> = {};
  const tally = emptyTally();
  // What is known of a ruleset is large and serves both: it is kept no longer than for its own turn.
  beforeAll(
    async () => {
      for (const path of paths) {
        const { findings, rulesets } = await lintOf(path);
        const lines = findings.map(
          ({ id, at, severity }) =>
            `${id} ${basename(spanOf(at).path)}:${spanOf(at).line}${severity === usual.get(id) ? '' : ` ${severity}`}`,
        );
        if (lines.length > 0)
          told[nameOf(path)] = lines.map((line) => line.replace(`${basename(path)}:`, ''));
        for (const ruleset of rulesets) check(ruleset, tally);
      }
      Object.assign(found, told);
    },
    every ? 900_000 : 300_000,
  );

  it.skipIf(paths.length === 0 || writing)('as it was reviewed', () => {
    const names = new Set(paths.map(nameOf));
    const own = Object.fromEntries(Object.entries(golden).filter(([name]) => names.has(name)));
    expect(told, group).toEqual(own);
  });

  it.skipIf(paths.length === 0)('is treated by the model as lint says', () => {
    expectBorneOut(tally);
  });

  afterAll(() => {
    if (writing) writeFileSync(LIST, `${JSON.stringify(found, null, 2)}\n`);
  });
});
