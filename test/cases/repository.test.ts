/** The cases of this repository, run by the command itself. */
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { run } from '../cli/harness.ts';
import { expectValid } from '../support/schemas.ts';

it.each(['rulesets', 'captures', 'docs/examples'])(
  'nettrace test %s',
  { timeout: 300_000 },
  async (folder) => {
    const { stdout } = await run(['test', folder, '--format', 'json']);
    const report = JSON.parse(stdout);
    expectValid('test', report);
    const wrong = report.cases.flatMap(
      ({ path, rows, errors }: { path: string; rows: Row[]; errors: object[] }) => [
        ...errors,
        ...rows
          .filter(({ outcome }) => outcome !== 'passed')
          .map(({ text, expected, found }) => ({ path, text, expected, found })),
      ],
    );
    expect(wrong).toEqual([]);
    expect(report.cases.length).toBeGreaterThanOrEqual(LEAST[folder] ?? 0);
  },
);

interface Row {
  readonly outcome: string;
  readonly text: string;
  readonly expected?: string;
  readonly found?: string;
}

const LEAST: Readonly<Record<string, number>> = {
  rulesets: readdirSync('rulesets').filter((name) => name.endsWith('.rules')).length,
  captures: readdirSync('captures', { withFileTypes: true }).filter((entry) => entry.isDirectory()).length,
  'docs/examples': 4,
};
