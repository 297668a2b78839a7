/** What the dumps before and after a moment have different, and whether that is why: the traffic is replayed with each of them. */
import type { Flow } from '../../correlate/flow.ts';
import { portionOf } from '../../correlate/portion.ts';
import { hostOf, isRoot } from '../../input/host.ts';
import { type StateDifference, stateDifferences, withDifferences } from '../../snapshot/differences.ts';
import type { HostState, Scene } from '../case.ts';
import { sceneOf } from '../effect.ts';
import { makeCase } from '../flow-case.ts';
import { passes } from '../passes.ts';
import type { Difference } from './change.ts';
import { boundary } from './judged.ts';
import type { Moment } from './moments.ts';

export interface DumpedChange {
  readonly before: HostState;
  readonly after: HostState;
  readonly differences: readonly Difference[];
  /** How the model ends the traffic in either state; undefined: it can't follow it. */
  readonly passed?: { readonly before: boolean; readonly after: boolean };
}

/** So many differences are tried one by one. */
const TRIED = 40;

/** Undefined: no two states lie on the two sides of the moment. */
export function shownByDumps(scene: Scene, moment: Moment): DumpedChange | undefined {
  const pair = statesAround(scene, moment);
  if (!pair) return undefined;
  const [before, after] = pair;
  const found = stateDifferences(before.scene.snapshot, after.scene.snapshot);
  const flow = failingFlow(moment);
  const ends = flow && endsOf(before, after, flow);
  const works = moment.turns[0].became === 'answered';
  const reproduced = ends !== undefined && ends.before !== works && ends.after === works;
  const deciding = reproduced && flow ? decisive(before.scene, found, flow, works) : [];
  const differences = found.map(
    (difference): Difference => ({
      shownBy: 'dumps',
      text: `${isRoot(difference.namespace) && hostOf(difference.namespace) === undefined ? '' : `${difference.namespace}: `}${difference.text}`,
      ...(deciding.includes(difference) && { decides: true }),
      evidence: [
        ...(difference.before ? [{ ...difference.before, text: 'before' }] : []),
        ...(difference.after ? [{ ...difference.after, text: 'after' }] : []),
      ],
    }),
  );
  return {
    before,
    after,
    // What decides stands first.
    differences: differences.toSorted(
      (left, right) => Number(right.decides ?? false) - Number(left.decides ?? false),
    ),
    ...(ends && { passed: ends }),
  };
}

/** The last state that can have stood before the moment, and the first that can have stood after it. */
function statesAround(scene: Scene, { since, until }: Moment): [HostState, HostState] | undefined {
  const { states } = scene;
  if (!states) return undefined;
  for (let index = 0; index + 1 < states.length; index++) {
    const { first, last } = boundary(scene, index);
    const [before, after] = [states[index], states[index + 1]];
    if (before && after && first <= until && last >= since) return [before, after];
  }
  return undefined;
}

/** Of a flow that failed only until or since the moment, that part: what the model is asked about. */
function failingFlow({ turns: [turn] }: Moment): Flow | undefined {
  if (turn.became === 'answered') {
    const flow = turn.flowsBefore.at(-1);
    return flow && portionOf(flow, Number.NEGATIVE_INFINITY, turn.first.time);
  }
  const [flow] = turn.flowsAfter;
  return flow && portionOf(flow, turn.first.time, Number.POSITIVE_INFINITY);
}

function endsOf(before: HostState, after: HostState, flow: Flow): DumpedChange['passed'] {
  const [left, right] = [makeCase(before.scene, flow, true), makeCase(after.scene, flow, true)];
  return left.prediction && right.prediction && { before: passes(left), after: passes(right) };
}

/** Those that alone turn the outcome. */
function decisive(
  scene: Scene,
  differences: readonly StateDifference[],
  flow: Flow,
  works: boolean,
): StateDifference[] {
  if (differences.length > TRIED) return [];
  return differences.filter((difference) => {
    const kase = makeCase(sceneOf(scene, withDifferences(scene.snapshot, [difference])), flow, true);
    return kase.prediction !== undefined && passes(kase) === works;
  });
}
