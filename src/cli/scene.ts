/** The state that `topology`, `trace` and `replay` work on: snapshot and wiring, helped by what the captures show. */
import type { Issue } from '../base/issue.ts';
import { alignClocks } from '../correlate/clocks.ts';
import { type Correlation, locate, scanCaptures } from '../correlate/scan.ts';
import type { Filter } from '../filter/filter.ts';
import type { InputSet } from '../input/input.ts';
import { buildSnapshot } from '../snapshot/build.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { buildTopology } from '../topology/build.ts';
import type { Topology } from '../topology/topology.ts';
import { filterFor } from './filter.ts';
import type { Io } from './io.ts';
import { isEmpty, issuesOf, loadInputs } from './load.ts';
import { hasErrors, tellIssues } from './messages.ts';
import type { CommonOptions } from './options.ts';

export interface Scene {
  readonly inputs: InputSet;
  readonly snapshot: Snapshot;
  readonly topology: Topology;
  readonly correlation: Correlation;
  /** An input could not be used: whatever else is found, the exit status is 2. */
  readonly unusable: boolean;
}

/** `wanted`: flows that are asked for. Undefined when no input holds anything; that has been said then, as all issues have. */
export async function loadScene(
  words: readonly string[],
  options: CommonOptions,
  io: Io,
  wanted?: Filter,
): Promise<Scene | undefined> {
  const { inputs: given, progress } = await loadInputs(words, options, io);
  const filter = filterFor(wanted, given);
  const inputs = await alignClocks(given);
  const built = buildSnapshot(inputs);
  const scan = await scanCaptures(inputs.captures, { dumps: inputs.dumps, ...(filter && { filter }) });
  progress.end();
  const topology = buildTopology(built.snapshot, inputs.captures, scan.observations);
  const issues: Issue[] = [...issuesOf(inputs), ...built.issues, ...scan.issues, ...(topology.issues ?? [])];
  tellIssues(io, issues, options);
  if (isEmpty(inputs)) return undefined;
  return {
    inputs,
    snapshot: { ...built.snapshot, namespaces: new Map(topology.namespaces) },
    topology,
    correlation: locate(scan, topology),
    unusable: hasErrors([...inputs.issues, ...scan.issues]),
  };
}
