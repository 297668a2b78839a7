/** The flow through the model as the host would be with some commands run: what decides is what makes the difference. */
import { type Prediction, type PredictOptions, predict } from '../correlate/predict.ts';
import { applyCommand } from '../snapshot/apply.ts';
import { buildTopology } from '../topology/build.ts';
import type { Case } from './case.ts';
import type { Command } from './cause.ts';

/** Undefined: a command can't be applied, or the model can't follow the flow. */
export function predictWith(
  kase: Case,
  commands: readonly Command[],
  options: PredictOptions = {},
): Prediction | undefined {
  let { snapshot } = kase;
  for (const { namespace, text } of commands) {
    const applied = applyCommand(snapshot, namespace, text);
    if (applied.issue) return undefined;
    snapshot = applied.snapshot;
  }
  const { inputs, correlation, flow } = kase;
  const topology = buildTopology(snapshot, inputs.captures, correlation.observations);
  return predict({ snapshot, topology, points: correlation.points }, flow, {
    hypothetical: true,
    ...options,
  });
}
