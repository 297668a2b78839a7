import type { Issue } from '../base/issue.ts';
import { inferSettings } from '../correlate/infer.ts';
import { locate, type ScanOptions, scanCaptures } from '../correlate/scan.ts';
import type { InputSet } from '../input/input.ts';
import { buildSnapshot } from '../snapshot/build.ts';
import { buildTopology } from '../topology/build.ts';
import { type Diagnosis, diagnose } from './diagnose.ts';
import { makeScene } from './flow-case.ts';

export interface AnalyzeResult extends Diagnosis {
  /** Everything that could not be read or was doubtful, in the order the stages met it. */
  readonly issues: readonly Issue[];
}

/** The main job: what happened to every flow, why, and the fix. Never throws for what its inputs hold. */
export async function analyze(inputs: InputSet, options: ScanOptions = {}): Promise<AnalyzeResult> {
  const { snapshot, issues: snapshotIssues } = buildSnapshot(inputs);
  const scan = await scanCaptures(inputs.captures, { ...options, dumps: inputs.dumps });
  const topology = buildTopology(snapshot, inputs.captures, scan.observations);
  const located = locate(scan, topology);
  const known = inferSettings({ ...snapshot, namespaces: new Map(topology.namespaces) }, located);
  const scene = makeScene(inputs, known, buildTopology(known, inputs.captures, scan.observations), located);
  const dumpIssues = inputs.dumps.flatMap(({ dump }) => dump.issues);
  return {
    ...diagnose(scene),
    issues: [...inputs.issues, ...dumpIssues, ...snapshotIssues, ...scan.issues, ...(topology.issues ?? [])],
  };
}
