/** A diagnosis of the flows that a filter asks for: the others are there to compare with, and nothing is said of them. */
import type { Flow } from '../correlate/flow.ts';
import type { Correlation } from '../correlate/scan.ts';
import type { Change } from './change/change.ts';

export function askedFlows({ flows, asked }: Correlation): readonly Flow[] {
  return asked ? flows.filter((flow) => asked.flows.has(flow)) : flows;
}

/** Moments in which one of these flows turned. */
export function changesAmong(changes: readonly Change[], { asked }: Correlation): readonly Change[] {
  if (!asked) return changes;
  const ids = new Set([...asked.flows].map(({ id }) => id));
  return changes.flatMap((change) => {
    const flows = change.flows.filter((id) => ids.has(id));
    return flows.length === 0 ? [] : [{ ...change, flows }];
  });
}
