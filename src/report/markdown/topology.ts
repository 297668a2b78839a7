import type { Analysis } from '../analysis.ts';
import { drawTopology } from '../topology/draw.ts';
import { incidentOf } from '../topology/incident.ts';
import { drawMermaid } from '../topology/mermaid.ts';
import { mermaidBlock } from './mermaid-block.ts';

/** Namespaces that are drawn each for itself, fewer where the picture would be too large. */
const MOST = [40, 20, 8];

/** The namespaces and how they are wired, with the way of the first finding's flow and the place where it died. */
export function topologyDiagram(analysis: Analysis): string | undefined {
  const { topology } = analysis;
  if (topology.namespaces.length === 0) return undefined;
  for (const most of MOST) {
    const drawing = drawTopology(topology, { ...incidentOf(analysis), most });
    const block = mermaidBlock(drawMermaid(drawing));
    if (block !== undefined) return block;
  }
  return 'It is too large for a drawing here; `nettrace topology --format svg` makes one.';
}
