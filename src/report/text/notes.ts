/** What the analysis went by, what it did not know, and what it stumbled over. */
import { addTo } from '../../base/group-by.ts';
import { printable } from '../../base/printable.ts';
import type { Analysis, AnalysisTopology } from '../analysis.ts';
import { missingRows } from '../missing-rows.ts';
import { place } from './paths.ts';
import type { Style } from './style.ts';
import { columns, hang } from './wrap.ts';

const SHOWN_WARNINGS = 12;

export function missingLines(topology: AnalysisTopology, style: Style): string[] {
  const rows = missingRows(topology).flatMap(({ namespaces, text, commands }) => [
    [style.bold(namespaces.map(printable).join(', ')), printable(text)],
    ...commands.map((command) => ['', commandText(command, style)]),
  ]);
  if (rows.length === 0) return [];
  return [
    '',
    `${style.bold('Not known')} ${style.dim('(and the command that shows it)')}`,
    ...columns(rows, { width: style.width, indent: 2, limit: 24 }),
  ];
}

export function warningLines(analysis: Analysis, shorten: (path: string) => string, style: Style): string[] {
  const warnings = grouped(analysis.warnings);
  const shown = style.verbose ? warnings : warnings.slice(0, SHOWN_WARNINGS);
  if (shown.length === 0) return [];
  const lines = shown.flatMap(({ first, lines: places, times }) => {
    const at = first.path === undefined ? '' : place({ ...first, path: shorten(first.path) });
    const more = places.slice(1, MOST_PLACES).map((line) => `, ${line}`);
    const rest = times - 1 - more.length;
    const where = `${at}${more.join('')}${rest > 0 ? ` (and ${rest} more)` : ''}`;
    return hang('  ', `${where === '' ? '' : `${where}: `}${printable(first.text)}`, style.width);
  });
  const hidden = warnings.length - shown.length;
  if (hidden > 0) lines.push(`  … and ${hidden} more (all with -v)`);
  return ['', style.doubtful(style.bold('Warnings')), ...lines];
}

interface WarningGroup {
  readonly first: Analysis['warnings'][number];
  readonly lines: readonly number[];
  readonly times: number;
}

const MOST_PLACES = 8;

/** The same of several lines of a file is said once. */
function grouped(warnings: Analysis['warnings']): WarningGroup[] {
  const groups = new Map<string, Analysis['warnings'][number][]>();
  for (const warning of warnings) {
    const key = JSON.stringify([warning.path, warning.text]);
    addTo(groups, key, warning);
  }
  return [...groups.values()].flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    const lines = [...new Set(same.flatMap(({ line }) => line ?? []))].toSorted((a, b) => a - b);
    const [line] = lines;
    if (same.length === 1 || line === undefined) return [{ first, lines, times: same.length }];
    // Of several packets their lines are named.
    const { packet: _, ...rest } = first;
    return [{ first: { ...rest, line }, lines, times: same.length }];
  });
}

/** `Read from ./bundle: 2 captures (18 packets), 15 dumps of 2 namespaces.` */
export function inputLines(analysis: Analysis, folder: string, style: Style): string[] {
  const captures = analysis.inputs.filter((input) => input.packets !== undefined);
  const dumps = analysis.inputs.length - captures.length;
  const packets = captures.reduce((sum, input) => sum + (input.packets ?? 0), 0);
  const namespaces = analysis.topology.namespaces.length;
  const parts = [
    `${count(captures.length, 'capture')} (${count(packets, 'packet')})`,
    count(dumps, 'dump'),
    count(namespaces, 'namespace'),
  ];
  const from = folder === '' ? '' : ` from ${printable(folder)}`;
  const lines = hang('', `Read${from}: ${parts.join(', ')}.`, style.width).map(style.dim);
  if (!style.verbose) return ['', ...lines];
  const rows = analysis.inputs.map((input) => [
    printable(folder !== '' && input.path.startsWith(folder) ? input.path.slice(folder.length) : input.path),
    printable(input.kind),
    [input.namespace, input.interface]
      .filter((part) => part !== undefined)
      .map(printable)
      .join(':'),
    input.packets === undefined ? '' : count(input.packets, 'packet'),
  ]);
  return ['', ...lines, ...columns(rows, { width: style.width, indent: 2 })];
}

/** A command within wrapped text: it stays on one line, to be copied. */
export function commandText(command: string, style: Style): string {
  return style.command(printable(command).replaceAll(' ', '\u00a0'));
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
