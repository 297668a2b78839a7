/** What the captures say of a flow at an interface that the model lets it pass. */
import type { AnalysisFlow, AnalysisTopology } from '../analysis.ts';

export interface Look {
  readonly path: string;
  readonly packets: number;
}

export type Direction = 'forward' | 'reply';

/** Captures of that interface, each with the flow's packets in it; none: nobody looked there. */
export type Looker = (namespace: string, device: string) => readonly Look[];

export const NO_CAPTURES: Looker = () => [];

export function lookerOf(flow: AnalysisFlow, topology: AnalysisTopology, direction: Direction): Looker {
  return (namespace, device) =>
    topology.captures
      .filter(
        (point) => point.namespace === namespace && (point.interface === device || point.interface === 'any'),
      )
      .map((point) => ({ path: point.path, packets: packetsAt(flow, point, direction) }));
}

/** The flow's packets of that direction in a capture. */
export function packetsAt(
  flow: AnalysisFlow,
  point: AnalysisTopology['captures'][number],
  direction: Direction,
): number {
  return flow.sightings
    .filter(
      (sighting) =>
        sighting.direction === direction &&
        (sighting.capture === `${point.namespace}:${point.interface}` || sighting.capture === point.path),
    )
    .reduce((sum, sighting) => sum + sighting.packets, 0);
}
