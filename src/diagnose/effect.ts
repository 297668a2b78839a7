/** What a change of the host does to the traffic: every flow through the model as it is, and as it would be. */
import { once } from '../base/memo.ts';
import type { Flow } from '../correlate/flow.ts';
import { outcomeOf } from '../correlate/outcome.ts';
import { fateOf, type Predictor } from '../correlate/predict.ts';
import type { Correlation } from '../correlate/scan.ts';
import { applyCommand } from '../snapshot/apply.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { buildTopology } from '../topology/build.ts';
import { type Case, modelDrop, type Scene } from './case.ts';
import type { Command } from './cause.ts';
import { explain, makeCase, makeScene } from './flow-case.ts';
import { passes } from './passes.ts';
import { nameOf } from './words.ts';

/** How the model lets a flow end. */
export interface FlowEnd {
  /** It arrives, and so does the answer. */
  passes: boolean;
  /** Stands behind "it": `reaches web`, `is dropped in host: …`. */
  text: string;
  /** Catalogue id of what stops it. */
  cause?: string;
}

/** A flow that fares otherwise. */
export interface FlowChange {
  flow: number;
  before: FlowEnd;
  after: FlowEnd;
}

export interface Effect {
  changed: FlowChange[];
  /** Flows that end as before. */
  same: number;
  /** Flows that the model can't follow: too little was dumped. */
  unknown: number;
}

export function effectOf(before: Scene, after: Scene, flows: readonly Flow[]): Effect {
  const effect: Effect = { changed: [], same: 0, unknown: 0 };
  for (const flow of flows) {
    const [was, is] = [endOf(before, flow), endOf(after, flow)];
    if (!was || !is) effect.unknown++;
    else if (was.text === is.text && was.passes === is.passes) effect.same++;
    else effect.changed.push({ flow: flow.id, before: was, after: is });
  }
  return effect;
}

/** Of so many different healthy flows it is seen whether a fix stops them. */
const HEALTHY_TRIED = 64;

/** Flows that work by the captures and in the model, and would not any more; one of each client, server and port. */
export function brokenBy(before: Scene, after: Scene): FlowChange[] {
  const known = endsBefore(before.predictor);
  return healthyOf(before.correlation).flatMap((flow) => {
    if (!known.has(flow)) known.set(flow, endOf(before, flow));
    const was = known.get(flow);
    if (!was?.passes) return [];
    const is = endOf(after, flow);
    return is && !is.passes ? [{ flow: flow.id, before: was, after: is }] : [];
  });
}

/** Every fix is tried on the same flows: how they end without it is the same for all. */
const endsBefore = once((_scene: Predictor) => new Map<Flow, FlowEnd | undefined>());

const healthyOf = once((correlation: Correlation): readonly Flow[] => {
  const kinds = new Map<string, Flow>();
  for (const flow of correlation.flows) {
    if (kinds.size >= HEALTHY_TRIED) break;
    if (outcomeOf(flow).status !== 'delivered') continue;
    const kind = `${flow.protocol} ${flow.client.address} ${flow.server.address} ${flow.server.port}`;
    if (!kinds.has(kind)) kinds.set(kind, flow);
  }
  return [...kinds.values()];
});

function endOf(scene: Scene, flow: Flow): FlowEnd | undefined {
  const kase = makeCase(scene, flow, true);
  if (!kase.prediction) return undefined;
  if (passes(kase)) return { passes: true, text: arrival(kase) };
  const drop = modelDrop(kase);
  const diagnosed = explain(kase);
  if (diagnosed) return { passes: false, text: `fails: ${diagnosed.found.title}`, cause: diagnosed.cause.id };
  if (!drop) return { passes: false, text: `${arrival(kase)}, and is not answered` };
  const what = drop.direction === 'reply' ? 'is answered, and the answer is dropped' : 'is dropped';
  return { passes: false, text: `${what} in ${nameOf(kase, drop.namespace)}`, cause: drop.cause };
}

function arrival(kase: Case): string {
  const there = kase.prediction?.there;
  if (!there) return '';
  const where = nameOf(kase, there.namespace);
  const { destination, destinationPort: port, source } = there.final;
  if (fateOf(there) === 'delivered')
    return `reaches ${where} as ${destination}${port ? `:${port}` : ''} from ${source}`;
  return `leaves ${where} by ${there.taps.at(-1)?.interface} from ${source}`;
}

/** The scene with all commands run, or why one could not be. */
export function changed(scene: Scene, commands: readonly Command[]): Scene | string {
  const snapshot = applyAll(scene.snapshot, commands);
  return typeof snapshot === 'string' ? snapshot : sceneOf(scene, snapshot);
}

export function sceneOf(scene: Scene, snapshot: Snapshot): Scene {
  const topology = buildTopology(snapshot, scene.inputs.captures, scene.correlation.observations);
  return makeScene(scene.inputs, snapshot, topology, scene.correlation);
}

/** The snapshot with all commands run, or why one could not be. */
export function applyAll(snapshot: Snapshot, commands: readonly Command[]): Snapshot | string {
  let state = snapshot;
  for (const command of commands) {
    const applied = applyCommand(state, command.namespace, command.text);
    if (applied.issue) return applied.issue.text;
    state = applied.snapshot;
  }
  return retryNeighbours(state);
}

/** A FAILED entry is asked for again with the next packet, so it says nothing of the time after a change. */
function retryNeighbours(snapshot: Snapshot): Snapshot {
  const namespaces = new Map(
    [...snapshot.namespaces].map(([name, netns]) => [
      name,
      netns.neighbours
        ? {
            ...netns,
            neighbours: netns.neighbours.filter(
              ({ states }) => !states.includes('FAILED') && !states.includes('INCOMPLETE'),
            ),
          }
        : netns,
    ]),
  );
  return { ...snapshot, namespaces };
}
