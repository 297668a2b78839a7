/**
 * What is said of real rulesets, as it was reviewed (docs/lint.md); a change of the list is to be read as well
 * (LINT_GOLDEN=write vitest run test/lint/golden.test.ts writes it, LINT_GOLDEN=all tries every file). Of the corpora it has names, ids and lines alone.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { spanOf } from '../../src/lint/finding.ts';
import { LINT_PAGES } from '../../src/lint/lint.ts';
import { every, GOLDEN, writing } from './golden.ts';
import { lintPaths } from './lab.ts';

const LIST = 'test/lint/golden.json';
const golden = JSON.parse(readFileSync(LIST, 'utf8')) as Record<string, string[]>;

/** A finding of another level than its check’s has it behind the line. */
const usual = new Map(LINT_PAGES.map(({ id, severity }) => [id, severity]));

const found: Record<string, string[]> = {};

describe.each(GOLDEN)('%s', (group, paths) => {
  it.skipIf(paths.length === 0)('as it was reviewed', { timeout: every ? 600_000 : 120_000 }, async () => {
    const told: Record<string, string[]> = {};
    for (const path of paths) {
      const { findings } = await lintPaths([path]);
      const name = path.replace(/^\.\.\/shared\//, '').replace(/\/bundle$/, '');
      const lines = findings.map(
        ({ id, at, severity }) =>
          `${id} ${basename(spanOf(at).path)}:${spanOf(at).line}${severity === usual.get(id) ? '' : ` ${severity}`}`,
      );
      if (lines.length > 0) told[name] = lines.map((line) => line.replace(`${basename(path)}:`, ''));
    }
    Object.assign(found, told);
    if (writing) return;
    const names = new Set(paths.map((path) => path.replace(/^\.\.\/shared\//, '').replace(/\/bundle$/, '')));
    const own = Object.fromEntries(Object.entries(golden).filter(([name]) => names.has(name)));
    expect(told, group).toEqual(own);
  });

  afterAll(() => {
    if (writing) writeFileSync(LIST, `${JSON.stringify(found, null, 2)}\n`);
  });
});
