/** Columns of a list: those for which there is room, the wider the more there is. */
import { displayWidth, padEnd, padStart } from '../report/text/width.ts';
import { clip } from './fold.ts';

export interface Column {
  readonly title: string;
  /** Least columns of the terminal, and most. */
  readonly width: number;
  readonly grows?: number;
  readonly isRight?: boolean;
  /** Columns that the whole row must have, or this one is left out. */
  readonly from?: number;
}

export interface Laid<C extends Column> {
  readonly column: C;
  readonly room: number;
}

const GAP = 1;

/** What is left over goes to those that grow, to the ones before first. */
export function layColumns<C extends Column>(columns: readonly C[], width: number): Laid<C>[] {
  const chosen = columns.filter(({ from = 0 }) => width >= from);
  let left = width - chosen.reduce((sum, column) => sum + column.width + GAP, -GAP);
  const growing = chosen.filter(({ grows }) => grows !== undefined).length;
  let share = growing;
  return chosen.map((column) => {
    if (column.grows === undefined || left <= 0) return { column, room: column.width };
    const more = Math.min(column.grows - column.width, Math.ceil(left / share));
    left -= more;
    share--;
    return { column, room: column.width + more };
  });
}

export function rowOf<C extends Column>(
  laid: readonly Laid<C>[],
  cell: (column: C, room: number) => string,
): string {
  return laid
    .map(({ column, room }, index) => {
      const text = cell(column, room);
      const fitting = displayWidth(text) > room ? clip(text, room) : text;
      if (column.isRight) return padStart(fitting, room);
      return index === laid.length - 1 ? fitting : padEnd(fitting, room);
    })
    .join(' '.repeat(GAP));
}
