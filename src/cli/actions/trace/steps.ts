/** `trace --steps`: the same packet after each command that the sessions and scripts among the inputs hold. */
import { strangeSource } from '../../../diagnose/unanswerable.ts';
import type { CommandInput, InputSet } from '../../../input/input.ts';
import { formatIp } from '../../../net/ip.ts';
import { probe } from '../../../netstack/probe.ts';
import { createWorld } from '../../../netstack/world.ts';
import { fateOfBoth, traceSucceeds } from '../../../report/text/fate.ts';
import type { TraceStep } from '../../../report/trace-report.ts';
import { buildSnapshot } from '../../../snapshot/build.ts';
import type { Snapshot } from '../../../snapshot/snapshot.ts';
import { buildTopology } from '../../../topology/build.ts';
import type { Topology } from '../../../topology/topology.ts';

export type ProbeOf = (topology: Topology) => Parameters<typeof probe>[1] | undefined;

/** `probeOf`: the packet, or undefined while its sender isn't there yet. */
export function traceSteps(inputs: InputSet, probeOf: ProbeOf): TraceStep[] {
  return (inputs.commands ?? []).flatMap((command, index) => {
    const { snapshot } = buildSnapshot(upTo(inputs, index));
    const played = snapshot.commands?.at(-1);
    // A shell was opened, which changes nothing.
    if (command.text === '' && played?.typed !== command.typed) return [];
    const step = {
      ...{ path: command.path, line: command.line, namespace: command.namespace, command: command.typed },
      ...(played?.refusal && { refusal: { ...played.refusal } }),
    };
    return [{ ...step, ...outcomeOf(snapshot, probeOf) }];
  });
}

function outcomeOf(
  snapshot: Snapshot,
  probeOf: ProbeOf,
): Pick<TraceStep, 'verdict' | 'cause' | 'passes' | 'outcome'> {
  const topology = buildTopology(snapshot, []);
  const spec = probeOf(topology);
  if (!spec) return { passes: false, outcome: 'its sender isn’t there yet' };
  const world = createWorld({ ...snapshot, namespaces: new Map(topology.namespaces) }, topology, {
    respond: true,
  });
  const { there, back } = probe(world, spec);
  const strange = strangeSource(snapshot, there);
  const report = {
    there,
    ...(back && { back }),
    ...(strange !== undefined && { unanswerable: formatIp(strange) }),
  };
  return {
    verdict: there.verdict,
    ...(there.cause !== undefined && { cause: there.cause }),
    passes: traceSucceeds(report),
    outcome: `the packet ${fateOfBoth(report)}`,
  };
}

/** What was typed and printed until that command; dumps that stand for themselves are of the time after it all. */
function upTo({ captures, dumps, commands = [], issues }: InputSet, index: number): InputSet {
  const last = commands[index];
  const paths = [...new Set(commands.slice(0, index + 1).map(({ path }) => path))];
  return {
    captures,
    issues,
    commands: commands.slice(0, index + 1),
    dumps: dumps.filter(({ dump, step }) => step !== undefined && isBefore(dump.path, step, last, paths)),
  };
}

function isBefore(
  path: string,
  step: number,
  last: CommandInput | undefined,
  paths: readonly string[],
): boolean {
  return path === last?.path ? step <= last.step : paths.includes(path);
}
