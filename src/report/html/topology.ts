import type { Analysis } from '../analysis.ts';
import { drawTopology } from '../topology/draw.ts';
import { incidentOf } from '../topology/incident.ts';
import { layOut } from '../topology/layout.ts';
import { renderSvg } from '../topology/svg.ts';
import { type Html, html, trusted } from './html.ts';

/** The namespaces and how they are wired, with the way of the first finding's flow and the place where it died. */
export async function topologyFigure(analysis: Analysis): Promise<Html | undefined> {
  const { topology } = analysis;
  if (topology.namespaces.length === 0) return undefined;
  const svg = renderSvg(await layOut(drawTopology(topology, incidentOf(analysis))), { style: false });
  return html`<figure class="topology"><div class="wide" tabindex="0" role="region" aria-label="Topology">${trusted(svg)}</div></figure>`;
}
