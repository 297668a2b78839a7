/** `nettrace test` on a terminal: what fails first, each with what was expected, what was found, and the packet's path. */
import { printable } from '../../base/printable.ts';
import type { Trace } from '../../netstack/hop.ts';
import { flowPath } from '../../report/text/flow-path.ts';
import { headerText } from '../../report/text/header.ts';
import { namespaceNames } from '../../report/text/namespace-name.ts';
import { nearText } from '../../report/text/near-rules.ts';
import { pathRows } from '../../report/text/path.ts';
import { commonFolder, place as placeText, shortener } from '../../report/text/paths.ts';
import { drawRail } from '../../report/text/rail.ts';
import { NO_CAPTURES } from '../../report/text/sightings.ts';
import { finish, type Style, styleOf, type TextOptions } from '../../report/text/style.ts';
import { displayWidth } from '../../report/text/width.ts';
import { hang } from '../../report/text/wrap.ts';
import { headerOf } from '../../report/trace-report.ts';
import type { CaseError, Place } from '../file/case-file.ts';
import type { CaseResult, RowResult } from '../run/result.ts';
import { type Summary, summaryOf } from './summary.ts';

const LONGEST_LABEL = 26;
/** So many cases that pass are named one by one. */
const MOST_NAMED = 30;

export function renderTests(results: readonly CaseResult[], options: TextOptions): string {
  const style = styleOf(options);
  const bad = results.filter(({ outcome }) => outcome !== 'passed');
  const good = results.filter(({ outcome }) => outcome === 'passed');
  const lines = [
    ...bad.flatMap((result) => [...caseLines(result, style), '']),
    ...goodLines(good, style),
    ...summaryLines(summaryOf(results), style),
  ];
  return finish(lines, options);
}

function caseLines(result: CaseResult, style: Style): string[] {
  const { file, rows, errors } = result;
  const wrong = rows.filter(({ outcome }) => outcome !== 'passed');
  const verb = rows.length === 1 ? 'fails' : 'fail';
  const count = wrong.length === 0 ? '' : `${wrong.length} of ${rows.length} ${verb}`;
  return [
    ruler(`✗ ${printable(file.name)}`, count, style),
    ...errors.flatMap((error) => ['', ...errorLines(error, style)]),
    ...wrong.flatMap((row) => ['', ...rowLines(row, result, style)]),
    ...(style.verbose
      ? passedLines(
          rows.filter(({ outcome }) => outcome === 'passed'),
          style,
        )
      : []),
  ];
}

/** A name, a line, and a count at its end. */
function ruler(name: string, count: string, style: Style): string {
  const tail = count === '' ? '' : ` ${count} ━━`;
  const room = style.width - displayWidth(name) - displayWidth(tail) - 4;
  return style.bad(`━━ ${name} ${'━'.repeat(Math.max(2, room))}${tail}`);
}

function at({ path, line, column }: Place): string {
  return `${printable(path)}:${line}:${column}`;
}

function errorLines(error: CaseError, style: Style): string[] {
  return [
    style.dim(`  ${at(error)}`),
    ...hang('    ', printable(error.text), style.width).map(style.bad),
    ...(error.hint ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => hang('    ', printable(line), style.width)),
  ];
}

function rowLines(row: RowResult, result: CaseResult, style: Style): string[] {
  const title = hang('  ', printable(row.text), style.width).map(style.bold);
  return [...title, style.dim(`  ${at(row.place)}`), ...rowBody(row, result, style)];
}

/** The case that a row is of, as far as its text asks for it. */
export type RowScene = Pick<CaseResult, 'namespaces' | 'analysis'>;

/** What was expected and found of one row, and the packet's way, without the row itself. `withAnswer`: the answer's way in any case. */
export function renderRow(row: RowResult, scene: RowScene, options: TextOptions, withAnswer = false): string {
  return finish(rowBody(row, scene, styleOf(options), withAnswer), options);
}

function rowBody(row: RowResult, result: RowScene, style: Style, withAnswer = false): string[] {
  const { error, expected, found, rule, near = [], assumptions, differences } = row;
  const isCertainty = differences.some(({ what }) => what === 'certainty');
  if (error && (found === undefined || expected === undefined)) return errorText(error, style);
  const facts: [string, string][] = [
    ...(expected === undefined ? [] : [['expected', expected] as [string, string]]),
    ...(found === undefined ? [] : [['found', found] as [string, string]]),
    ...moreFacts(row),
    ...(rule ? [['rule', ruleText(rule)] as [string, string]] : []),
    ...near.map((each): [string, string] => ['near', `${placeText(each)}: ${nearText(each)}`]),
  ];
  return [
    ...factLines(facts, style),
    ...(error ? errorText(error, style) : []),
    ...(row.there ? pathLines('Path', row.there, result, style) : []),
    ...(row.back && (withAnswer || showsBack(row)) ? pathLines('Answer', row.back, result, style) : []),
    ...(row.flow && result.analysis ? flowLines(row, result, style) : []),
    ...(assumptions.length > 0 ? assumedLines(assumptions, isCertainty, style) : []),
  ];
}

