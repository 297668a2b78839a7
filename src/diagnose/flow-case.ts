import type { Flow } from '../correlate/flow.ts';
import { type Outcome, outcomeOf } from '../correlate/outcome.ts';
import { type Prediction, type Predictor, predict } from '../correlate/predict.ts';
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
export function makeCase(scene: Scene, flow: Flow, hypothetical = false, from?: string): Case {
  const prediction = predict(scene.predictor, flow, { hypothetical, ...(from !== undefined && { from }) });
  const outcome = outcomeOf(flow);
  return {
    ...scene,
    flow,
    outcome: hypothetical ? outcome : doubted(interrupted(outcome), prediction),
    ...(prediction && { prediction }),
    hypothetical,
  };
}

/** A flow with what the captures say of it, and no model's path. */
export function unpredicted(scene: Scene, flow: Flow): Case {
  return { ...scene, flow, outcome: outcomeOf(flow), hypothetical: false };
}

/** A flow that worked and then stopped is to be explained like one that never worked; by what is in the way now. */
function interrupted(outcome: Outcome): Outcome {
  return outcome.stalled ? { ...outcome, status: 'no-reply' } : outcome;
}

/**
 * An answer that was captured at the client is not delivered yet: it has INPUT before it. Where the model is sure that it is
 * dropped there, and nothing the client sent afterwards says otherwise, it is believed.
 */
function doubted(outcome: Outcome, prediction: Prediction | undefined): Outcome {
  const back = prediction?.back;
  if (outcome.status !== 'delivered' || !outcome.answer || outcome.acknowledged || !back) return outcome;
  const local = prediction.origin.kind === 'local' && prediction.origin.namespace === back.namespace;
  if (!local || back.verdict !== 'dropped' || back.assumptions.length > 0 || !back.rule) return outcome;
  return { status: 'no-reply', lostAnswer: outcome.answer, oneWay: outcome.oneWay };
}

export interface Diagnosed {
  readonly cause: Cause;
  readonly found: Found;
}

/** Explanations that differ by no more than this are equally good; then the more particular one is named. */
const EQUAL = 0.05;

/** Less than this is no explanation, but noise. */
const FAINT = 0.25;

/** What explains the flow best; undefined when nothing does, or nothing has to be explained. */
export function explain(kase: Case): Diagnosed | undefined {
  let best: Diagnosed | undefined;
  for (const cause of CAUSES) {
    const found = cause.find?.(kase);
    if (found && found.confidence >= FAINT && (!best || found.confidence > best.found.confidence + EQUAL))
      best = { cause, found };
  }
  return best;
}
