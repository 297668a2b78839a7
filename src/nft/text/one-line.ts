/**
 * The one line of a table whose damage explains brackets that don't match: the lines before it are indented as their brackets say,
 * and so are those behind it.
 */
import {
  endsWithBracket,
  isCloser,
  isHeader,
  isKnownHeader,
  type Line,
  opensNamed,
  startsWithBracket,
} from './line.ts';

/** What stood in place of `count` lines from `at` on, or between two of them where `count` is 0. */
export interface Change {
  readonly at: number;
  readonly count: number;
  /** A block began there of which nothing else is known, one ended there, or neither. */
  readonly what: 'begin' | 'end' | 'neither';
}

/** A block or list that is open before a line. */
interface Open {
  readonly outer: Open | undefined;
  readonly depth: number;
  readonly indent: number;
  /** Its lines stand one below the other, and a bracket ends it that stands below its first word. A list may end behind a word. */
  readonly isBlock: boolean;
  /** It is a chain, a set …: behind its end nothing goes on in the same line. */
  readonly isNamed: boolean;
  /** How its lines are indented. */
  readonly inside?: number;
}

/** One that has to be open before a line, as those behind it tell. */
interface Awaited {
  readonly outer: Awaited | undefined;
  readonly depth: number;
  /** How the line is indented that opens it; undefined: it is a list that ends behind a word. */
  readonly indent: number | undefined;
  /** How its lines are indented, the least if they aren't as one. */
  readonly inside: number;
  readonly isAsOne: boolean;
}

/** Undefined: there is none, or none alone. What is open behind the last table is no damage: the text breaks off. */
export function damagedLine(lines: readonly Line[], isLast: boolean): Change | 'whole' | undefined {
  const outermost = lines.find(isHeader)?.indent ?? 0;
  const before = openBefore(lines, outermost);
  if (before.length > lines.length && (isLast || before.at(-1)?.depth === 0)) return 'whole';
  const behind = awaitedBefore(lines, outermost);
  const changeOf = (count: number, areDamaged: (part: readonly Line[]) => boolean): Change | undefined => {
    for (let at = Math.min(before.length - 1, lines.length - count); at >= 0; at--) {
      const [open, awaited] = [before[at], behind[at + count]];
      if (open === undefined || awaited === undefined) return undefined;
      const what = between(open, awaited);
      if (what === undefined || !areDamaged(lines.slice(at, at + count))) continue;
      if (count > 0 || what !== 'neither') return { at, count, what };
    }
    return undefined;
  };
  const areOdd = (part: readonly Line[]) => part.some(isOdd) && !part.some(isKnown);
  const any = () => true;
  // A line that was split is two, or three.
  return (
    changeOf(1, areOdd) ??
    changeOf(2, areOdd) ??
    changeOf(3, areOdd) ??
    (isLast ? lineBeforeEnd(lines, before.length - 1, outermost) : undefined) ??
    changeOf(0, any) ??
    changeOf(1, any) ??
    changeOf(2, any) ??
    changeOf(3, any)
  );
}

/** It begins with a word that could name a block, or just ends one. */
function isKnown(line: Line): boolean {
  return isKnownHeader(line) || isCloser(line);
}

/**
 * The line without which a text breaks off as its indentation says: the last odd one before what can't be, which stands at `wrong`,
 * the one before that, or itself.
 */
function lineBeforeEnd(lines: readonly Line[], wrong: number, outermost: number): Change | undefined {
  const odd = lines.findLastIndex((line, index) => index <= wrong && isOdd(line));
  for (const at of [odd, wrong - 1, wrong]) {
    if (at < 0) continue;
    const rest = lines.toSpliced(at, 1);
    const open = openBefore(rest, outermost);
    if (open.length > rest.length && (open.at(-1)?.depth ?? 0) > 0) return { at, count: 1, what: 'neither' };
  }
  return undefined;
}

/** Its brackets don't match, for no reason. */
function isOdd(line: Line): boolean {
  return (line.opens > 0 || line.closes > 0) && !isKnown(line);
}

/** Before each line, as long as they agree. */
function openBefore(lines: readonly Line[], outermost: number): Open[] {
  let open: Open = {
    outer: undefined,
    depth: 0,
    indent: -1,
    isBlock: true,
    isNamed: false,
    inside: outermost,
  };
  const all = [open];
  for (const line of lines) {
    const next = behindLine(open, line);
    if (next === 'wrong') break;
    open = next;
    all.push(open);
  }
  return all;
}

