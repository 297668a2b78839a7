import { lazily, once } from '../base/memo.ts';
import type { Flow } from '../correlate/flow.ts';
import { type KernelPath, kernelPaths } from '../correlate/kernel-path.ts';
import { type Outcome, outcomeOf } from '../correlate/outcome.ts';
import {
  fateOf,
  type Prediction,
  type PredictOptions,
  type Predictor,
  predict,
} from '../correlate/predict.ts';
import type { Correlation } from '../correlate/scan.ts';
import type { TracedFlowPacket } from '../correlate/traced-flow.ts';
import type { InputSet } from '../input/input.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Topology } from '../topology/topology.ts';
import { type Case, modelDrop, type Scene } from './case.ts';
import type { Cause, Found } from './cause.ts';
import { CAUSES } from './causes.ts';
import { dropsOf } from './model-cause.ts';

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
export function makeCase(
  scene: Scene,
  flow: Flow,
  hypothetical = false,
  options: Pick<PredictOptions, 'from' | 'remembered'> = {},
): Case {
  const prediction = predict(scene.predictor, flow, { hypothetical, ...options });
  const outcome = outcomeOf(flow);
  const traced = hypothetical ? [] : tracedOf(scene.correlation).get(flow.id);
  const kernel = traced ? kernelPaths(scene.predictor, flow, traced) : [];
  const traceOnly = isTraceOnly(scene, flow);
  return {
    ...scene,
    flow,
    outcome: hypothetical
      ? outcome
      : doubted(
          answeredElsewhere(traceAnswered(interrupted(outcome), kernel, traceOnly), flow, prediction),
          prediction,
        ),
    ...(prediction && { prediction }),
    kernel,
    hypothetical,
  };
}

const tracedOf = once((correlation: Correlation) => {
  const byFlow = new Map<number, TracedFlowPacket[]>();
  for (const traced of correlation.traced) {
    const own = byFlow.get(traced.flow);
    if (own) own.push(traced);
    else byFlow.set(traced.flow, [traced]);
  }
  return byFlow;
});

/** A flow with what the captures say of it, and no model's path. */
export function unpredicted(scene: Scene, flow: Flow): Case {
  return { ...scene, flow, outcome: outcomeOf(flow), kernel: [], hypothetical: false };
}

/** A flow that worked and then stopped is to be explained like one that never worked; by what is in the way now. */
function interrupted(outcome: Outcome): Outcome {
  return outcome.stalled ? { ...outcome, status: 'no-reply' } : outcome;
}

/** No capture has seen anything of it. */
function isTraceOnly({ correlation }: Scene, flow: Flow): boolean {
  return (
    flow.legs.length > 0 && flow.legs.every(({ point }) => correlation.points[point]?.traced !== undefined)
  );
}

/** A trace that shows an answer leave, or arrive at its socket, is as good as a capture of it there. */
function traceAnswered(outcome: Outcome, kernel: readonly KernelPath[], traceOnly: boolean): Outcome {
  if (outcome.status !== 'no-reply' && outcome.status !== 'unknown') return outcome;
  const through = kernel.some(
    ({ direction, packet, outcome: end }) =>
      (end === 'left' || end === 'delivered') &&
      (direction === 'reply' || ECHO_REPLIES.has(packet.header.icmpType ?? -1)) &&
      ((packet.header.tcpFlags ?? 0) & RST) === 0,
  );
  if (through) return { status: 'delivered', oneWay: outcome.oneWay, acknowledged: true };
  // A trace shows what its rule asked for: that it has no answer means nothing, only where a packet ends does.
  const ends = kernel.some(({ outcome: end }) => end === 'dropped' || end === 'rejected' || end === 'ended');
  return traceOnly && !ends ? { ...outcome, status: 'unknown' } : outcome;
}

const RST = 4;
/** ICMP's and ICMPv6's. */
const ECHO_REPLIES = new Set([0, 129]);

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

/**
 * Ways may differ: the request came by one interface, and its answer was seen leaving by another, as the model says it has to,
 * towards the client and from the address that it asked. TCP tells by itself whether that arrived.
 */
function answeredElsewhere(outcome: Outcome, flow: Flow, prediction: Prediction | undefined): Outcome {
  const { lostAnswer } = outcome;
  const back = prediction?.back;
  if (outcome.status !== 'no-reply' || !lostAnswer || !back || lostAnswer.tcpFlags !== undefined)
    return outcome;
  const last = prediction.backChecks.at(-1);
  const asAsked = lostAnswer.source === flow.server.address && lostAnswer.destination === flow.client.address;
  const left =
    fateOf(back) === 'forwarded' ||
    (fateOf(back) === 'delivered' && back.namespace !== prediction.there.namespace);
  return asAsked && left && last?.sighting && prediction.checks.length > 0
    ? { status: 'delivered', answer: lostAnswer, oneWay: outcome.oneWay }
    : outcome;
}

export interface Diagnosed {
  readonly cause: Cause;
  readonly found: Found;
}

/** Explanations that differ by no more than this are equally good; then the more particular one is named. */
const EQUAL = 0.05;

/** Less than this is no explanation, but noise. */
const FAINT = 0.25;

/** Causes differ in their parts, which makes asking each for its own slow; these are alike. */
const FINDING = lazily(() =>
  CAUSES.flatMap((cause) =>
    cause.find ? [{ cause, find: cause.find.bind(cause), drops: dropsOf(cause.find) }] : [],
  ),
);

/** What explains the flow best; undefined when nothing does, or nothing has to be explained. */
export function explain(kase: Case): Diagnosed | undefined {
  let best: Diagnosed | undefined;
  // Of a packet that a trace shows going on, and nobody after that, nothing is known to be wrong.
  if (kase.outcome.status === 'unknown' && isTraceOnly(kase, kase.flow) && !modelDrop(kase)) return undefined;
  const died = modelDrop(kase)?.cause;
  for (const { cause, find, drops } of FINDING()) {
    // Half of the catalogue is about one way to die each.
    if (drops && (died === undefined || !drops.has(died))) continue;
    const found = find(kase);
    if (found && found.confidence >= FAINT && (!best || found.confidence > best.found.confidence + EQUAL))
      best = { cause, found };
    // Nothing is more certain than that, so nothing can be better.
    if (best && best.found.confidence + EQUAL >= 1) break;
  }
  return best;
}
