import type { CapturePoint } from '../topology/topology.ts';

/** A capture point with what its file turned out to hold: the ground for saying "it was capturing and did not see it". */
export interface Point extends CapturePoint {
  readonly index: number;
  packets: number;
  bytes: number;
  /** Epoch seconds of the first and last packet; undefined when it holds none. */
  first?: number;
  last?: number;
  /** IP protocols seen, 0x806 for ARP: a point that shows one kind only may have been filtered. */
  readonly protocols: Map<number, number>;
  /** Packets cut by the snaplen. */
  cut: number;
}

export function newPoint(index: number, place: CapturePoint): Point {
  return { ...place, index, packets: 0, bytes: 0, protocols: new Map(), cut: 0 };
}

/**
 * Would this point have seen a packet of that protocol at that time? `no` only when it certainly was not capturing then;
 * `perhaps` when a capture filter may have hidden it or it began or ended about then.
 */
export function wasCapturing(point: Point, protocol: number, time: number): 'yes' | 'perhaps' | 'no' {
  if (point.first === undefined || point.last === undefined) return 'perhaps';
  // A capture that shows nothing has no known beginning; one that shows packets was running between them at least, and
  // people start their captures together: a second before and after is still taken as covered.
  if (time < point.first - 30 || time > point.last + 30) return 'no';
  if (point.packets >= 4 && point.protocols.size === 1 && !point.protocols.has(protocol)) return 'perhaps';
  return 'yes';
}
