import type { Analysis, AnalysisFlow } from '../analysis.ts';
import { drawTopology } from '../topology/draw.ts';
import type { DrawingOptions } from '../topology/drawing.ts';
import { layOut } from '../topology/layout.ts';
import { deathOfHops, pathOfHops } from '../topology/passes.ts';
import { renderSvg } from '../topology/svg.ts';
import { type Html, html, trusted } from './html.ts';

/** The namespaces and how they are wired, with the way of the first finding's flow and the place where it died. */
export async function topologyFigure({ topology, findings, flows }: Analysis): Promise<Html | undefined> {
  if (topology.namespaces.length === 0) return undefined;
  const [first] = findings;
  const flow = flows.find(({ id, predicted }) => predicted.length > 0 && first?.flows.includes(id));
  const svg = renderSvg(await layOut(drawTopology(topology, flow ? incidentOf(flow) : {})), { style: false });
  return html`<figure class="topology"><div class="wide" tabindex="0" role="region" aria-label="Topology">${trusted(svg)}</div></figure>`;
}

function incidentOf({ predicted, verdict, predictedReply = [] }: AnalysisFlow): DrawingOptions {
  const death = deathOfHops(predicted) ?? deathOfHops(predictedReply);
  return {
    ...(death && { marks: [death] }),
    paths: [
      pathOfHops(predicted, verdict),
      ...(predictedReply.length > 0 ? [pathOfHops(predictedReply, undefined, 'back')] : []),
    ],
  };
}
