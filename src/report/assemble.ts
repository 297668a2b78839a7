import { formatIssue, type Issue } from '../base/issue.ts';
import type { Asked } from '../correlate/asked.ts';
import type { Flow, Leg } from '../correlate/flow.ts';
import { isCapture } from '../correlate/points.ts';
import { flowTuple } from '../correlate/tuple-text.ts';
import type { AnalyzeResult } from '../diagnose/analyze.ts';
import type { HostState } from '../diagnose/case.ts';
import type { DiagnosedFlow } from '../diagnose/diagnose.ts';
import { nearRules } from '../diagnose/near-rules.ts';
import type { WhatIf } from '../diagnose/what-if.ts';
import { printFilter } from '../filter/print.ts';
import { protocolName } from '../net/protocol.ts';
import { describeTopology } from '../topology/describe.ts';
import type { Analysis, AnalysisFlow, AnalysisInput, AnalysisState, FilterSummary } from './analysis.ts';
import { countedSummary, withAlike } from './counted.ts';
import { endpoint } from './endpoint.ts';
import { describeKernelPath } from './kernel-path.ts';
import { flowsWithTimeline, timelineOf } from './timeline.ts';

/** The diagnosis as nettrace-analysis/1: plain data, addresses as text. */
export function assemble(result: AnalyzeResult, whatIf?: WhatIf): Analysis {
  const { scene } = result;
  const { counted } = scene.correlation;
  const timelines = flowsWithTimeline(result);
  return {
    schema: 'nettrace-analysis/1',
    inputs: describeInputs(result),
    topology: describeTopology(scene.topology, scene.correlation.points.filter(isCapture), scene.inputs),
    flows: result.flows.map((flow) => describeFlow(result, flow, timelines)),
    ...(scene.correlation.asked && { filter: describeFilter(scene.correlation.asked) }),
    findings: result.findings.map((finding) => withAlike(finding, result)),
    ...(counted && counted.count > 0 && { counted: countedSummary(result, counted) }),
    ...(result.changes.length > 0 && { changes: [...result.changes] }),
    ...(scene.states && { states: scene.states.map(describeState) }),
    warnings: result.issues.map(describeIssue),
    ...(whatIf && { whatIf }),
  };
}

function describeFilter({ filter, matched, of, forgotten }: Asked): FilterSummary {
  return { expression: printFilter(filter), matched, flows: of, ...(forgotten > 0 && { forgotten }) };
}

function describeState({ taken, orderBy, own, after }: HostState): AnalysisState {
  return {
    ...(taken && { from: taken.first, to: taken.last }),
    orderBy,
    dumps: own.map(({ dump }) => dump.path),
    ...(after && { after: { path: after.path, line: after.line, command: after.typed } }),
  };
}

function describeIssue({ path, line, packet, text }: Issue): Analysis['warnings'][number] {
  return {
    ...(path !== undefined && { path }),
    ...(line !== undefined && { line }),
    ...(packet !== undefined && { packet }),
    text,
  };
}

function describeInputs({ scene, issues }: AnalyzeResult): AnalysisInput[] {
  const warningsOf = (path: string) => issues.filter((issue) => issue.path === path).map(formatIssue);
  const captures = scene.inputs.captures.map((capture, index): AnalysisInput => {
    const summary = scene.correlation.summaries[index];
    const places = scene.correlation.points.filter((point) => point.input === index && isCapture(point));
    const [place] = places;
    return {
      path: capture.path,
      kind: summary?.format ?? 'capture',
      ...(place && { namespace: place.namespace, interface: places.length > 1 ? 'any' : place.interface }),
      packets: summary?.packets ?? 0,
      warnings: warningsOf(capture.path),
    };
  });
  const dumps = scene.inputs.dumps.map(
    ({ dump, namespace }): AnalysisInput => ({
      path: dump.path,
      kind: dump.format,
      namespace,
      warnings: warningsOf(dump.path),
    }),
  );
  return [...captures, ...dumps];
}

