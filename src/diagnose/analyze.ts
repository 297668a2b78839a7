import type { Issue } from '../base/issue.ts';
import { alignClocks } from '../correlate/clocks.ts';
import { inferSettings } from '../correlate/infer.ts';
import { locate, type Scan, type ScanOptions, scanCaptures } from '../correlate/scan.ts';
import { BUDGET } from '../correlate/sieve/choose.ts';
import type { InputSet } from '../input/input.ts';
import { buildState } from '../snapshot/build.ts';
import { sessionStates } from '../snapshot/session-states.ts';
import { type DumpedState, dumpedStates } from '../snapshot/states.ts';
import { buildTopology } from '../topology/build.ts';
import type { HostState } from './case.ts';
import { type Diagnosis, type DiagnosisStep, diagnosing } from './diagnose.ts';
import { makeScene } from './flow-case.ts';

export interface AnalyzeResult extends Diagnosis {
  /** Everything that could not be read or was doubtful, in the order the stages met it. */
  readonly issues: readonly Issue[];
}

export interface AnalyzeOptions extends ScanOptions {
  /** Every flow of captures that aren't large is explained, however many there are: anything may be asserted of any of them. */
  readonly everyFlow?: boolean | undefined;
  /** Called when the captures have been read, and with each step of explaining their flows. */
  readonly onStep?: ((step: DiagnosisStep) => void) | undefined;
  /** Called when the captures begin to be read for what they hold, not for the hosts' clocks. */
  readonly onReading?: (() => void) | undefined;
}

/** The main job: what happened to every flow, why, and the fix. Never throws for what its inputs hold. */
export async function analyze(given: InputSet, options: AnalyzeOptions = {}): Promise<AnalyzeResult> {
  const { pace, onStep } = options;
  const inputs = await alignClocks(given, pace);
  options.onReading?.();
  const dumped = dumpedStates(inputs.dumps);
  const scan = await scanCaptures(inputs.captures, { ...bounds(options), ...options, dumps: inputs.dumps });
  const played = dumped.length === 1 ? playedStates(inputs, scan) : [];
  const built = [...played, ...dumped.map((state) => hostState(inputs, scan, state, played.length > 0))];
  const last = built.at(-1) as (typeof built)[number];
  const states = built.map(({ state }) => state);
  const scene = { ...last.state.scene, ...(states.length > 1 && { states }) };
  const dumpIssues = inputs.dumps.flatMap(({ dump }) => dump.issues);
  const steps = diagnosing(scene);
  let step = steps.next();
  for (; !step.done; step = steps.next()) {
    onStep?.(step.value);
    if (pace) await pace.turn();
  }
  return {
    ...step.value,
    issues: [...inputs.issues, ...dumpIssues, ...last.issues, ...scan.issues],
  };
}

/** So many flows are all explained. */
const FEW_FLOWS = BUDGET.failing + BUDGET.working + BUDGET.turning;
/** Bytes of captures that can hold more. */
const MANY_FLOWS = 128 * 2 ** 10;

/** To explain a flow costs a thousand times what reading its packet does: of many in a small capture, too, some stand for others, unless few are asked for. */
function bounds({ filter, everyFlow }: AnalyzeOptions): ScanOptions {
  return filter || everyFlow ? {} : { sieveFrom: MANY_FLOWS, fewFlows: FEW_FLOWS };
}

/** The machine while each capture of a session ran. */
function playedStates(inputs: InputSet, scan: Scan): { state: HostState; issues: readonly Issue[] }[] {
  return sessionStates(inputs, (capture) => spanOf(scan, capture)).map(({ inputs: then, taken }) =>
    hostState(then, scan, { dumps: then.dumps, own: [], taken, orderBy: 'time' }, true),
  );
}

function spanOf({ points }: Scan, capture: number): { first: number; last: number } | undefined {
  const own = points.filter(({ input, packets }) => input === capture && packets > 0);
  const first = Math.min(...own.flatMap((point) => point.first ?? []));
  const last = Math.max(...own.flatMap((point) => point.last ?? []));
  // A flow of one packet begins and ends with it.
  return Number.isFinite(first) && Number.isFinite(last) ? { first, last: last + 1e-6 } : undefined;
}

function hostState(
  inputs: InputSet,
  scan: Scan,
  dumped: DumpedState,
  typed = false,
): { state: HostState; issues: readonly Issue[] } {
  const { snapshot, issues } = buildState(inputs, dumped.dumps);
  const topology = buildTopology(snapshot, inputs.captures, scan.observations);
  const located = locate(scan, topology);
  const known = inferSettings({ ...snapshot, namespaces: new Map(topology.namespaces) }, located);
  const wired = buildTopology(known, inputs.captures, scan.observations);
  const scene = makeScene(inputs, known, wired, located);
  const after = typed ? inputs.commands?.at(-1) : undefined;
  return {
    state: { ...dumped, ...(after && { after }), scene },
    issues: [...issues, ...(topology.issues ?? [])],
  };
}
