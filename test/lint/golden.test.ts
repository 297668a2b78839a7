/**
 * What is said of real rulesets. Every message was read, and is right; a change of the list is to be read as well
 * (LINT_GOLDEN=write vitest run test/lint/golden.test.ts writes it, LINT_GOLDEN=all tries every file). Of the corpora it has names, ids and lines alone.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { spanOf } from '../../src/lint/finding.ts';
import { lintPaths } from './lab.ts';

const LIST = 'test/lint/golden.json';
const golden = JSON.parse(readFileSync(LIST, 'utf8')) as Record<string, string[]>;
const writing = process.env.LINT_GOLDEN === 'write';

function within(folder: string, fits: (name: string) => boolean = () => true): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(fits)
    .map((name) => `${folder}/${name}`);
}

const bundles = (folder: string): string[] =>
  within(folder)
    .map((path) => `${path}/bundle`)
    .filter((path) => existsSync(path));

const groups = {
  'our own': [...bundles('captures'), ...within('rulesets'), 'docs/examples/firewall/rules'],
  'the corpus': within('../shared/corpus/rulesets', (name) => !name.includes('.kernel-normalized')),
  'listings of the corpus': within('../shared/corpus/dumps', (name) => /^iptables-[LS]__/.test(name)),
  scenarios: bundles('../shared/scenarios'),
};

/** Snapshots of one large firewall at several dates: one of them is tried, the others when they are asked for. */
const LARGE = 300_000;
const every = writing || process.env.LINT_GOLDEN === 'all';

function tried(paths: readonly string[]): string[] {
  const large = paths.filter((path) => statSync(path).isFile() && statSync(path).size > LARGE);
  return every ? [...paths] : paths.filter((path) => !large.slice(1).includes(path));
}

const found: Record<string, string[]> = {};

describe.each(Object.entries(groups))('%s', (group, all) => {
  const paths = tried(all);

  it.skipIf(paths.length === 0)('as it was reviewed', { timeout: 120_000 }, async () => {
    const told: Record<string, string[]> = {};
    for (const path of paths) {
      const { findings } = await lintPaths([path]);
      const name = path.replace(/^\.\.\/shared\//, '').replace(/\/bundle$/, '');
      const lines = findings.map(({ id, at }) => `${id} ${basename(spanOf(at).path)}:${spanOf(at).line}`);
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
