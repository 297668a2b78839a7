/** From an analysis to the story of one of its flows. */
import type { Flow, LegSide } from '../../correlate/flow.ts';
import { flowTuple } from '../../correlate/tuple-text.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import type { DiagnosedFlow } from '../../diagnose/diagnose.ts';
import { nearRules } from '../../diagnose/near-rules.ts';
import type { Analysis, AnalysisFlow } from '../analysis.ts';
import { fails, flowName } from '../text/flow-name.ts';
import { endpointText } from '../text/header.ts';
import { timelineOf } from '../timeline.ts';
import { nearestFlows } from './nearest.ts';
import type { Passing, Pick, Story } from './story.ts';

const OTHERS = 10;

/** The failing flow first, by the importance of what explains it. */
export function tellStory(result: AnalyzeResult, analysis: Analysis): Story {
  const ordered = analysis.flows.toSorted((left, right) => weight(left, analysis) - weight(right, analysis));
  const [flow, ...others] = ordered;
  const own = flow && result.flows.find((each) => each.flow.id === flow.id);
  const more = others.length + (analysis.counted?.flows ?? 0);
  return {
    schema: 'nettrace-why/1',
    ...(analysis.filter && { filter: analysis.filter }),
    ...(flow && { flow: own ? withTimeline(result, flow, own) : flow }),
    seen: own ? passings(result, own.kase.flow) : [],
    missed: own ? missed(own) : [],
    findings: (flow?.findings ?? []).flatMap((index) => analysis.findings[index] ?? []),
    nearRules: own ? nearRules(own.kase) : [],
    others: others.slice(0, OTHERS).map(pick),
    othersLeft: more - Math.min(OTHERS, others.length),
    nearest: flow ? [] : nearestFlows(result).map(pick),
  };
}

/** Of flows that no finding is about the analysis keeps none. */
function withTimeline(result: AnalyzeResult, flow: AnalysisFlow, { kase }: DiagnosedFlow): AnalysisFlow {
  const timeline = flow.timeline ?? timelineOf(result, kase.flow);
  return { ...flow, ...(timeline && { timeline }) };
}

function weight(flow: AnalysisFlow, { findings }: Analysis): number {
  const first = flow.findings[0] ?? findings.length;
  if (fails(flow, findings)) return first;
  const rank = flow.status === 'degraded' ? 1 : flow.status === 'unknown' ? 2 : 3;
  return (findings.length + 1) * rank + first;
}

function pick(flow: AnalysisFlow): Pick {
  const end = ({ address, port }: AnalysisFlow['client']) => endpointText(address, port);
  return {
    name: flowName(flow),
    status: flow.status,
    option: `--flow '${flow.protocol} ${end(flow.client)} > ${end(flow.server)}'`,
  };
}

/** The first packet of each direction at each point, in order of time. */
function passings({ scene }: AnalyzeResult, flow: Flow): Passing[] {
  const { points } = scene.correlation;
  const found = flow.legs.flatMap((leg) =>
    (['forward', 'reply'] as const).flatMap((direction) => {
      const side: LegSide = leg[direction];
      const [first] = side.kept;
      const point = points[leg.point];
      if (!first || !point) return [];
      const { time, number, line } = first;
      return [
        {
          direction,
          time,
          since: 0,
          capture: `${point.namespace}:${point.device ?? point.interface}`,
          path: point.path,
          ...(line === undefined ? { packet: number } : { line }),
          packets: side.packets,
          tuple: flowTuple(flow, leg, direction),
          translated: false,
        },
      ];
    }),
  );
  const begin = Math.min(...found.map(({ time }) => time));
  const before = new Map<string, string>();
  // Captures of one host may name one moment; the legs are in the order of the way.
  return found
    .toSorted((left, right) => left.time - right.time)
    .map((passing) => {
      const last = before.get(passing.direction);
      before.set(passing.direction, passing.tuple);
      const since = Math.round((passing.time - begin) * 1e9) / 1e9;
      return { ...passing, since, translated: last !== undefined && last !== passing.tuple };
    });
}

function missed({ kase }: DiagnosedFlow): Story['missed'] {
  const checks = [...(kase.prediction?.checks ?? []), ...(kase.prediction?.backChecks ?? [])];
  return checks
    .filter(({ missing }) => missing)
    .flatMap(({ tap, points }) =>
      points.map(({ path }) => ({ capture: `${tap.namespace}:${tap.interface}`, path })),
    );
}
