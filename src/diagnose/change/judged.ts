/** Which part of a flow is to be explained, and by which state of the host. */
import { once } from '../../base/memo.ts';
import type { Flow } from '../../correlate/flow.ts';
import { portionOf } from '../../correlate/portion.ts';
import type { Correlation } from '../../correlate/scan.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import type { Case, HostState, Scene } from '../case.ts';
import { modelDrop } from '../case.ts';
import { makeCase } from '../flow-case.ts';
import { passes } from '../passes.ts';
import { type Moment, momentsOf, type Turn } from './moments.ts';
import { kindsOf } from './trials.ts';

export const momentsIn = once((correlation: Correlation): readonly Moment[] =>
  momentsOf(kindsOf(correlation)),
);

export interface Judged {
  readonly kase: Case;
  /** It failed only before or only since a moment, and worked otherwise. */
  readonly partly: boolean;
  /** The dumps that it is judged by are those of the time when it worked, as far as is known: what they say against it is refuted. */
  readonly refuted?: Turn;
}

/** The failing part of a flow that turned, else all of it; with the dumps that stood then. */
export function judge(scene: Scene, flow: Flow): Judged {
  const moments = momentsIn(scene.correlation);
  const turned = moments.flatMap((moment) =>
    moment.turns
      .filter(({ flowsBefore, flowsAfter }) => flowsBefore.includes(flow) || flowsAfter.includes(flow))
      .map((turn) => ({ moment, turn })),
  );
  const own = turned.find(({ turn }) => turn.flowsBefore.includes(flow) && turn.flowsAfter.includes(flow));
  const portion = own
    ? failingPortion(
        flow,
        own.turn,
        turned.map(({ turn }) => turn),
      )
    : flow;
  const stood = stateAt(scene, portion);
  // What makes a connection hang is told from how it went before, too.
  const stalled = own !== undefined && own.turn.became !== 'answered' && flow.protocol === PROTOCOL.tcp;
  const kase = makeCase(stood, stalled ? flow : portion);
  const failing = turned.find(({ turn }) => failsIn(turn, portion));
  const refuted = failing && !isFirm(scene, stood, failing.moment, failing.turn) ? failing.turn : undefined;
  return { kase, partly: own !== undefined && !stalled, ...(refuted && { refuted }) };
}

function failingPortion(flow: Flow, turn: Turn, turns: readonly Turn[]): Flow {
  if (turn.was !== 'answered') return portionOf(flow, Number.NEGATIVE_INFINITY, turn.first.time);
  const next = turns.find((other) => other.first.time > turn.first.time);
  return portionOf(flow, turn.first.time, next?.first.time ?? Number.POSITIVE_INFINITY);
}

function failsIn(turn: Turn, { start, id }: Flow): boolean {
  const before = start < turn.first.time;
  const flows = before ? turn.flowsBefore : turn.flowsAfter;
  return (before ? turn.was : turn.became) !== 'answered' && flows.some((flow) => flow.id === id);
}

/** The dumps are of the time when it failed: known by their times, by another state for the other side, or since they came last. */
function isFirm(scene: Scene, stood: Scene, moment: Moment, turn: Turn): boolean {
  const after = turn.became !== 'answered';
  const { states } = scene;
  if (states) {
    const index = states.findIndex((state) => state.scene === stood);
    const other = moment.turns.some((each) => each.became === 'answered')
      ? states.length - 1 !== index
      : index !== 0;
    return other;
  }
  const taken = takenAt(scene);
  if (taken === undefined) return after;
  return after ? taken >= moment.since : taken <= moment.until;
}

/** When the dumps were taken, where they say so; the last one counts. */
export function takenAt({ inputs }: Scene): number | undefined {
  const times = inputs.dumps.flatMap(({ time }) => time ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}

/**
 * The state that stood when the flow (or its part) began. Between two states the change's moment is not known from the dumps: the
 * captures tell, where they show one moment between the two; else the later state whose outcome is that of the captures.
 */
export function stateAt(scene: Scene, flow: Flow): Scene {
  const { states } = scene;
  if (!states) return scene;
  const possible = states.filter((_, index) => couldStand(scene, index, flow));
  const last = possible.at(-1) ?? (states.at(-1) as HostState);
  if (possible.length < 2) return last.scene;
  const agreeing = possible.toReversed().find((state) => agrees(state.scene, flow));
  return (agreeing ?? last).scene;
}

/** State `index` stood at some time of the flow's beginning, by the dumps' times and the moments that the captures show. */
function couldStand(scene: Scene, index: number, { start }: Flow): boolean {
  const earliest = boundary(scene, index - 1);
  const latest = boundary(scene, index);
  return start >= earliest.first && start < latest.last;
}

/** When state `index` gave way to the next one: not before `first`, not after `last`. */
export function boundary(scene: Scene, index: number): { first: number; last: number } {
  const states = scene.states ?? [];
  const [left, right] = [states[index], states[index + 1]];
  if (!left) return { first: Number.NEGATIVE_INFINITY, last: Number.NEGATIVE_INFINITY };
  if (!right) return { first: Number.POSITIVE_INFINITY, last: Number.POSITIVE_INFINITY };
  const first = lastKnown(states.slice(0, index + 1)) ?? Number.NEGATIVE_INFINITY;
  const last = firstKnown(states.slice(index + 1)) ?? Number.POSITIVE_INFINITY;
  const inside = momentsIn(scene.correlation).filter(({ since, until }) => until >= first && since <= last);
  const [moment] = inside;
  // A rule deleted for a reason that shows in no packet leaves the boundary as wide as the dumps do.
  return moment && inside.length === 1
    ? { first: Math.max(first, moment.until), last: Math.max(first, moment.until) }
    : { first, last };
}

function lastKnown(states: readonly HostState[]): number | undefined {
  return states.findLast(({ taken }) => taken !== undefined)?.taken?.last;
}

function firstKnown(states: readonly HostState[]): number | undefined {
  return states.find(({ taken }) => taken !== undefined)?.taken?.first;
}

/** The model on this state ends the flow as the captures saw it end. */
function agrees(scene: Scene, flow: Flow): boolean {
  const kase = makeCase(scene, flow);
  if (!kase.prediction) return false;
  const { status } = kase.outcome;
  if (status === 'unknown') return false;
  return status === 'delivered' ? passes(makeCase(scene, flow, true)) : modelDrop(kase) !== undefined;
}
