import { isCapture } from '../../correlate/points.ts';
import { jsonText } from '../../report/json.ts';
import { renderTopology } from '../../report/text/topology.ts';
import { describeTopology } from '../../topology/describe.ts';
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
  output.write(
    options.format === 'json'
      ? `${jsonText({ schema: 'nettrace-topology/1', ...described }, 2)}\n`
      : renderTopology(described, textOptions(io, options)),
  );
  output.end();
  return status;
}