/** Parts that differ and that the sentence of what was found doesn't show. Of a packet that ends otherwise altogether that sentence is enough. */
function moreFacts({ differences, found = '' }: RowResult): [string, string][] {
  if (differences.some(({ what }) => what === 'verdict')) return [];
  return differences
    .filter(
      ({ what, found: is }) =>
        what !== 'certainty' &&
        what !== 'finding' &&
        !(what === 'answer' && /, answer |answered$/.test(found)) &&
        !found.includes(is),
    )
    .map(({ what, expected, found: is }) => [
      '',
      what === 'answer' ? `the answer ${is}` : `${what}: ${is}, not ${expected}`,
    ]);
}

function ruleText({ path, line, text }: NonNullable<RowResult['rule']>): string {
  if (path === undefined) return printable(text);
  return `${placeText({ path, ...(line !== undefined && { line }) })}: ${printable(text)}`;
}

function factLines(facts: readonly (readonly [string, string])[], style: Style): string[] {
  const size = Math.max(...facts.map(([label]) => label.length));
  return facts.flatMap(([label, text]) => {
    const lines = hang(`    ${label.padEnd(size)}  `, printable(text), style.width);
    return label === 'found' ? lines.map(style.bad) : label === 'expected' ? lines.map(style.good) : lines;
  });
}

function errorText({ text, hint }: CaseError, style: Style): string[] {
  return [
    ...hang('    ', printable(text), style.width).map(style.bad),
    ...(hint ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => hang('    ', printable(line), style.width)),
  ];
}

function showsBack({ differences }: RowResult): boolean {
  return differences.some(({ what }) => what.startsWith('answer'));
}

function pathLines(title: string, trace: Trace, { namespaces }: RowScene, style: Style): string[] {
  const shorten = shortener(commonFolder(pathsOf(trace)));
  const rows = pathRows(trace.hops, {
    notation: 'trace',
    nameOf: namespaceNames(namespaces),
    lookAt: NO_CAPTURES,
    withCaptures: false,
    places: (step) =>
      step.path === undefined
        ? ''
        : `\u00a0 (${placeText({ path: shorten(step.path), ...(step.line !== undefined && { line: step.line }) })})`,
    shorten,
  });
  const first = headerText(headerOf(trace));
  const last = headerText(trace.final);
  return [
    ...hang('    ', `${title}: ${first}`, style.width).map(style.dim),
    ...drawRail(rows, style, 4, LONGEST_LABEL),
    ...(first === last ? [] : [style.dim(`    by then it is ${last}`)]),
  ];
}

function pathsOf({ hops }: Trace): string[] {
  return hops.flatMap(({ steps }) =>
    steps.flatMap((step) => ('path' in step && step.path !== undefined ? [step.path] : [])),
  );
}

function flowLines({ flow, section }: RowResult, { analysis, namespaces }: RowScene, style: Style): string[] {
  if (!flow || !analysis || section !== 'flows') return [];
  const view = {
    analysis,
    nameOf: namespaceNames(namespaces),
    shorten: shortener(commonFolder(analysis.inputs.map(({ path }) => path))),
  };
  return [style.dim('    Path'), ...flowPath(flow, view, style, 4)];
}

function assumedLines(assumptions: readonly string[], fails: boolean, style: Style): string[] {
  const title = fails ? 'It rests on what is assumed (--strict):' : 'Assumed:';
  return [
    `    ${style.doubtful(title)}`,
    ...assumptions.flatMap((text) => hang('      ', printable(text), style.width)),
  ];
}

function goodLines(good: readonly CaseResult[], style: Style): string[] {
  if (good.length === 0) return [];
  if (good.length > MOST_NAMED && !style.verbose) return [];
  return [
    ...good.flatMap(({ file, rows, seconds }) => [
      `${style.good('✓')} ${printable(file.name)} ${style.dim(`${counted(rows.length, 'row')}, ${milliseconds(seconds)}`)}`,
      ...(style.verbose ? passedLines(rows, style) : []),
    ]),
    '',
  ];
}

function passedLines(rows: readonly RowResult[], style: Style): string[] {
  return rows.flatMap(({ text, expected }) =>
    hang(
      `  ${style.good('✓')} `,
      printable(expected === undefined ? text : `${text}: ${expected}`),
      style.width,
    ),
  );
}

function summaryLines(summary: Summary, style: Style): string[] {
  const { cases, rows, seconds } = summary;
  const parts = [
    ...(cases.failed > 0 ? [`${cases.failed} failed`] : []),
    ...(cases.error > 0 ? [`${cases.error} can’t be judged`] : []),
    `${cases.passed} passed`,
  ];
  const text = `${counted(cases.all, 'case')}: ${parts.join(', ')} · ${counted(rows.all, 'row')}, ${rows.failed + rows.error} of them not as expected · ${milliseconds(seconds)}`;
  const paint = cases.failed + cases.error > 0 ? style.bad : style.good;
  return hang(
    '',
    rows.failed + rows.error > 0 ? text : text.replace(/, 0 of them not as expected/, ''),
    style.width,
  ).map((line) => paint(line));
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

export function milliseconds(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}
