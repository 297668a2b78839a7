/** Where a pane stands: its chosen row, and the first one that is shown. */
import type { Pane } from './pane.ts';

export interface Scroll {
  /** Of the chosen row; undefined: none was chosen yet. */
  readonly key: string | undefined;
  /** Where it was last. Of a pane that is read: the first line shown. */
  readonly at: number;
  readonly top: number;
  /** The chosen row is the newest, whichever that is. */
  readonly follows: boolean;
}

export const BEGIN: Scroll = { key: undefined, at: 0, top: 0, follows: false };

/** The same place in rows that came, went or moved meanwhile; `height`: rows that are shown. */
export function settle(scroll: Scroll, pane: Pane, height: number): Scroll {
  if (!pane.keyOf) {
    const top = clamp(scroll.top, 0, Math.max(0, pane.rows - height));
    return { ...scroll, at: top, top };
  }
  const at = scroll.follows ? newestOf(pane) : (indexOf(scroll, pane) ?? scroll.at);
  return placed({ ...scroll, at }, pane, height);
}

/** By so many rows. Who comes to the newest row follows from then on, who leaves it doesn't. */
export function move(scroll: Scroll, by: number, pane: Pane, height: number): Scroll {
  const now = settle(scroll, pane, height);
  return moveTo(now, (pane.keyOf ? now.at : now.top) + by, pane, height);
}

export function moveTo(scroll: Scroll, row: number, pane: Pane, height: number): Scroll {
  if (!pane.keyOf) return settle({ ...scroll, top: row }, pane, height);
  const at = clamp(row, 0, Math.max(0, pane.rows - 1));
  const follows = at === newestOf(pane);
  return placed({ ...scroll, at, follows }, pane, height);
}

function placed(scroll: Scroll, pane: Pane, height: number): Scroll {
  const at = clamp(scroll.at, 0, Math.max(0, pane.rows - 1));
  const key = pane.rows === 0 ? scroll.key : pane.keyOf?.(at);
  const lowest = Math.max(0, at - height + 1);
  const top = clamp(clamp(scroll.top, lowest, at), 0, Math.max(0, pane.rows - height));
  return { ...scroll, key, at, top };
}

function newestOf({ rows, newest }: Pane): number {
  return newest === 'first' ? 0 : Math.max(0, rows - 1);
}

/** Looks around where it was: rows seldom move far. */
function indexOf({ key, at }: Scroll, { rows, keyOf, rowOf }: Pane): number | undefined {
  if (key === undefined || !keyOf) return undefined;
  if (rowOf) return rowOf(key);
  for (let far = 0; at - far >= 0 || at + far < rows; far++) {
    if (at - far >= 0 && at - far < rows && keyOf(at - far) === key) return at - far;
    if (at + far < rows && keyOf(at + far) === key) return at + far;
  }
  return undefined;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
