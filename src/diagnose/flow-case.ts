import type { Flow } from '../correlate/flow.ts';
import { outcomeOf } from '../correlate/outcome.ts';
import { type Predictor, predict } from '../correlate/predict.ts';
import type { Correlation } from '../correlate/scan.ts';
import type { InputSet } from '../input/input.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Topology } from '../topology/topology.ts';
import type { Case, Scene } from './case.ts';
import type { Cause, Found } from './cause.ts';
import { CAUSES } from './causes.ts';

export function makeScene(
  inputs: InputSet,
  snapshot: Snapshot,
  topology: Topology,
  correlation: Correlation,
): Scene {
  const predictor: Predictor = { snapshot, topology, points: correlation.points };
  return { inputs, snapshot, topology, correlation, predictor };
}

/** A flow with its outcome by the captures and its path by the model. */
export function makeCase(scene: Scene, flow: Flow, hypothetical = false): Case {
  const prediction = predict(scene.predictor, flow, { hypothetical });
  return { ...scene, flow, outcome: outcomeOf(flow), ...(prediction && { prediction }), hypothetical };
}

export interface Diagnosed {
  readonly cause: Cause;
  readonly found: Found;
}

/** Explanations that differ by no more than this are equally good; then the more particular one is named. */
const EQUAL = 0.05;

/** What explains the flow best; undefined when nothing does, or nothing has to be explained. */
export function explain(kase: Case): Diagnosed | undefined {
  let best: Diagnosed | undefined;
  for (const cause of CAUSES) {
    const found = cause.find?.(kase);
    if (found && (!best || found.confidence > best.found.confidence + EQUAL)) best = { cause, found };
  }
  return best;
}
