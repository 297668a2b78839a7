import { printable } from '../../base/printable.ts';
import type { Flow } from '../../correlate/flow.ts';
import { askedFlows } from '../../diagnose/asked.ts';
import { applyAll, effectOf, sceneOf } from '../../diagnose/effect.ts';
import { makeScene } from '../../diagnose/flow-case.ts';
import { placeCommands } from '../../diagnose/what-if.ts';
import { diffSnapshots } from '../../difference/host.ts';
import type { FlowChanges } from '../../difference/report.ts';
import { renderDiff } from '../../difference/text.ts';
import { formatEndpoint, formatIp } from '../../net/ip.ts';
import { hasPorts, protocolName } from '../../net/protocol.ts';
import { jsonText } from '../../report/json.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import type { DiffCommandOptions } from '../commands/diff.ts';
import { type Io, type Status, UsageError } from '../io.ts';
import { openOutput } from '../output.ts';
import { loadScene, type Scene } from '../scene.ts';
import { textOptions } from '../terminal.ts';

export async function diffAction(
  before: string,
  after: string | undefined,
  options: DiffCommandOptions,
  io: Io,
): Promise<Status> {
  const { whatIf: commands = [] } = options;
  if (after === undefined && commands.length === 0)
    throw new UsageError('two states are needed: a second file or bundle, or --what-if');
  const words = [before, ...(after === undefined ? [] : [after])];
  const output = openOutput(io, options.output, words);
  const one = await loadScene([before], options, io);
  const other = after === undefined ? one : await loadScene([after], options, io);
  if (!one || !other) return 2;
  const changed = run(other.snapshot, commands);
  const report = diffSnapshots(one.snapshot, changed, {
    names: { before, after: [after ?? before, ...commands].join(', then ') },
    ...withFlows(one, changed),
  });
  const status = one.unusable || other.unusable ? 2 : report.equal ? 0 : 1;
  io.setStatus(status);
  output.write(
    options.format === 'json' ? `${jsonText(report, 2)}\n` : renderDiff(report, textOptions(io, options)),
  );
  output.end();
  return status;
}

function run(snapshot: Snapshot, commands: readonly string[]): Snapshot {
  if (commands.length === 0) return snapshot;
  const placed = placeCommands(snapshot, commands);
  const changed = typeof placed === 'string' ? placed : applyAll(snapshot, placed);
  if (typeof changed === 'string') throw new UsageError(`--what-if: ${printable(changed)}`);
  return changed;
}

/** What becomes of the flows that the first state's captures show. */
function withFlows(scene: Scene, after: Snapshot): { flows?: FlowChanges } {
  const flows = askedFlows(scene.correlation);
  if (flows.length === 0) return {};
  const before = makeScene(scene.inputs, scene.snapshot, scene.topology, scene.correlation);
  const effect = effectOf(before, sceneOf(before, after), flows);
  const byId = new Map(flows.map((flow) => [flow.id, flow]));
  const changed = effect.changed.flatMap(({ flow: id, before: was, after: is }) => {
    const flow = byId.get(id);
    return flow ? [{ flow: nameOf(flow), before: was.text, after: is.text }] : [];
  });
  return { flows: { changed, same: effect.same, unknown: effect.unknown } };
}

function nameOf({ protocol, client, server }: Flow): string {
  const end = ({ address, port }: Flow['client']): string =>
    hasPorts(protocol) ? formatEndpoint(address, port) : formatIp(address);
  return `${protocolName(protocol)} ${end(client)} > ${end(server)}`;
}
