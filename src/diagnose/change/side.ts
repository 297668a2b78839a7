/** What every point saw of a moment's traffic before it, and from it on. */
import type { Flow, FlowDirection, Leg, Sighting } from '../../correlate/flow.ts';
import type { Point } from '../../correlate/points.ts';
import { isCapture } from '../../correlate/points.ts';
import type { Scene } from '../case.ts';
import type { Moment } from './moments.ts';

export interface PointView {
  readonly point: Point;
  readonly before: readonly Sighting[];
  readonly after: readonly Sighting[];
}

/** Points in the order the requests pass them; those that saw nothing of that direction are left out. */
export function viewsOf(scene: Scene, moment: Moment, direction: FlowDirection): PointView[] {
  const views = new Map<number, { before: Sighting[]; after: Sighting[] }>();
  for (const flow of flowsOf(moment)) {
    const [ended, began] = [isOf(moment, flow, 'flowsBefore'), isOf(moment, flow, 'flowsAfter')];
    for (const leg of flow.legs) {
      for (const seen of sightingsOf(leg, direction)) {
        const view = views.get(leg.point) ?? { before: [], after: [] };
        views.set(leg.point, view);
        // A connection that was made before says nothing of those that are tried since.
        const before = seen.time < moment.until;
        if (before ? ended : began) (before ? view.before : view.after).push(seen);
      }
    }
  }
  return [...views].flatMap(([index, { before, after }]) => {
    const point = scene.correlation.points[index];
    return point && isCapture(point) ? [{ point, before: byTime(before), after: byTime(after) }] : [];
  });
}

function isOf({ turns }: Moment, flow: Flow, side: 'flowsBefore' | 'flowsAfter'): boolean {
  return turns.some((turn) => turn[side].includes(flow));
}

export function flowsOf({ turns }: Moment): Flow[] {
  return [
    ...new Set(turns.flatMap(({ flowsBefore, flowsAfter }) => [...flowsBefore, ...flowsAfter])),
  ].toSorted((left, right) => left.id - right.id);
}

/** The first ones and the last, and those at which questions began or ceased to be answered. */
function sightingsOf(leg: Leg, direction: FlowDirection): Sighting[] {
  const side = leg[direction];
  const runs = leg.attempts ?? [];
  const more =
    direction === 'forward'
      ? runs.flatMap(({ first, last }) => [first, last])
      : runs
          .filter(({ result }) => result === 'answered')
          .flatMap(({ reply, lastReply }) => [reply, lastReply]);
  const numbers = new Map<number, Sighting>();
  for (const seen of [...side.kept, side.last, ...more]) if (seen) numbers.set(seen.number, seen);
  return [...numbers.values()];
}

function byTime(sightings: readonly Sighting[]): Sighting[] {
  return sightings.toSorted((left, right) => left.time - right.time);
}

/** It was capturing when the moment's traffic failed or worked before, so that what it lacks was not there. */
export function watchedBefore({ point }: PointView, moment: Moment): boolean {
  const first = Math.min(...moment.turns.map(({ last }) => last.time));
  return point.first !== undefined && point.first <= first;
}

export function watchedAfter({ point }: PointView, moment: Moment): boolean {
  return point.last !== undefined && point.last > moment.until;
}
