/** What a pane of the screen shows: rows that are made when they are drawn, so that a list may have a hundred thousand. */
import type { Style } from '../report/text/style.ts';

export interface Pane {
  /** Plain text; stands in the border. */
  readonly title: string;
  /** Above the rows; it stays when they scroll. */
  readonly header?: string;
  readonly rows: number;
  /** Painted, at most as many columns as the pane was made for. */
  row(index: number): string;
  /**
   * What a row is about, where rows can be chosen: the one that was chosen stays so when rows come and go. Absent: the
   * pane is read, and scrolls by lines.
   */
  keyOf?(index: number): string;
  /** Where new rows come. Default: `last`. */
  readonly newest?: 'first' | 'last';
  /** The row of a key, in lists so long that nobody wants to search them; undefined: it is gone. */
  rowOf?(key: string): number | undefined;
  /** Instead of rows where there are none. */
  readonly empty?: string;
}

/** Columns inside of the border, and how text is painted. */
export interface PaneRoom {
  readonly width: number;
  readonly style: Style;
}

/** Lines that are there already. */
export function textPane(title: string, lines: readonly string[], empty?: string): Pane {
  return {
    title,
    rows: lines.length,
    row: (index) => lines[index] ?? '',
    ...(empty !== undefined && { empty }),
  };
}
