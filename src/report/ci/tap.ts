/** Test Anything Protocol, version 14: a line for each case, what fails with a YAML block below it. */
import { printable, printableText } from '../../base/printable.ts';
import type { CiCase, CiReport } from './report.ts';

export function tapLines({ suites }: CiReport): string {
  const points = suites.flatMap(({ name, cases }) => cases.map((one) => ({ suite: name, one })));
  const lines = points.flatMap(({ suite, one }, index) => pointLines(suite, one, index + 1));
  return ['TAP version 14', `1..${points.length}`, ...lines, ''].join('\n');
}

function pointLines(suite: string, one: CiCase, number: number): string[] {
  const { outcome, name } = one;
  const isOk = outcome === 'passed' || outcome === 'skipped';
  const skip = outcome === 'skipped' ? ' # SKIP' : '';
  const point = `${isOk ? 'ok' : 'not ok'} ${number} - ${description(`${suite}: ${name}`)}${skip}`;
  return isOk ? [point] : [point, ...diagnostics(one)];
}

/** `#` begins a directive, `\` escapes it. */
function description(text: string): string {
  return printable(text).replace(/[\\#]/g, (sign) => `\\${sign}`);
}

function diagnostics({ outcome, type, message, details }: CiCase): string[] {
  const block = (details ?? '').split('\n').map((line) => `    ${printableText(line)}`.trimEnd());
  return [
    '  ---',
    ...(message === undefined ? [] : [`  message: ${quoted(message)}`]),
    `  severity: ${outcome === 'error' ? 'error' : 'fail'}`,
    ...(type === undefined ? [] : [`  type: ${quoted(type)}`]),
    ...(details === undefined ? [] : ['  details: |2', ...block]),
    '  ...',
  ];
}

/** JSON's strings are YAML's. */
function quoted(text: string): string {
  return JSON.stringify(printable(text));
}
