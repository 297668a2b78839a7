/** Flows of large captures that were counted and not looked at: their sums, and one by one as they are written. */
import type { CountedFlow, CountedFlows, CountedLeg } from '../correlate/counted.ts';
import { flowTuple } from '../correlate/tuple-text.ts';
import type { AnalyzeResult } from '../diagnose/analyze.ts';
import type { DiagnosedFlow } from '../diagnose/diagnose.ts';
import type { Finding } from '../diagnose/finding.ts';
import { protocolName } from '../net/protocol.ts';
import type { AnalysisFlow, CountedSummary } from './analysis.ts';
import { endpoint } from './endpoint.ts';

/** The finding, with how many flows fail like its own. */
export function withAlike(finding: Finding, { scene }: AnalyzeResult): Finding {
  const { counted } = scene.correlation;
  const alike = finding.flows.reduce((sum, id) => sum + (counted?.like.get(id) ?? 0), 0);
  return alike === 0 ? finding : { ...finding, alike };
}

export function countedSummary(result: AnalyzeResult, counted: CountedFlows): CountedSummary {
  const sums: CountedSummary = {
    flows: counted.count,
    ...(counted.unlisted > 0 && { unlisted: counted.unlisted }),
    delivered: counted.byStatus.get('delivered') ?? 0,
    failing: (counted.byStatus.get('no-reply') ?? 0) + (counted.byStatus.get('rejected') ?? 0),
    meant: 0,
    degraded: 0,
    unknown: counted.byStatus.get('unknown') ?? 0,
  };
  for (const [id, count] of counted.like) {
    const flow = flowOf(result, id);
    if (flow) sums[fareOf(result, flow)] += count;
  }
  return sums;
}

/** Where a filter asks for some flows, ids are those of all. */
function flowOf({ flows, scene }: AnalyzeResult, id: number): DiagnosedFlow | undefined {
  return scene.correlation.asked ? flows.find(({ flow }) => flow.id === id) : flows[id];
}

function fareOf(
  { findings }: AnalyzeResult,
  { status, findings: own }: DiagnosedFlow,
): Exclude<keyof CountedSummary, 'unlisted' | 'flows'> {
  if (status === 'delivered' || status === 'degraded' || status === 'unknown') return status;
  return own.length > 0 && own.every((index) => findings[index]?.severity === 'info') ? 'meant' : 'failing';
}

/** As they stand in the analysis, behind those that were looked at. */
export function* countedFlows(result: AnalyzeResult): Iterable<AnalysisFlow> {
  let id = result.scene.correlation.flows.length;
  for (const flow of result.scene.correlation.counted?.flows() ?? []) yield describe(result, flow, id++);
}

function describe(result: AnalyzeResult, flow: CountedFlow, id: number): AnalysisFlow {
  const { protocol, legs, like } = flow;
  const known = like === undefined ? undefined : flowOf(result, like);
  const most = (pick: (leg: CountedLeg) => number) => Math.max(0, ...legs.map(pick));
  return {
    id,
    protocol: protocolName(protocol),
    client: endpoint(result, protocol, legs[0]?.point, flow.client),
    server: endpoint(result, protocol, legs[0]?.point, flow.server),
    start: flow.start,
    end: flow.end,
    packets: { forward: most(({ forward }) => forward), reply: most(({ reply }) => reply) },
    status: known?.status ?? flow.status,
    sightings: legs.flatMap((leg) => sightingsOf(result, flow, leg)),
    predicted: [],
    findings: [...(known?.findings ?? [])],
    counted: true,
    ...(like !== undefined && { like }),
  };
}

function sightingsOf(
  { scene }: AnalyzeResult,
  flow: CountedFlow,
  leg: CountedLeg,
): AnalysisFlow['sightings'] {
  const point = scene.correlation.points[leg.point];
  const capture = point ? `${point.namespace}:${point.interface}` : '';
  return (['forward', 'reply'] as const)
    .filter((direction) => leg[direction] > 0)
    .map((direction) => ({
      capture,
      packets: leg[direction],
      direction,
      tuple: flowTuple(flow, leg, direction),
    }));
}
