/** The host that a case's inputs describe: what its packets go through, and what its captures are held against. */
import type { Issue } from '../../base/issue.ts';
import type { InputLimits } from '../../base/limits.ts';
import type { Pace } from '../../base/pace.ts';
import { alignClocks } from '../../correlate/clocks.ts';
import type { Point } from '../../correlate/points.ts';
import { locate, type ScanOptions, scanCaptures } from '../../correlate/scan.ts';
import { applyAll } from '../../diagnose/effect.ts';
import { placeCommands } from '../../diagnose/what-if.ts';
import type { InputSet } from '../../input/input.ts';
import { resolveInputs } from '../../input/resolve.ts';
import { buildSnapshot } from '../../snapshot/build.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import { buildTopology } from '../../topology/build.ts';
import type { PointObservation, Topology } from '../../topology/topology.ts';
import type { CaseError, CaseFile, Told } from '../file/case-file.ts';

export interface CaseState {
  readonly snapshot: Snapshot;
  readonly topology: Topology;
}

/** `words`: the inputs, as the command line would name them. */
export async function readInputs(
  words: readonly string[],
  { path, state }: CaseFile,
  limits?: Partial<InputLimits>,
): Promise<InputSet> {
  // Its lines keep the numbers that they have in the case's file.
  const text = state && '\n'.repeat(state.line - 1) + state.text;
  const texts = text === undefined ? [] : [{ path, bytes: Buffer.from(text) }];
  return await resolveInputs(words, { texts, limits });
}

/** The state, and what it was made of: enough to make another of it. */
export interface BuiltState extends CaseState {
  readonly inputs: InputSet;
  readonly observations: readonly PointObservation[];
  readonly points: readonly Point[];
  readonly issues: readonly Issue[];
}

export interface Building extends Pick<ScanOptions, 'maxMemory' | 'threads' | 'onSecond'> {
  readonly pace?: Pace | undefined;
  /** Captures are left unread: what they alone tell of the topology isn't known. */
  readonly unread?: boolean | undefined;
}

export async function buildCaseState(given: InputSet, options: Building = {}): Promise<BuiltState> {
  const { pace, unread, ...reading } = options;
  const inputs = unread ? given : await alignClocks(given, pace);
  const built = buildSnapshot(inputs);
  const scan = await scanCaptures(unread ? [] : inputs.captures, { ...reading, pace, dumps: inputs.dumps });
  const topology = buildTopology(built.snapshot, inputs.captures, scan.observations);
  const { observations, points } = locate(scan, topology);
  return {
    inputs,
    snapshot: { ...built.snapshot, namespaces: new Map(topology.namespaces) },
    topology,
    observations,
    points,
    issues: [...built.issues, ...scan.issues, ...(topology.issues ?? [])],
  };
}

/** After commands that were run on it, one after the other; or where and why one can't be. */
export function changedState<T extends BuiltState>(state: T, setup: readonly Told<string>[]): T | CaseError {
  if (setup.length === 0) return state;
  let { snapshot } = state;
  for (const { value, place } of setup) {
    const placed = placeCommands(snapshot, [value]);
    const changed = typeof placed === 'string' ? placed : applyAll(snapshot, placed);
    if (typeof changed === 'string') return { ...place, text: changed };
    snapshot = changed;
  }
  const topology = buildTopology(snapshot, state.inputs.captures, state.observations);
  return { ...state, snapshot: { ...snapshot, namespaces: new Map(topology.namespaces) }, topology };
}
