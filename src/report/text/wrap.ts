import { displayWidth, padEnd } from './width.ts';

/** Lines of at most that many columns, broken at spaces; a word that is longer stays whole, so that it can be copied. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) lines.push(...wrapParagraph(paragraph, width));
  return lines;
}

function wrapParagraph(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const word of text.split(/ +/)) {
    if (word === '') continue;
    const size = displayWidth(word);
    if (line !== '' && used + 1 + size > width) {
      lines.push(line);
      line = word;
      used = size;
    } else {
      line = line === '' ? word : `${line} ${word}`;
      used += size + (used === 0 ? 0 : 1);
    }
  }
  lines.push(line);
  return lines;
}

/** The text behind a lead-in; its further lines begin below its first word. */
export function hang(lead: string, text: string, width: number): string[] {
  const indent = displayWidth(lead);
  return wrap(text, Math.max(20, width - indent)).map((line, index) =>
    `${index === 0 ? lead : ' '.repeat(indent)}${line}`.trimEnd(),
  );
}

export interface ColumnOptions {
  readonly width: number;
  readonly indent?: number;
  readonly gap?: number;
  /** Widest a column (but the last) may make its neighbours start; a longer cell puts the rest on the next line. */
  readonly limit?: number;
  /** Columns aligned to the right, from 0. */
  readonly right?: readonly number[];
}

/** Rows with their columns aligned; the last column is wrapped within the width. */
export function columns(rows: readonly (readonly string[])[], options: ColumnOptions): string[] {
  return columnLines(rows, options).flat();
}

/** The same, the lines of each row by themselves. */
export function columnLines(rows: readonly (readonly string[])[], options: ColumnOptions): string[][] {
  const { width, indent = 0, gap = 2, limit = 40, right = [] } = options;
  const count = Math.max(0, ...rows.map((row) => row.length));
  const sizes = Array.from({ length: count }, (_, column) =>
    Math.max(
      0,
      ...rows
        .map((row) => displayWidth(row[column] ?? ''))
        .filter((size) => size <= limit || column === count - 1),
    ),
  );
  const margin = ' '.repeat(indent);
  return rows.map((row) => {
    let lead = margin;
    let at = indent;
    const lines: string[] = [];
    row.slice(0, -1).forEach((cell, column) => {
      const size = sizes[column] ?? 0;
      const overflow = displayWidth(cell) > size;
      const gone = Math.max(0, size - displayWidth(cell));
      at += size + gap;
      if (overflow) {
        lines.push(lead + cell);
        lead = ' '.repeat(at);
      } else
        lead = right.includes(column) ? padEnd(lead + ' '.repeat(gone) + cell, at) : padEnd(lead + cell, at);
    });
    return [...lines, ...hang(lead, row.at(-1) ?? '', width)];
  });
}
