/** A list of labelled rows hung on a vertical line, which the eye follows: how a packet's path is drawn. */
import type { Style } from './style.ts';
import { displayWidth, padEnd } from './width.ts';
import { wrap } from './wrap.ts';

/** What stands on the line beside a row: begin and end of a namespace, something within it, the packet's death, beyond it. */
export type RailMark = 'begin' | 'within' | 'end' | 'death' | 'beyond';

export interface RailRow {
  readonly mark: RailMark;
  readonly label: string;
  readonly text: string;
  /** Colours the row's label and text once they are laid out. */
  readonly tone?: 'good' | 'bad' | 'doubtful' | 'dim' | 'name';
}

const SIGNS: Readonly<Record<RailMark, string>> = {
  begin: '┌',
  within: '│',
  end: '└',
  death: '✗',
  beyond: '┊',
};

export function drawRail(
  rows: readonly RailRow[],
  style: Style,
  indent: number,
  longestLabel: number,
): string[] {
  const labelled = rows.filter((row) => row.text !== '' && displayWidth(row.label) <= longestLabel);
  const size = Math.max(0, ...labelled.map((row) => displayWidth(row.label)));
  const margin = ' '.repeat(indent);
  const room = Math.max(20, style.width - indent - 2 - size - 2);
  const lines: string[] = [];
  for (const row of rows) {
    const texts = row.text === '' ? [] : wrap(row.text, room).map((line) => paint(line, row, style));
    const label = row.label === '' ? '' : paint(row.label, row, style);
    const beside = displayWidth(row.label) <= size;
    const first = beside && texts.length > 0 ? `${padEnd(label, size)}  ${texts[0]}` : label;
    lines.push(`${margin}${sign(row.mark, style)} ${first}`);
    const line =
      row.mark === 'end' ? ' ' : style.dim(row.mark === 'beyond' || row.mark === 'death' ? '┊' : '│');
    for (const text of texts.slice(beside ? 1 : 0))
      lines.push(`${margin}${line} ${' '.repeat(size)}  ${text}`);
  }
  return lines;
}

function sign(mark: RailMark, style: Style): string {
  return mark === 'death' ? style.bad(SIGNS[mark]) : style.dim(SIGNS[mark]);
}

function paint(text: string, row: RailRow, style: Style): string {
  if (row.tone === undefined) return text;
  return style[row.tone](text);
}
