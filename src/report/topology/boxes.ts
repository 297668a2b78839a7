/** What stands in a box of the drawing, line by line, and how large that makes it. Coordinates are from the box's upper left corner. */
import { truncate, truncateStart } from '../text/width.ts';
import type { DrawnDevice, DrawnLine, DrawnNetwork, DrawnPort, Look } from './drawing.ts';
import { type Face, textWidth } from './text-width.ts';

export type Role = DrawnLine['role'];

export const FONTS: Readonly<Record<Role, { readonly face: Face; readonly size: number }>> = {
  title: { face: 'bold', size: 13 },
  name: { face: 'mono', size: 12 },
  note: { face: 'sans', size: 11 },
  address: { face: 'mono', size: 11 },
  capture: { face: 'mono', size: 11 },
  mark: { face: 'bold', size: 11 },
};

/** A text; `x` is its beginning, `y` its baseline. Captures and marks have a sign of `SIGN` units before them. */
export interface PlacedText {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly role: Role;
  readonly text: string;
  readonly sign: boolean;
}

/** A port's row in the box of its bridge. */
export interface Row {
  readonly id: string;
  readonly y: number;
  readonly height: number;
  readonly look: Look;
  readonly tip: readonly string[];
}

export interface Box {
  readonly width: number;
  readonly height: number;
  readonly texts: readonly PlacedText[];
  readonly rows: readonly Row[];
  /** Heights at which links arrive: at the box by its own id, at its rows by theirs. */
  readonly anchors: readonly { readonly id: string; readonly y: number }[];
}

export const SIGN = 14;
const LINE = 16;
const PAD = 10;
const INDENT = 12;

/** The longest that is shown; tips have all of it. */
const LONGEST: Readonly<Record<Role, number>> = {
  title: 36,
  name: 28,
  note: 44,
  address: 44,
  capture: 40,
  mark: 34,
};
const MARK_LINES = 4;
const NETWORK_NOTE = 30;

export function deviceBox(device: DrawnDevice): Box {
  const texts = placeLines(device.lines, PAD, 8);
  let y = texts.length === 0 ? 0 : 8 + heightOf(texts) + 8;
  const anchors = [{ id: device.id, y: 8 + LINE / 2 }];
  const rows: Row[] = [];
  const all = [...texts];
  for (const port of device.ports) {
    const inside = portTexts(port, y);
    const height = 4 + heightOf(inside) + 4;
    rows.push({ id: port.id, y, height, look: port.look, tip: port.tip });
    anchors.push({ id: port.id, y: y + 4 + LINE / 2 });
    all.push(...inside);
    y += height;
  }
  return { width: PAD + widest(all), height: y, texts: all, rows, anchors };
}

export function networkBox(network: DrawnNetwork): Box {
  const texts = placeLines(network.lines.flatMap(inRows), PAD + 4, 8, false);
  const height = 8 + heightOf(texts) + 8;
  return {
    width: PAD + 4 + widest(texts),
    height,
    texts,
    rows: [],
    anchors: [{ id: network.id, y: 8 + LINE / 2 }],
  };
}

/** Prefixes below each other, and notes in as many rows as they need: networks stand in a column of their own. */
function inRows({ role, text }: DrawnLine): DrawnLine[] {
  const rows = role === 'name' ? text.split(', ') : wrapped(text, NETWORK_NOTE);
  return rows.map((row) => ({ role, text: row }));
}

/** The lines at the top of a namespace or machine; what is in it begins at `height`. */
export function heading(lines: readonly DrawnLine[]): { width: number; height: number; texts: PlacedText[] } {
  const texts = placeLines(lines, 14, 8);
  return { width: widest(texts) + 14, height: 8 + heightOf(texts) + 8, texts };
}

function portTexts(port: DrawnPort, y: number): PlacedText[] {
  return placeLines(port.lines, PAD + 6 + INDENT * Math.min(port.depth, 4), y + 4);
}

/** A note that follows a name or title stands beside it. */
function placeLines(lines: readonly DrawnLine[], x: number, top: number, beside = true): PlacedText[] {
  const placed: PlacedText[] = [];
  let y = top;
  let before: PlacedText | undefined;
  for (const line of lines) {
    if (beside && line.role === 'note' && before && (before.role === 'name' || before.role === 'title')) {
      const text = placeText('note', shown(line), before.x + before.width + 8, before.y);
      placed.push(text);
      before = undefined;
      continue;
    }
    const parts = line.role === 'mark' ? markRows(line.text) : [shown(line)];
    for (const [index, part] of parts.entries()) {
      before = placeText(line.role, part, x, y + 12, index === 0);
      placed.push(before);
      y += LINE;
    }
  }
  return placed;
}

function placeText(role: Role, text: string, x: number, y: number, first = true): PlacedText {
  const { face, size } = FONTS[role];
  const sign = role === 'capture' || role === 'mark';
  return { x: sign ? x + SIGN : x, y, width: textWidth(text, face, size), role, text, sign: sign && first };
}

function shown({ role, text }: DrawnLine): string {
  return role === 'capture' ? truncateStart(text, LONGEST.capture) : truncate(text, LONGEST[role]);
}

function markRows(text: string): string[] {
  const rows = wrapped(text, LONGEST.mark);
  const kept = rows.slice(0, MARK_LINES).map((each) => truncate(each, LONGEST.mark));
  if (rows.length > MARK_LINES) kept[MARK_LINES - 1] = truncate(`${kept[MARK_LINES - 1]} …`, LONGEST.mark);
  return kept;
}

/** Broken between words; a longer word has a row to itself. */
function wrapped(text: string, longest: number): string[] {
  const rows: string[] = [];
  let row = '';
  for (const word of text.split(' ')) {
    const longer = row === '' ? word : `${row} ${word}`;
    if (longer.length <= longest) row = longer;
    else {
      if (row !== '') rows.push(row);
      row = word;
    }
  }
  rows.push(row);
  return rows;
}

function heightOf(texts: readonly PlacedText[]): number {
  return new Set(texts.map(({ y }) => y)).size * LINE;
}

function widest(texts: readonly PlacedText[]): number {
  return Math.max(0, ...texts.map(({ x, width }) => x + width));
}
