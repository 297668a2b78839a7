/** Moments from which traffic behaves otherwise: when, the packets on both sides, and what changed. */
import { printable } from '../../base/printable.ts';
import type { Behaviour, Change, Difference } from '../../diagnose/change/change.ts';
import type { Evidence } from '../../diagnose/finding.ts';
import type { Analysis, AnalysisState } from '../analysis.ts';
import { place } from './paths.ts';
import type { Style } from './style.ts';
import { columns, hang } from './wrap.ts';

/** Differences told one by one; of more it is said how many. */
const SHOWN = 8;

const INDENT = 4;

export function changeLines(
  { changes = [], states = [] }: Analysis,
  shorten: (path: string) => string,
  style: Style,
): string[] {
  if (changes.length === 0) return states.length > 0 ? ['', ...stateLines(states, shorten, style)] : [];
  const day = new Date((changes[0]?.time ?? 0) * 1000);
  const date = Number.isNaN(day.getTime()) ? '' : ` of ${day.toISOString().slice(0, 10)}`;
  const lines = ['', `${style.bold('When it changed')} ${style.dim(`(UTC${date})`)}`];
  for (const change of changes) lines.push('', ...oneChange(change, shorten, style));
  if (states.length > 0) lines.push('', ...stateLines(states, shorten, style));
  return lines;
}

const WORDS: Readonly<Record<Behaviour, string>> = {
  silent: 'no answer',
  refused: 'refused',
  answered: 'answered',
};

function oneChange(change: Change, shorten: (path: string) => string, style: Style): string[] {
  const [first = '', ...others] = change.traffic.map(printable);
  const time = clockText(change.time);
  const margin = ' '.repeat(INDENT);
  const more = others.map((name) => `${' '.repeat(time.length + 4)}${name}`);
  const side = (behaviour: Behaviour, lead: string, item: Evidence) => {
    const paint = behaviour === 'answered' ? style.good : style.bad;
    return [lead, paint(WORDS[behaviour]), `${printable(item.text)}: ${cited([item], shorten)}`];
  };
  return [
    ...hang(`  ${style.bold(time)}  `, style.bold(first), style.width),
    ...(style.verbose ? more : more.slice(0, 3)),
    ...(more.length > 3 && !style.verbose ? [`${margin}… and ${more.length - 3} more (all with -v)`] : []),
    ...columns(
      [side(change.was, 'until then', change.before), side(change.became, 'from then', change.after)],
      { width: style.width, indent: INDENT, limit: Math.floor(style.width * 0.4) },
    ),
    ...differenceLines(change.changed, shorten, style),
    ...(change.text === '' ? [] : hang(margin, printable(change.text), style.width)),
    ...change.findings.slice(0, 1).map((index) => `${margin}${style.dim(`See finding ${index + 1}.`)}`),
  ];
}

function differenceLines(
  differences: readonly Difference[],
  shorten: (path: string) => string,
  style: Style,
): string[] {
  const shown = style.verbose ? differences : differences.slice(0, SHOWN);
  const lines = shown.flatMap(({ text, decides, evidence }) => [
    ...hang(`    ${decides ? style.good('✓') : '·'} `, printable(text), style.width),
    ...hang('      ', cited(evidence, shorten), style.width).map(style.dim),
  ]);
  const hidden = differences.length - shown.length;
  if (hidden > 0) lines.push(`      … and ${hidden} more (all with -v)`);
  return lines;
}

/** The places alone; the words beside say what is there. */
function cited(evidence: readonly Evidence[], shorten: (path: string) => string): string {
  return evidence
    .map((item) => place({ ...item, path: shorten(item.path) }).replaceAll(' ', '\u00a0'))
    .join(', ');
}

/** What was dumped more than once, state by state. */
function stateLines(
  states: readonly AnalysisState[],
  shorten: (path: string) => string,
  style: Style,
): string[] {
  const rows = states.map(({ from, to, orderBy, dumps, after }, index) => {
    const name = from === undefined ? `${index + 1}` : clockText(from).slice(0, 8);
    const until =
      to === undefined || from === undefined || to - from < 1 ? '' : `–${clockText(to).slice(0, 8)}`;
    const note = orderBy === 'modified' ? ' (in the order of their files’ times)' : '';
    const by = after
      ? `after ${place({ path: shorten(after.path), line: after.line })}: ${printable(after.command)}`
      : `${someOf(dumps.map((path) => printable(shorten(path))))}${note}`;
    return [style.bold(`${name}${until}`), by];
  });
  const why = states.some(({ after }) => after)
    ? 'while what was typed was captured, and in the end'
    : 'dumped more than once';
  return [
    ...hang('', `${style.bold('States of the host')} ${style.dim(`(${why})`)}`, style.width),
    ...columns(rows, { width: style.width, indent: 2 }),
  ];
}

const MOST_DUMPS = 6;

/** A collected bundle has counters of every namespace twice. */
function someOf(names: readonly string[]): string {
  if (names.length <= MOST_DUMPS) return names.join(', ');
  return `${names.slice(0, MOST_DUMPS - 1).join(', ')} and ${names.length - MOST_DUMPS + 1} more`;
}

function clockText(seconds: number): string {
  const date = new Date(Math.floor(seconds * 1000));
  return Number.isNaN(date.getTime()) ? `${seconds}` : date.toISOString().slice(11, 23);
}
