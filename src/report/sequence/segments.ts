/** A packet's way over the columns of a sequence diagram, for any reporter. */
import type { AnalysisFlow, AnalysisTopology, TimelinePacket } from '../analysis.ts';
import { type Column, columnsOf } from './columns.ts';

export interface Sequence {
  readonly columns: readonly Column[];
  readonly packets: readonly TimelinePacket[];
  /** Epoch seconds that times are counted from. */
  readonly start: number;
  /** The model says that requests die on the way. */
  readonly isLost: boolean;
}

/** From one column to the next that saw the packet, or where it isn't seen any more. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  /** `assumed`: nobody looked beyond. */
  readonly kind: 'seen' | 'assumed' | 'missing';
  /** The tuple that NAT made of it on the way. */
  readonly rewrite?: string;
}

/** Undefined: the flow has no timeline. */
export function sequenceOf(flow: AnalysisFlow, topology: AnalysisTopology): Sequence | undefined {
  const { timeline, start } = flow;
  if (!timeline) return undefined;
  return {
    columns: columnsOf(flow, topology),
    packets: timeline.packets,
    start: timeline.packets[0]?.seen[0]?.time ?? start,
    isLost: isLost(flow, timeline.packets),
  };
}

/** Who answers has got the request, whatever the model says; and where nobody listens, it has come all the way. */
function isLost({ verdict, predicted }: AnalysisFlow, packets: readonly TimelinePacket[]): boolean {
  if (verdict === 'dropped') return !packets.some(({ direction, error }) => direction === 'reply' && !error);
  const death = predicted.at(-1)?.steps.findLast((step) => step.kind === 'drop');
  return verdict === 'rejected' && !(death?.kind === 'drop' && death.reason === 'NO_SOCKET');
}

/** From its sender over the points that saw it; where the next point didn't, it is missing there. */
export function segmentsOf(packet: TimelinePacket, { columns, isLost }: Sequence): Segment[] {
  const step = packet.direction === 'forward' ? 1 : -1;
  const end = step === 1 ? columns.length - 1 : 0;
  const seen = packet.seen
    .map((sighting) => ({ at: columnOf(sighting, columns), tuple: sighting.tuple }))
    .filter(({ at }) => at >= 0)
    .toSorted((a, b) => (a.at - b.at) * step);
  const segments: Segment[] = [];
  let tuple: string | undefined;
  // Nobody knows where an error comes from.
  let from = packet.error ? (seen[0]?.at ?? end) : columns.length - 1 - end;
  for (const one of seen) {
    const rewrite = tuple !== undefined && tuple !== one.tuple ? one.tuple : undefined;
    if (one.at !== from)
      segments.push({ from, to: one.at, kind: 'seen', ...(rewrite !== undefined && { rewrite }) });
    from = one.at;
    tuple = one.tuple;
  }
  if (from === end) return segments;
  const next = from + step;
  const isMissing =
    columns[next]?.kind === 'point' || (isLost && packet.direction === 'forward' && !packet.error);
  segments.push({ from, to: next, kind: isMissing ? 'missing' : 'assumed' });
  return segments;
}

/** -1: none of them. */
export function columnOf({ capture }: TimelinePacket['seen'][number], columns: readonly Column[]): number {
  return columns.findIndex((column) => column.capture === capture);
}
