import type { Column } from '../sequence/columns.ts';
import { textWidth } from '../topology/text-width.ts';

/** Pixels: of the times at the left, all columns where they have room, and the narrowest and widest one. */
export const GUTTER = 90;
const ROOM = 930;
const NARROWEST = 104;
const WIDEST = 164;
/** Beside a column's name: to the box around it, and to the next one. */
const MARGIN = 20;

export const TEXT = 12;
export const SMALL = 11;

/** Where the columns of a sequence diagram are: each as wide as its name, and wider where there is room. */
export class Grid {
  readonly #lefts: number[] = [];
  readonly #widths: readonly number[];
  readonly width: number;

  constructor(columns: readonly Column[]) {
    const needed = columns.map(({ label, note }) =>
      Math.max(NARROWEST, MARGIN + textWidth(label, 'bold', TEXT), MARGIN + textWidth(note, 'sans', SMALL)),
    );
    const spare = Math.max(0, ROOM - needed.reduce((sum, width) => sum + width, 0)) / columns.length;
    this.#widths = needed.map((width) => Math.min(LONGEST, Math.max(width, Math.min(WIDEST, width + spare))));
    let left = GUTTER;
    for (const width of this.#widths) {
      this.#lefts.push(left);
      left += width;
    }
    this.width = Math.ceil(left);
  }

  widthOf(index: number): number {
    return this.#widths[index] ?? 0;
  }

  centre(index: number): number {
    return Math.round((this.#lefts[index] ?? 0) + this.widthOf(index) / 2);
  }

  /** For a text around `x`: moved as far as it takes to stay within the columns, cut where it is wider than all of them. */
  placed(text: string, x: number, size: number): { readonly text: string; readonly x: number } {
    const shown = cut(text, this.width - GUTTER, size);
    const half = Math.min(textWidth(shown, 'sans', size), this.width - GUTTER) / 2;
    return { text: shown, x: Math.round(Math.max(GUTTER + half, Math.min(this.width - half, x))) };
  }
}

const LONGEST = 340;

/** As much as there is room for; the whole is in a title beside. */
export function cut(text: string, room: number, size: number, face: 'sans' | 'bold' = 'sans'): string {
  if (textWidth(text, face, size) <= room) return text;
  let left = room - textWidth('…', face, size);
  let shown = '';
  for (const letter of text) {
    left -= textWidth(letter, face, size);
    if (left < 0) break;
    shown += letter;
  }
  return `${shown}…`;
}
