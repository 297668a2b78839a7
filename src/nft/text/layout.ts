/**
 * Brackets of a ruleset that don't match, put right by its indentation: nft prints a tab a level, and most people write so. A
 * damaged line then costs itself, not the blocks around it.
 */
import {
  isCloser,
  isHeader,
  isKnownHeader,
  type Line,
  lineOf,
  withoutBrackets,
  withoutComment,
} from './line.ts';
import { type Change, damagedLine } from './one-line.ts';

/**
 * The same lines; brackets were put behind them or taken out of them, of which `onChange` is told. A text whose brackets match, or
 * that isn't indented, stays as it is.
 */
export function withBracketsByLayout(text: string, onChange: (line: number, text: string) => void): string {
  if (areBalanced(text)) return text;
  const all = text.split('\n').map(lineOf);
  const before = all.map((line) => line.text);
  const lines = all.filter((line, index) => !isPassedOver(line, all[index - 1]));
  if (!isIndented(lines)) return text;
  const told = new Set<Line>();
  const tables = tablesOf(lines);
  for (const [index, table] of tables.entries()) {
    const behind = tables[index + 1]?.[0];
    const change = damagedLine(table, behind === undefined);
    if (change === 'whole') continue;
    const changed = change ? [make(change, table, behind)] : mend(table);
    for (const line of changed) if (line) told.add(line);
  }
  for (const [index, line] of all.entries()) if (told.has(line)) onChange(index + 1, before[index] ?? '');
  return all.map((line) => line.text).join('\n');
}

/** Comments, and what goes on with the line before by its backslash, stand as they like. */
function isPassedOver(line: Line, before: Line | undefined): boolean {
  if (withoutComment(line.text) === '') return true;
  return before?.text.endsWith('\\') === true && line.opens === 0 && line.closes === 0;
}

