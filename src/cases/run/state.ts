/** The host that a case's inputs describe: what its packets go through, and what its captures are held against. */
import type { Issue } from '../../base/issue.ts';
import { alignClocks } from '../../correlate/clocks.ts';
import { locate, scanCaptures } from '../../correlate/scan.ts';
import { applyAll } from '../../diagnose/effect.ts';
import { placeCommands } from '../../diagnose/what-if.ts';
import type { InputSet } from '../../input/input.ts';
import { resolveInputs } from '../../input/resolve.ts';
import { buildSnapshot } from '../../snapshot/build.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import { buildTopology } from '../../topology/build.ts';
import type { Topology } from '../../topology/topology.ts';
import type { CaseError, CaseFile } from '../file/case-file.ts';

export interface CaseState {
  readonly snapshot: Snapshot;
  readonly topology: Topology;
}

/** `words`: the inputs, as the command line would name them. */
export async function readInputs(words: readonly string[], { path, state }: CaseFile): Promise<InputSet> {
  // Its lines keep the numbers that they have in the case's file.
  const text = state && '\n'.repeat(state.line - 1) + state.text;
  const texts = text === undefined ? [] : [{ path, bytes: Buffer.from(text) }];
  return await resolveInputs(words, { texts });
}

/** With the commands of `setup` run, or where and why one can't be. */
export async function openState(
  inputs: InputSet,
  { setup }: CaseFile,
): Promise<{ state: CaseState | CaseError; issues: readonly Issue[] }> {
  const aligned = await alignClocks(inputs);
  const built = buildSnapshot(aligned);
  const scan = await scanCaptures(aligned.captures, { dumps: aligned.dumps });
  const topology = buildTopology(built.snapshot, aligned.captures, scan.observations);
  const located = locate(scan, topology);
  const issues = [...built.issues, ...scan.issues, ...(topology.issues ?? [])];
  let snapshot: Snapshot = { ...built.snapshot, namespaces: new Map(topology.namespaces) };
  for (const { value, place } of setup) {
    const placed = placeCommands(snapshot, [value]);
    const changed = typeof placed === 'string' ? placed : applyAll(snapshot, placed);
    if (typeof changed === 'string') return { state: { ...place, text: changed }, issues };
    snapshot = changed;
  }
  if (setup.length === 0) return { state: { snapshot, topology }, issues };
  const wired = buildTopology(snapshot, aligned.captures, located.observations);
  return {
    state: { snapshot: { ...snapshot, namespaces: new Map(wired.namespaces) }, topology: wired },
    issues,
  };
}
