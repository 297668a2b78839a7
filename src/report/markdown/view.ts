import type { Analysis } from '../analysis.ts';

/** What the sections of a report share. */
export interface View {
  readonly analysis: Analysis;
  readonly shorten: (path: string) => string;
  readonly nameOf: (namespace: string) => string;
}
