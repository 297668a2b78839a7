import type { AnalysisFlow, TimelinePacket } from '../analysis.ts';
import { type Sequence, segmentsOf, sequenceOf } from '../sequence/segments.ts';
import { flowName } from '../text/flow-name.ts';
import { momentText, sinceText } from '../text/time.ts';
import type { View } from '../view.ts';
import { type Html, html } from './html.ts';
import { sequenceDrawing } from './sequence-drawing.ts';
import { breakable } from './wording.ts';

/** A sequence diagram of the flow's packets over all capture points, and the same as a table. */
export function sequenceFigure(flow: AnalysisFlow, view: View): Html | undefined {
  const sequence = sequenceOf(flow, view.analysis.topology);
  if (!sequence) return undefined;
  const { start, packets } = sequence;
  const more = flow.timeline?.more;
  const name = flowName(flow);
  const drawing = sequenceDrawing(sequence);
  return html`<figure class="sequence"><figcaption><h4>Packets of <code>${name}</code></h4><p>from ${momentText(start)}${more !== undefined && `; ${more} more follow`}</p></figcaption>
<div class="wide drawing" tabindex="0" role="region" aria-label="Sequence diagram of ${name}">${drawing}</div>
${legend(sequence)}
<details><summary>The same as a table</summary>${asTable(packets, view, start)}</details>
</figure>`;
}

/** What the signs mean, for those that the drawing has. */
function legend(sequence: Sequence): Html {
  const segments = sequence.packets.flatMap((packet) => segmentsOf(packet, sequence));
  const missing = new Set(
    segments.filter(({ kind }) => kind === 'missing').map(({ to }) => sequence.columns[to]?.kind),
  );
  const texts = [
    '#n: number of the packet in that capture',
    ...(missing.has('point') ? ['✗: not seen there'] : []),
    ...(missing.has('end') ? ['✗ at the end: by the model it never gets there'] : []),
    ...(segments.some(({ kind }) => kind === 'assumed') ? ['dotted: on from there nobody captured'] : []),
    ...(segments.some(({ rewrite }) => rewrite !== undefined)
      ? ['→ below an arrow: what NAT made of it']
      : []),
  ];
  return html`<p class="legend">${texts.join(' · ')}</p>`;
}

function asTable(packets: readonly TimelinePacket[], { shorten }: View, start: number): Html {
  const row = ({ direction, text, seen }: TimelinePacket) =>
    html`<tr><td class="whole">${sinceText((seen[0]?.time ?? start) - start)}</td><td class="whole">${direction === 'forward' ? 'there' : 'back'}</td><td>${text}</td><td>${seen.map(
      ({ capture, path, packet, tuple, tunnel }) =>
        html`<div>${capture} <code>${breakable(shorten(path))} packet ${packet}</code> ${tuple}${tunnel !== undefined && ` inside ${tunnel}`}</div>`,
    )}</td></tr>
`;
  return html`<div class="wide stack"><table><thead><tr><th scope="col">Time</th><th scope="col">Way</th><th scope="col">Packet</th><th scope="col">Seen at</th></tr></thead>
<tbody>${packets.map(row)}</tbody></table></div>`;
}
