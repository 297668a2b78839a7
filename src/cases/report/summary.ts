/** How many cases and rows came out how. */
import type { CaseResult, Outcome } from '../run/result.ts';

export interface Tally {
  readonly all: number;
  readonly passed: number;
  readonly failed: number;
  readonly error: number;
}

export interface Summary {
  readonly cases: Tally;
  readonly rows: Tally;
  readonly seconds: number;
}

export function summaryOf(results: readonly CaseResult[]): Summary {
  const rows = results.flatMap((result) => result.rows);
  return {
    cases: tally(results),
    rows: tally(rows),
    seconds: results.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

function tally(all: readonly { readonly outcome: Outcome }[]): Tally {
  const count = (outcome: Outcome) => all.filter((each) => each.outcome === outcome).length;
  return { all: all.length, passed: count('passed'), failed: count('failed'), error: count('error') };
}
