/** Columns of a pane's rows. */
import { padEnd, padStart, truncate } from '../../report/text/width.ts';

/** A text without colours in exactly that many columns, cut or filled up. */
export function cell(text: string, width: number): string {
  return width <= 0 ? '' : padEnd(truncate(text, width), width);
}

/** The same with its end at the right, as numbers stand. */
export function rightCell(text: string, width: number): string {
  return width <= 0 ? '' : padStart(truncate(text, width), width);
}

/** A text without colours in at most that many columns. */
export function clip(text: string, width: number): string {
  return width <= 0 ? '' : truncate(text, width);
}
