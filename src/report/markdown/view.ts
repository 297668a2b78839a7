import type { Analysis } from '../analysis.ts';

/** What the sections of a report share. */
export interface View {
  readonly analysis: Analysis;
  /** That all inputs lie in, with its slash; empty where they share none. */
  readonly folder: string;
  readonly shorten: (path: string) => string;
  readonly nameOf: (namespace: string) => string;
}