function describeFlow(
  result: AnalyzeResult,
  { kase, flow, status, findings }: DiagnosedFlow,
  timelines: ReadonlySet<number>,
): AnalysisFlow {
  const { prediction } = kase;
  const divergence = divergenceOf(kase);
  const isTold = timelines.has(flow.id);
  const timeline = isTold ? timelineOf(result, kase.flow) : undefined;
  const near = isTold ? nearRules(kase) : [];
  return {
    id: flow.id,
    protocol: protocolName(flow.protocol),
    client: endpoint(result, flow.protocol, flow.legs[0]?.point, flow.client),
    server: endpoint(result, flow.protocol, flow.legs[0]?.point, flow.server),
    start: flow.start,
    end: flow.end,
    packets: countPackets(flow),
    status,
    sightings: sightingsOf(result, flow),
    ...(kase.flow !== flow && { failing: failingPart(result, kase.flow, flow) }),
    predicted: prediction?.there.hops ?? [],
    ...(prediction && { verdict: prediction.there.verdict }),
    ...(prediction?.back && { predictedReply: prediction.back.hops }),
    ...(kase.kernel.length > 0 && { kernel: kase.kernel.map(describeKernelPath) }),
    ...(divergence && { divergence }),
    ...(timeline && { timeline }),
    ...(near.length > 0 && { nearRules: near }),
    findings: [...findings],
  };
}

/** What the predicted path is of, where the flow worked at other times. */
function failingPart(result: AnalyzeResult, part: Flow, flow: Flow): NonNullable<AnalysisFlow['failing']> {
  const sightings = sightingsOf(result, part);
  return part.start > flow.start ? { from: part.start, sightings } : { until: part.end, sightings };
}

function sightingsOf({ scene }: AnalyzeResult, flow: Flow): AnalysisFlow['sightings'] {
  const { points } = scene.correlation;
  return flow.legs.flatMap((leg) => {
    const point = points[leg.point];
    const traced = point?.traced === undefined ? '' : ' (trace)';
    const capture = point ? `${point.namespace}:${point.device ?? point.interface}${traced}` : '';
    return (['forward', 'reply'] as const)
      .filter((direction) => leg[direction].packets > 0)
      .map((direction) => ({
        capture,
        packets: leg[direction].packets,
        direction,
        ...(point?.within !== undefined && { tunnel: point.within }),
        tuple: flowTuple(flow, leg, direction),
      }));
  });
}

/** Packets as the point that saw the most of them counted: each passes several points, and is one packet. */
function countPackets(flow: Flow): { forward: number; reply: number } {
  const most = (pick: (leg: Leg) => number) => {
    const sums = new Map<number, number>();
    for (const leg of flow.legs) sums.set(leg.point, (sums.get(leg.point) ?? 0) + pick(leg));
    return Math.max(0, ...sums.values());
  };
  return { forward: most((leg) => leg.forward.packets), reply: most((leg) => leg.reply.packets) };
}

/** Last place where the request was seen as the model says, and what should have come next. */
function divergenceOf({ prediction, outcome }: DiagnosedFlow['kase']): AnalysisFlow['divergence'] {
  if (!prediction || outcome.status === 'delivered') return undefined;
  const { there, checks } = prediction;
  const seen = checks.findLast((check) => check.sighting !== undefined);
  const missing = checks.find((check) => check.missing);
  if (missing) {
    const place = `${missing.tap.namespace}:${missing.tap.interface}`;
    return {
      namespace: missing.tap.namespace,
      after: seen ? `${seen.tap.namespace}:${seen.tap.interface}` : 'the sender',
      text: `the model expects it on ${place}, where it was not seen`,
    };
  }
  const drop = there.hops.at(-1)?.steps.findLast((step) => step.kind === 'drop');
  if (!seen || drop?.kind !== 'drop') return undefined;
  return {
    namespace: there.namespace,
    after: `${seen.tap.namespace}:${seen.tap.interface}`,
    text: drop.text,
  };
}
