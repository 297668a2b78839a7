import { isCapture } from '../../correlate/points.ts';
import { jsonText } from '../../report/json.ts';
import { renderTopology } from '../../report/text/topology.ts';
import { drawDot } from '../../report/topology/dot.ts';
import { drawTopology } from '../../report/topology/draw.ts';
import { drawMermaid } from '../../report/topology/mermaid.ts';
import { svgDocument } from '../../report/topology/svg.ts';
import { describeTopology, type TopologyDescription } from '../../topology/describe.ts';
import type { TopologyOptions } from '../commands/topology.ts';
import type { Io, Status } from '../io.ts';
import { openOutput } from '../output.ts';
import { loadScene } from '../scene.ts';
import { textOptions } from '../terminal.ts';

export async function topologyAction(
  words: readonly string[],
  options: TopologyOptions,
  io: Io,
): Promise<Status> {
  const output = openOutput(io, options.output, words);
  const scene = await loadScene(words, options, io);
  if (!scene) return 2;
  const status = scene.unusable ? 2 : 0;
  io.setStatus(status);
  const described = describeTopology(
    scene.topology,
    scene.correlation.points.filter(isCapture),
    scene.inputs,
  );
  output.write(await printed(described, options, io));
  output.end();
  return status;
}

/** Mermaid draws no more than 500 links, and no text of more than 50,000 characters, unless a page is told otherwise. */
const MOST_IN_MERMAID = 40;

async function printed(described: TopologyDescription, options: TopologyOptions, io: Io): Promise<string> {
  switch (options.format) {
    case 'json':
      return `${jsonText({ schema: 'nettrace-topology/1', ...described }, 2)}\n`;
    case 'svg':
      return svgDocument(drawTopology(described));
    case 'mermaid':
      return drawMermaid(drawTopology(described, { most: MOST_IN_MERMAID }));
    case 'dot':
      return drawDot(drawTopology(described));
    case 'text':
      return renderTopology(described, textOptions(io, options));
  }
}
