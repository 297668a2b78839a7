/** What the captures say of a flow at an interface that the model lets it pass. */
import type { AnalysisFlow, AnalysisTopology } from '../analysis.ts';

export interface Look {
  readonly path: string;
  readonly packets: number;
}

/** Captures of that interface, each with the flow's packets in it; none: nobody looked there. */
export type Looker = (namespace: string, device: string) => readonly Look[];

export const NO_CAPTURES: Looker = () => [];

export function lookerOf(
  flow: AnalysisFlow,
  topology: AnalysisTopology,
  direction: 'forward' | 'reply',
): Looker {
  return (namespace, device) =>
    topology.captures
      .filter(
        (point) => point.namespace === namespace && (point.interface === device || point.interface === 'any'),
      )
      .map((point) => ({ path: point.path, packets: packetsAt(flow, point, direction) }));
}

/** Captures that hold nothing of that direction, though they are not on the drawn path. */
export function silentCaptures(
  flow: AnalysisFlow,
  topology: AnalysisTopology,
  direction: 'forward' | 'reply',
  drawn: ReadonlySet<string>,
): AnalysisTopology['captures'] {
  return topology.captures.filter(
    (point) => !drawn.has(`${point.namespace}:${point.interface}`) && packetsAt(flow, point, direction) === 0,
  );
}

function packetsAt(
  flow: AnalysisFlow,
  point: AnalysisTopology['captures'][number],
  direction: 'forward' | 'reply',
): number {
  return flow.sightings
    .filter(
      (sighting) =>
        sighting.direction === direction &&
        (sighting.capture === `${point.namespace}:${point.interface}` || sighting.capture === point.path),
    )
    .reduce((sum, sighting) => sum + sighting.packets, 0);
}
