/**
 * Brackets of a ruleset that don't match, put right by its indentation: nft prints a tab a level, and most people write so. A
 * damaged line then costs itself, not the blocks around it.
 */

interface Line {
  text: string;
  readonly indent: number;
  /** Brackets that it opens and doesn't close, and closes and didn't open. */
  readonly opens: number;
  readonly closes: number;
}

/**
 * The same lines; brackets were put behind them or taken out of them, of which `onChange` is told. A text whose brackets match, or
 * that isn't indented, stays as it is.
 */
export function withBracketsByLayout(text: string, onChange: (line: number, text: string) => void): string {
  if (areBalanced(text)) return text;
  const all = text.split('\n').map(lineOf);
  const lines = all.filter((line) => line.text.trim() !== '');
  if (!isIndented(lines)) return text;
  const before = all.map((line) => line.text);
  mend(lines);
  for (const [index, line] of all.entries()) {
    const was = before[index] ?? '';
    if (line.text !== was) onChange(index + 1, was);
  }
  return all.map((line) => line.text).join('\n');
}

/** Strings and comments hold no brackets. */
const BARE = /"[^"\n]*"|#.*/g;

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

function lineOf(text: string): Line {
  let opens = 0;
  let closes = 0;
  for (const char of text.replace(BARE, '').replace(/[^{}]/g, '')) {
    if (char === '{') opens++;
    else if (opens > 0) opens--;
    else closes++;
  }
  const space = /^[ \t]*/.exec(text)?.[0] ?? '';
  return { text, indent: space.replaceAll('\t', '        ').length, opens, closes };
}

function isCloser({ text }: Line): boolean {
  return /^\s*\}\s*(?:#.*)?$/.test(text);
}

function isHeader({ text, opens, closes }: Line): boolean {
  return opens === 1 && closes === 0 && /\{\s*(?:#.*)?$/.test(text);
}

/** Most blocks end with a bracket that is indented as the line is that opens them. */
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
    } else if (isHeader(line)) {
      headers++;
      open.push(line.indent);
    }
  }
  return closed * 2 >= headers && lines.some(({ indent }) => indent > 0);
}

function mend(lines: readonly Line[]): void {
  /** Indentation of the lines that opened what is open. */
  const open: number[] = [];
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
      closeAbove(line.indent);
      if (open.at(-1) !== line.indent) {
        line.text = '';
        continue;
      }
      open.pop();
      if (next && next.indent > line.indent) begin(line, open);
      continue;
    }
    const around = open.at(-1) ?? -1;
    // A line that stands further out than the next one is taken to stand where that does, unless it opens a block.
    const indent = isHeader(line) ? line.indent : Math.max(line.indent, next?.indent ?? 0);
    const isInner = indent > around || (!isHeader(line) && isInside(next, around));
    if (!isInner) closeAbove(indent - 1);
    const goesDeeper =
      line.indent > (open.at(-1) ?? -1) &&
      (isDeeper(next, line) ||
        (isHeader(line) && !(next && isCloser(next)) && isDeeper(lines[index + 2], line)));
    if (line.closes === 1 && line.opens === 0 && isInner && !isInside(next, around)) open.pop();
    else if (line.opens === 1 && line.closes === 0 && (goesDeeper || isEmptyBlock(line, next)))
      open.push(line.indent);
    else {
      if (line.opens > 0 || line.closes > 0) line.text = line.text.replace(/[{}]/g, ' ');
      if (goesDeeper && !(next && isCloser(next))) begin(line, open);
    }
  }
}

function isDeeper(line: Line | undefined, than: Line): boolean {
  return line !== undefined && line.indent > than.indent;
}

/** What begins on the line can't be told: it is passed over with all that is in it. */
function begin(line: Line, open: number[]): void {
  line.text = `${withoutComment(line.text)} {`;
  open.push(line.indent);
}

/** The block that a line of that indentation opened goes on behind the line before. */
function isInside(next: Line | undefined, indent: number): boolean {
  return next !== undefined && (next.indent > indent || (next.indent === indent && isCloser(next)));
}

function isEmptyBlock(line: Line, next: Line | undefined): boolean {
  return next !== undefined && isHeader(line) && isCloser(next) && next.indent === line.indent;
}

function withoutComment(text: string): string {
  return text.replace(BARE, (part) => (part.startsWith('#') ? '' : part)).trimEnd();
}
