import { printable } from '../../base/printable.ts';
import { tracedPackets } from '../../correlate/traced-packet.ts';
import { tracedAlike } from '../../correlate/traced-probe.ts';
import { applyAll } from '../../diagnose/effect.ts';
import { answeredOutside } from '../../diagnose/nat.ts';
import { strangeSource } from '../../diagnose/unanswerable.ts';
import { placeCommands } from '../../diagnose/what-if.ts';
import { formatIp, type Ip, parseIp } from '../../net/ip.ts';
import type { Trace } from '../../netstack/hop.ts';
import { probe } from '../../netstack/probe.ts';
import { createWorld, type World } from '../../netstack/world.ts';
import { jsonText } from '../../report/json.ts';
import { describeKernelPath } from '../../report/kernel-path.ts';
import { traceSucceeds } from '../../report/text/fate.ts';
import { renderTrace } from '../../report/text/trace.ts';
import { headerOf, type TraceReport, type TraceStep } from '../../report/trace-report.ts';
import { buildTopology } from '../../topology/build.ts';
import type { Topology } from '../../topology/topology.ts';
import type { TraceOptions } from '../commands/trace.ts';
import { type Io, type Status, UsageError } from '../io.ts';
import { openOutput } from '../output.ts';
import { loadScene, type Scene } from '../scene.ts';
import { textOptions } from '../terminal.ts';
import { parseProbe, placeProbe } from './trace/probe-spec.ts';
import { traceSteps } from './trace/steps.ts';

export async function traceAction(words: readonly string[], options: TraceOptions, io: Io): Promise<Status> {
  const packet = parseProbe(options);
  const output = openOutput(io, options.output, words);
  const scene = await loadScene(words, options, io);
  if (!scene) return 2;
  const report = traceReport(scene, packet, options);
  const status = scene.unusable ? 2 : traceSucceeds(report) ? 0 : 1;
  io.setStatus(status);
  output.write(
    options.format === 'json' ? `${jsonText(report, 2)}\n` : renderTrace(report, textOptions(io, options)),
  );
  output.end();
  return status;
}

export function traceReport(
  scene: Scene,
  packet: ReturnType<typeof parseProbe>,
  options: Pick<TraceOptions, 'from' | 'whatIf' | 'steps'>,
): TraceReport {
  const spec = { ...packet, ...placeProbe(options.from, scene.topology) };
  const { whatIf: commands = [] } = options;
  const { there, back, hypothetical } = probe(worldOf(scene, commands), spec);
  const without = commands.length > 0 ? probe(worldOf(scene, []), spec) : undefined;
  // What the kernel did says nothing of a host that is changed.
  const kernel = without ? [] : kernelOf(there, back, scene, packet.sourcePort !== undefined);
  const strange = strangeIn(scene, there);
  return {
    schema: 'nettrace-trace/1',
    from: options.from,
    packet: headerOf(there),
    there,
    ...(back && { back }),
    hypothetical,
    ...(strange !== undefined && { unanswerable: formatIp(strange) }),
    ...(options.steps && { steps: stepsOf(scene, packet, options) }),
    ...(kernel.length > 0 && { kernel }),
    ...(without && {
      whatIf: {
        commands: [...commands],
        there: without.there,
        ...(without.back && { back: without.back }),
      },
    }),
    namespaces: passed([there, ...(back ? [back] : [])], scene.topology),
    missing: scene.topology.missing.map((missing) => ({ ...missing })),
  };
}

/** Captures may show that the far end does answer such a source. */
function strangeIn({ snapshot, correlation }: Scene, there: Trace): Ip | undefined {
  const source = strangeSource(snapshot, there);
  const destination = parseIp(there.final.destination);
  if (source === undefined || destination === undefined) return source;
  const device = there.taps.at(-1)?.interface ?? '';
  return answeredOutside(correlation, device, source, destination) ? undefined : source;
}

function stepsOf(
  { inputs }: Scene,
  packet: ReturnType<typeof parseProbe>,
  options: Pick<TraceOptions, 'from'>,
): TraceStep[] {
  if (inputs.commands === undefined)
    throw new UsageError(
      '--steps: none of the inputs is a script or a pasted session with commands that change something',
    );
  return traceSteps(inputs, (topology) => {
    const [name = ''] = options.from.split(':');
    if (!topology.namespaces.has(name)) return undefined;
    try {
      return { ...packet, ...placeProbe(options.from, topology) };
    } catch (error) {
      if (error instanceof UsageError) return undefined;
      throw error;
    }
  });
}

/** The host as it was dumped, or as it would be after the commands. */
function worldOf({ inputs, snapshot, topology, correlation }: Scene, commands: readonly string[]): World {
  if (commands.length === 0) return createWorld(snapshot, topology, { respond: true });
  const placed = placeCommands(snapshot, commands);
  const changed = typeof placed === 'string' ? placed : applyAll(snapshot, placed);
  if (typeof changed === 'string') throw new UsageError(`--what-if: ${printable(changed)}`);
  const wired = buildTopology(changed, inputs.captures, correlation.observations);
  return createWorld(changed, wired, { respond: true });
}

function kernelOf(
  there: Trace,
  back: Trace | undefined,
  { inputs, snapshot }: Scene,
  clientPort: boolean,
): NonNullable<TraceReport['kernel']> {
  const packets = tracedPackets(inputs.dumps, 0);
  return [
    ...tracedAlike(there, packets, snapshot, { direction: 'forward', clientPort }),
    ...(back ? tracedAlike(back, packets, snapshot, { direction: 'reply', clientPort }) : []),
  ].map(describeKernelPath);
}

function passed(traces: readonly Trace[], topology: Topology): TraceReport['namespaces'] {
  const names = new Set(traces.flatMap(({ hops }) => hops.map((hop) => hop.namespace)));
  return [...names].map((name) => {
    const container = topology.namespaces.get(name)?.container;
    return { name, ...(container !== undefined && { container }) };
  });
}