/** Each from the line that begins it to before the next one. */
function tablesOf(lines: readonly Line[]): Line[][] {
  const tables: Line[][] = [];
  let outermost: number | undefined;
  for (const line of lines) {
    const isTable = /^\s*table\s.*\{/.test(line.text) && line.indent <= (outermost ?? line.indent);
    if (isTable) outermost ??= line.indent;
    if (isTable || tables.length === 0) tables.push([line]);
    else tables.at(-1)?.push(line);
  }
  return tables;
}

/** Gives the line of which to tell, if one is changed. Brackets are put before a line, so that comments and handles behind others stay. */
function make(
  { at, count, what }: Change,
  lines: readonly Line[],
  behind: Line | undefined,
): Line | undefined {
  const damaged = lines.slice(at, at + count);
  const odd = damaged.filter(({ opens, closes }) => opens > 0 || closes > 0);
  // By a backslash the next line would go on with it.
  for (const line of odd) line.text = withoutBrackets(line.text).replace(/\\\s*$/, '');
  const [first] = damaged;
  const next = lines[at] ?? behind;
  if (first) {
    if (what === 'begin') first.text = `${withoutComment(first.text)} {`;
    if (what === 'end') first.text = '}';
    return what === 'neither' ? odd[0] : first;
  }
  if (next) next.text = `${what === 'begin' ? '{' : '};'} ${next.text}`;
  return lines[at - 1] ?? (lines[0] as Line);
}

function areBalanced(text: string): boolean {
  if (!/[{}]/.test(text)) return true;
  let depth = 0;
  for (const raw of text.split('\n')) {
    const { opens, closes } = lineOf(raw);
    if (closes > depth || (opens > 0 && closes > 0)) return false;
    depth += opens - closes;
  }
  return depth === 0;
}

/** Most blocks end with a bracket that is indented as the line is that opens them, or the text breaks off in them. */
function isIndented(lines: readonly Line[]): boolean {
  let headers = 0;
  let closed = 0;
  /** Indentation of the headers whose end is still to come. */
  const open: number[] = [];
  for (const line of lines) {
    if (isCloser(line)) {
      while ((open.at(-1) ?? -1) > line.indent) open.pop();
      if (open.at(-1) === line.indent) closed++;
      if (open.at(-1) === line.indent) open.pop();
    } else if (isKnownHeader(line)) {
      headers++;
      while ((open.at(-1) ?? -1) >= line.indent) open.pop();
      open.push(line.indent);
    }
  }
  const areMost = closed * 2 >= headers || (closed + open.length) * 2 > headers;
  return areMost && lines.some(({ indent }) => indent > 0);
}

/** Where several lines are damaged, line by line. Gives those that it changed. */
function mend(lines: readonly Line[]): Line[] {
  const before = lines.map(({ text }) => text);
  /** Indentation of the lines that opened what is open. */
  const open: number[] = [];
  /** By that, of the first line inside. */
  const inside = new Map<number, number>();
  /** Those whose line is damaged, and may have stood further in. */
  const guessed = new Set<number>();
  const push = (indent: number) => {
    open.push(indent);
    inside.delete(indent);
    guessed.delete(indent);
  };
  const guess = (indent: number) => {
    push(indent);
    guessed.add(indent);
  };
  for (const [index, line] of lines.entries()) {
    const previous = lines[index - 1];
    const next = lines[index + 1];
    const closeAbove = (indent: number) => {
      while (previous && (open.at(-1) ?? -1) > indent) {
        previous.text = `${withoutComment(previous.text)} }`;
        open.pop();
      }
    };
    if (isCloser(line)) {
      // What it would end goes on behind it.
      const isOdd = open.at(-1) !== line.indent && isDeeper(next, line);
      if (!isOdd) closeAbove(line.indent);
      const top = open.at(-1) ?? -1;
      const isEnd =
        top === line.indent ||
        (guessed.has(top) && line.indent > top && line.indent < (inside.get(top) ?? 0));
      if (!isEnd) {
        line.text = '';
        continue;
      }
      open.pop();
      if (next && next.indent > line.indent) begin(line, guess);
      continue;
    }
    const around = open.at(-1) ?? -1;
    // A line that stands further out than the next one is taken to stand where that does, unless it opens a block.
    const indent = isHeader(line) ? line.indent : Math.max(line.indent, next?.indent ?? 0);
    const isInner = indent > around || (!isHeader(line) && isInside(next, around));
    if (!isInner) closeAbove(indent - 1);
    const within = open.at(-1) ?? -1;
    if (!inside.has(within)) inside.set(within, line.indent);
    // Behind a line that stands out the block goes on as it began.
    const isOut =
      !isHeader(line) && line.indent !== inside.get(within) && next?.indent === inside.get(within);
    const goesDeeper =
      line.indent > within &&
      !isOut &&
      (isDeeper(next, line) ||
        (isHeader(line) && !(next && isCloser(next)) && isDeeper(lines[index + 2], line)));
    if (line.closes === 1 && line.opens === 0 && isInner && !isInside(next, around)) open.pop();
    else if (line.opens === 1 && line.closes === 0 && (goesDeeper || isEmptyBlock(line, next)))
      push(line.indent);
    else {
      if (line.opens > 0 || line.closes > 0) line.text = line.text.replace(/[{}]/g, ' ');
      if (goesDeeper && !(next && isCloser(next))) begin(line, guess);
    }
  }
  return lines.filter(({ text }, index) => text !== before[index]);
}

function isDeeper(line: Line | undefined, than: Line): boolean {
  return line !== undefined && line.indent > than.indent;
}

/** What begins on the line can't be told: it is passed over with all that is in it. */
function begin(line: Line, push: (indent: number) => void): void {
  line.text = `${withoutComment(line.text)} {`;
  push(line.indent);
}

/** The block that a line of that indentation opened goes on behind the line before. */
function isInside(next: Line | undefined, indent: number): boolean {
  return next !== undefined && (next.indent > indent || (next.indent === indent && isCloser(next)));
}

function isEmptyBlock(line: Line, next: Line | undefined): boolean {
  return next !== undefined && isHeader(line) && isCloser(next) && next.indent === line.indent;
}
