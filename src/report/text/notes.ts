/** What the analysis went by, what it did not know, and what it stumbled over. */
import { printable } from '../../base/printable.ts';
import type { Analysis, AnalysisTopology } from '../analysis.ts';
import { collectCommand } from '../collect-command.ts';
import { place } from './paths.ts';
import type { Style } from './style.ts';
import { columns, hang } from './wrap.ts';

const SHOWN_WARNINGS = 12;

export function missingLines(topology: AnalysisTopology, style: Style): string[] {
  const { missing } = topology;
  if (missing.length === 0) return [];
  const byText = new Map<string, AnalysisTopology['missing']>();
  for (const item of missing) {
    const own = `${item.namespace}: `;
    const text = item.text.startsWith(own) ? item.text.slice(own.length) : item.text;
    const key = `${item.dump}\n${text}`;
    byText.set(key, [...(byText.get(key) ?? []), { ...item, text }]);
  }
  const rows = [...byText.values()].flatMap((items) => {
    const [first] = items;
    if (!first) return [];
    const where = items.map((item) => printable(item.namespace)).join(', ');
    const commands = new Set(
      items.map((item) => commandFor(item, topology)).filter((command) => command !== ''),
    );
    const text = printable(first.text);
    return [[style.bold(where), text], ...[...commands].map((command) => ['', commandText(command, style)])];
  });
  return [
    '',
    `${style.bold('Not known')} ${style.dim('(and the command that shows it)')}`,
    ...columns(rows, { width: style.width, indent: 2, limit: 24 }),
  ];
}

/** What somebody types to get it; nothing where it's about one interface (`host:veth1: …`), since the dump itself is there. */
function commandFor(item: AnalysisTopology['missing'][number], topology: AnalysisTopology): string {
  if (item.text.startsWith(`${item.namespace}:`)) return '';
  const netns = topology.namespaces.find(({ name }) => name === item.namespace);
  return collectCommand(item.namespace, item.dump, netns?.container) ?? '';
}

export function warningLines(analysis: Analysis, shorten: (path: string) => string, style: Style): string[] {
  const { warnings } = analysis;
  const shown = style.verbose ? warnings : warnings.slice(0, SHOWN_WARNINGS);
  if (shown.length === 0) return [];
  const lines = shown.flatMap((warning) => {
    const at = warning.path === undefined ? '' : `${place({ ...warning, path: shorten(warning.path) })}: `;
    return hang('  ', `${at}${printable(warning.text)}`, style.width);
  });
  const hidden = warnings.length - shown.length;
  if (hidden > 0) lines.push(`  … and ${hidden} more (all with -v)`);
  return ['', style.doubtful(style.bold('Warnings')), ...lines];
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