function behindLine(before: Open, line: Line): Open | 'wrong' {
  const isFirst = startsWithBracket(line);
  const isNamed = line.opens > 0 && opensNamed(line);
  if (isFirst && line.opens > 0 && before.isNamed && !isNamed) return 'wrong';
  let open = isFirst ? before : entered(before, line.indent);
  for (let left = line.closes; left > 0; left--) {
    if (open === 'wrong' || open.outer === undefined) return 'wrong';
    const isBelow = isFirst && left === line.closes;
    if (isBelow ? open.indent !== line.indent : open.isBlock) return 'wrong';
    open = open.outer;
  }
  if (isFirst && open !== 'wrong') open = entered(open, line.indent);
  for (let left = line.opens; left > 0 && open !== 'wrong'; left--) {
    const isBlock = left === 1 && endsWithBracket(line);
    open = { outer: open, depth: open.depth + 1, indent: line.indent, isBlock, isNamed };
  }
  return open;
}

function entered(open: Open, indent: number): Open | 'wrong' {
  if (indent <= open.indent) return 'wrong';
  if (!open.isBlock || open.inside === indent) return open;
  return open.inside === undefined ? { ...open, inside: indent } : 'wrong';
}

/** By the index of the line; those are not there that don't agree. */
function awaitedBefore(lines: readonly Line[], outermost: number): Awaited[] {
  const all: Awaited[] = [];
  let open: Awaited = { outer: undefined, depth: 0, indent: -1, inside: outermost, isAsOne: true };
  all[lines.length] = open;
  for (let at = lines.length - 1; at >= 0; at--) {
    const next = beforeLine(open, lines[at] as Line);
    if (next === 'wrong') break;
    open = next;
    all[at] = open;
  }
  return all;
}

function beforeLine(behind: Awaited, line: Line): Awaited | 'wrong' {
  let open = behind;
  for (let opened = line.opens; opened > 0; opened--) {
    if (!open.outer || !isOpenedBy(open, line.indent, opened === 1 && endsWithBracket(line))) return 'wrong';
    open = open.outer;
  }
  const isFirst = startsWithBracket(line);
  const inner = isFirst ? left(open, line.indent) : open;
  if (inner === 'wrong') return 'wrong';
  open = inner;
  for (let closed = line.closes; closed > 0; closed--) {
    const depth = open.depth + 1;
    const indent = isFirst && closed === 1 ? line.indent : undefined;
    open = { outer: open, depth, indent, inside: Infinity, isAsOne: true };
  }
  return isFirst ? open : left(open, line.indent);
}

function isOpenedBy(awaited: Awaited, indent: number, isBlock: boolean): boolean {
  if (isBlock && (awaited.indent === undefined || !awaited.isAsOne)) return false;
  return awaited.indent === undefined ? indent < awaited.inside : indent === awaited.indent;
}

/** With a line in it that is indented so. */
function left(awaited: Awaited, indent: number): Awaited | 'wrong' {
  if (awaited.inside === indent) return awaited;
  if (awaited.outer === undefined) return 'wrong';
  if (awaited.indent !== undefined && indent <= awaited.indent) return 'wrong';
  const isAsOne = awaited.inside === Infinity;
  return { ...awaited, inside: Math.min(awaited.inside, indent), isAsOne };
}

/** What stands between two lines, if it is a line's worth. */
function between(open: Open, awaited: Awaited): Change['what'] | undefined {
  const missing = awaited.depth - open.depth;
  if (missing === 0) return isSame(open, awaited) ? 'neither' : undefined;
  if (missing === 1) return isSame(open, awaited.outer) ? 'begin' : undefined;
  if (missing === -1) return isSame(open.outer, awaited) ? 'end' : undefined;
  return undefined;
}

function isSame(open: Open | undefined, awaited: Awaited | undefined): boolean {
  if (!open || !awaited) return open === awaited;
  if (!isOpenedBy(awaited, open.indent, open.isBlock)) return false;
  const isAligned =
    !open.isBlock || [undefined, awaited.inside].includes(open.inside) || awaited.inside === Infinity;
  return isAligned && isSame(open.outer, awaited.outer);
}
