/** Lines of the inputs that could not be read: a rule that iptables would not take says nothing in a test. */
import type { Issue } from '../../base/issue.ts';
import type { InputSet } from '../../input/input.ts';
import type { CaseError, CaseFile } from '../file/case-file.ts';
import type { RowResult } from './result.ts';

/** Errors for those that the case doesn't expect, rows for those that it does. */
export function refusedLines(
  { dumps }: InputSet,
  { path: own, refused }: CaseFile,
): { errors: CaseError[]; rows: RowResult[] } {
  const wrong = [...new Set(dumps.map(({ dump }) => dump))]
    .flatMap(({ issues, path }) => issues.map((issue): Issue => ({ path, ...issue })))
    .filter(({ severity }) => severity === 'error');
  const expected = wrong.filter((issue) => refused.some(({ value }) => isAt(value, issue)));
  const rows = refused.map(({ value, place }): RowResult => {
    const is = wrong.some((issue) => isAt(value, issue));
    const row = { section: 'refused', text: `refused ${value}`, place, assumptions: [] } as const;
    if (is) return { ...row, outcome: 'passed', differences: [] };
    const differences = [{ what: 'refused', expected: value, found: 'read' }];
    return {
      ...row,
      outcome: 'failed',
      expected: 'a line that can’t be read',
      found: 'it is read',
      differences,
    };
  });
  const errors = wrong
    .filter((issue) => !expected.includes(issue))
    .map(({ path, line, text }) => ({ path: path ?? own, line: line ?? 1, column: 1, text }));
  return { errors, rows };
}

/** `rules.v4:5` is the end of the path, and the line. */
function isAt(value: string, { path = '', line }: Issue): boolean {
  const at = `${path}:${line ?? 1}`;
  return at === value || at.endsWith(`/${value}`);
}
