import type { AnalysisFlow, TimelinePacket } from '../analysis.ts';
import { drawSequence } from '../sequence/mermaid.ts';
import { sequenceOf } from '../sequence/segments.ts';
import { flowName } from '../text/flow-name.ts';
import { momentText, sinceText } from '../text/time.ts';
import type { View } from '../view.ts';
import { code, details, prose, table } from './escape.ts';
import { mermaidBlock } from './mermaid-block.ts';

type Sighting = TimelinePacket['seen'][number];

/** The flow's packets over all capture points as a sequence diagram, and as a table. */
export function sequenceFigure(flow: AnalysisFlow, view: View): string | undefined {
  const sequence = sequenceOf(flow, view.analysis.topology);
  if (!sequence) return undefined;
  const { start, packets } = sequence;
  const more = flow.timeline?.more;
  const diagram = mermaidBlock(drawSequence(sequence, more));
  const follow = more === undefined ? '' : `; ${more} more follow`;
  return [
    `**Packets** of ${code(flowName(flow))} from ${momentText(start)}${follow}`,
    ...(diagram === undefined ? [] : [diagram]),
    details('The same as a table', packetTable(packets, view, start)),
  ].join('\n\n');
}

/** A column for each point; what is in it is the packet's number there, with its ends where nobody has told them yet. */
function packetTable(packets: readonly TimelinePacket[], { shorten }: View, start: number): string {
  const pointOf = ({ capture, path }: Sighting) => JSON.stringify([capture, path]);
  const points = new Map(
    packets.flatMap(({ seen }) => seen.map((sighting) => [pointOf(sighting), sighting] as const)),
  );
  const told = new Set<string>();
  const cellOf = (point: string, seen: readonly Sighting[]): string => {
    const at = seen.findIndex((sighting) => pointOf(sighting) === point);
    const sighting = seen[at];
    if (!sighting) return '';
    const { packet, tuple, tunnel } = sighting;
    const key = JSON.stringify([pointOf(sighting), tuple]);
    const ends = told.has(key) || seen[at - 1]?.tuple === tuple ? '' : `: ${code(tuple)}`;
    told.add(key);
    return `${packet}${tunnel === undefined ? '' : ` in ${code(tunnel)}`}${ends}`;
  };
  const rows = packets.map(({ direction, text, seen }) => [
    sinceText((seen[0]?.time ?? start) - start),
    direction === 'forward' ? 'there' : 'back',
    prose(text),
    ...[...points.keys()].map((point) => cellOf(point, seen)),
  ]);
  const heads = [...points.values()].map(({ capture, path }) => `${code(capture)} ${code(shorten(path))}`);
  return table(['Time', 'Way', 'Packet', ...heads], rows, [0]);
}
