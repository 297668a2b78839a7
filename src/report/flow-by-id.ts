/** A flow by its id: findings name theirs by that, and there may be as many of both as an input has packets. */
import { once } from '../base/memo.ts';
import type { Analysis, AnalysisFlow } from './analysis.ts';

const byId = once(
  (flows: Analysis['flows']): ReadonlyMap<number, AnalysisFlow> =>
    new Map(flows.map((flow) => [flow.id, flow])),
);

export function flowById({ flows }: Pick<Analysis, 'flows'>, id: number): AnalysisFlow | undefined {
  return byId(flows).get(id);
}

/** Those that are there, in the order of the ids. */
export function flowsById(analysis: Pick<Analysis, 'flows'>, ids: readonly number[]): AnalysisFlow[] {
  return ids.map((id) => flowById(analysis, id)).filter((flow) => flow !== undefined);
}
