import { locate, scanCaptures } from '../../correlate/scan.ts';
import { renderTopology } from '../../report/text/topology.ts';
import { describeTopology } from '../../report/topology.ts';
import { buildSnapshot } from '../../snapshot/build.ts';
import { buildTopology } from '../../topology/build.ts';
import type { TopologyOptions } from '../commands/topology.ts';
import type { Io, Status } from '../io.ts';
import { issuesOf, loadInputs } from '../load.ts';
import { hasErrors, tellIssues } from '../messages.ts';
import { openOutput } from '../output.ts';
import { textOptions } from '../terminal.ts';

export async function topologyAction(
  words: readonly string[],
  options: TopologyOptions,
  io: Io,
): Promise<Status> {
  const output = openOutput(io, options.output, words);
  const { inputs, progress } = await loadInputs(words, options, io);
  const { snapshot, issues } = buildSnapshot(inputs);
  const scan = await scanCaptures(inputs.captures);
  progress.end();
  const topology = buildTopology(snapshot, inputs.captures, scan.observations);
  const said = [...issuesOf(inputs), ...issues, ...scan.issues, ...(topology.issues ?? [])];
  tellIssues(io, said, options);
  if (inputs.captures.length === 0 && inputs.dumps.length === 0) return 2;
  const status = hasErrors([...inputs.issues, ...scan.issues]) ? 2 : 0;
  io.setStatus(status);
  const described = describeTopology(topology, locate(scan, topology).points);
  output.write(
    options.format === 'json'
      ? `${JSON.stringify({ schema: 'nettrace-topology/1', ...described }, null, 2)}\n`
      : renderTopology(
          described,
          textOptions(io, {
            color: options.color,
            verbose: options.verbose ?? false,
            toFile: options.output !== undefined,
          }),
        ),
  );
  output.end();
  return status;
}
