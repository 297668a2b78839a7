/** Cases for JUnit and TAP: a case is a suite, its rows are test cases. */
import type { CiCase, CiReport } from '../../report/ci/report.ts';
import { nearText } from '../../report/text/near-rules.ts';
import { VERSION } from '../../version.ts';
import type { CoverageSummary } from '../coverage/files.ts';
import type { CaseError, Place } from '../file/case-file.ts';
import type { CaseResult, RowResult } from '../run/result.ts';

export function testReport(results: readonly CaseResult[], coverage?: CoverageSummary): CiReport {
  const suites = results.map((result) => ({ name: result.file.path, cases: casesOf(result) }));
  const bar =
    coverage?.threshold === undefined ? [] : [{ name: 'coverage', cases: [coverageCase(coverage)] }];
  return {
    command: 'test',
    version: VERSION,
    problems: [],
    rules: [],
    suites: [...suites, ...bar],
    notices: [],
    successful: !results.some(({ outcome }) => outcome === 'error'),
  };
}

/** Of one suite, each has another name. */
function casesOf({ rows, errors, seconds }: CaseResult): CiCase[] {
  const each = rows.length === 0 ? 0 : seconds / rows.length;
  const cases = [
    ...errors.map(
      (error): CiCase => ({
        name: placeText(error),
        seconds: 0,
        outcome: 'error',
        type: 'unusable',
        message: error.text,
        details: errorText(error),
      }),
    ),
    ...rows.map((row) => rowCase(row, each)),
  ];
  const seen = new Map<string, number>();
  return cases.map((one) => {
    const times = (seen.get(one.name) ?? 0) + 1;
    seen.set(one.name, times);
    return times === 1 ? one : { ...one, name: `${one.name} (${times})` };
  });
}

function rowCase(row: RowResult, seconds: number): CiCase {
  const { text, outcome, differences, error, expected, found } = row;
  if (outcome === 'passed') return { name: text, seconds, outcome };
  const details = rowDetails(row);
  if (outcome === 'error' || !found)
    return {
      name: text,
      seconds,
      outcome,
      type: 'unusable',
      message: error?.text ?? 'it can’t be judged',
      details,
    };
  const type = differences[0]?.what ?? 'flow';
  return {
    name: text,
    seconds,
    outcome,
    type,
    message: `expected ${expected ?? 'something'}, found ${found}`,
    details,
  };
}

/** The place of the row, what was expected and found, the rule, and the way there as steps. */
export function rowDetails(row: RowResult): string {
  const { place, expected, found, rule, near = [], error, differences, assumptions, there } = row;
  const lines = [
    `${placeText(place)}: ${row.text}`,
    ...(expected === undefined ? [] : [`expected: ${expected}`]),
    ...(found === undefined ? [] : [`found: ${found}`]),
    ...differences.map((each) => `${each.what}: ${each.found}, not ${each.expected}`),
    ...(rule
      ? [`rule: ${rule.path === undefined ? '' : `${rule.path}:${rule.line ?? 1}: `}${rule.text}`]
      : []),
    ...near.map((each) => `near: ${each.path}:${each.line}: ${nearText(each)}`),
    ...(error ? [errorText(error)] : []),
    ...(there ? ['path:', ...stepLines(there)] : []),
    ...assumptions.map((text) => `assumed: ${text}`),
  ];
  return lines.join('\n');
}

function stepLines({ hops }: NonNullable<RowResult['there']>): string[] {
  return hops
    .filter((hop) => !hop.copy)
    .flatMap((hop) => [
      `  ${hop.namespace}${hop.in === undefined ? '' : `, in ${hop.in}`}`,
      ...hop.steps.flatMap((step) => {
        const at = 'path' in step && step.path !== undefined ? ` (${step.path}:${step.line ?? 1})` : '';
        switch (step.kind) {
          case 'rule':
          case 'nft-rule':
            return [`    ${step.table} ${step.chain} ${step.number}: ${step.text}${at}`];
          case 'policy':
          case 'nft-policy':
            return [`    ${step.table} ${step.chain} policy ${step.verdict}${at}`];
          case 'nat':
            return [`    ${step.manip === 'src' ? 'source' : 'destination'} NAT ${step.from} > ${step.to}`];
          case 'route':
            return [`    route ${step.route ?? step.decision}${at}`];
          case 'drop':
            return [`    dropped: ${step.text}`];
          default:
            return [];
        }
      }),
      ...(hop.out === undefined ? [] : [`    out ${hop.out}`]),
    ]);
}

function coverageCase({ percent, threshold = 0, rules, hit }: CoverageSummary): CiCase {
  const message = `${hit} of ${rules} rules matched: ${percent} %`;
  const enough = percent >= threshold;
  return {
    name: `at least ${threshold} % of the rules are matched`,
    seconds: 0,
    outcome: enough ? 'passed' : 'failed',
    ...(enough ? {} : { type: 'coverage' }),
    message,
  };
}

export function placeText({ path, line, column }: Place): string {
  return `${path}:${line}:${column}`;
}

function errorText(error: CaseError): string {
  return `${placeText(error)}: ${error.text}${error.hint === undefined ? '' : `\n${error.hint}`}`;
}
