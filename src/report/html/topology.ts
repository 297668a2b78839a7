import type { Analysis } from '../analysis.ts';
import { topologyTree } from '../text/topology.ts';
import { drawTopology } from '../topology/draw.ts';
import { incidentOf } from '../topology/incident.ts';
import { layOut } from '../topology/layout.ts';
import { renderSvg } from '../topology/svg.ts';
import { type Html, html, trusted } from './html.ts';

/** Pixels: a drawing up to so wide is still read where it is made as wide as the page. */
const FITS = 1400;
/** Columns of the tree. */
const TREE = 88;
const TREE_LINES = 400;

/** The namespaces and how they are wired, with the way of the first finding's flow and the place where it died; and the same as a tree. */
export async function topologyFigure(analysis: Analysis): Promise<Html | undefined> {
  const { topology } = analysis;
  if (topology.namespaces.length === 0) return undefined;
  const layout = await layOut(drawTopology(topology, incidentOf(analysis)));
  const svg = renderSvg(layout, { style: false });
  const tree = topologyTree(topology, { width: TREE, color: false }).split('\n');
  const more = tree.length - TREE_LINES;
  return html`<figure class="topology${layout.width <= FITS && ' fits'}"><div class="wide drawing" tabindex="0" role="region" aria-label="Drawing of the topology">${trusted(svg)}</div>
<details class="other"><summary>The same as text</summary><pre class="tree" tabindex="0" role="region" aria-label="Topology as text">${tree.slice(0, TREE_LINES).map((line) => html`${line}\n`)}${more > 0 && `and ${more} lines more: nettrace topology`}</pre></details>
</figure>`;
}
