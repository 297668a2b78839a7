/** Where a piece of a dump was read: the file as the user named it, and the line, counted from 1. */
export interface Span {
  readonly path: string;
  readonly line: number;
}
