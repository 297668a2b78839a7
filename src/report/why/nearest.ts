/** Where no flow is what a filter asks for: those of which most of it is true. */
import type { Flow } from '../../correlate/flow.ts';
import { outcomeOf } from '../../correlate/outcome.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import type { End, Filter } from '../../filter/filter.ts';
import { compileFilter } from '../../filter/match.ts';
import { protocolName } from '../../net/protocol.ts';
import type { AnalysisFlow } from '../analysis.ts';
import { endpoint } from '../endpoint.ts';

const SHOWN = 5;
/** Of more flows than these the first ones will do. */
const LOOKED_AT = 20_000;

export function nearestFlows(result: AnalyzeResult): AnalysisFlow[] {
  const { asked, flows, points } = result.scene.correlation;
  if (!asked) return [];
  const begin = Math.min(...points.flatMap(({ first }) => first ?? []));
  const tests = partsOf(asked.filter).map((part) => compileFilter(part, begin));
  const rated = flows.slice(0, LOOKED_AT).map((flow) => {
    const faces = flow.legs.map(({ client, server }) => ({ protocol: flow.protocol, client, server }));
    const subject = { faces, start: flow.start, end: flow.end };
    return { flow, rate: tests.filter((test) => test(subject)).length };
  });
  return rated
    .filter(({ rate }) => rate > 0)
    .toSorted((left, right) => right.rate - left.rate)
    .slice(0, SHOWN)
    .map(({ flow }) => described(result, flow));
}

function partsOf(filter: Filter): Filter[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.parts.flatMap(partsOf);
    case 'flow':
      return [...partsOfEnd(filter.left, 'source'), ...partsOfEnd(filter.right, 'destination'), filter];
    default:
      return [filter];
  }
}

function partsOfEnd({ host, ports }: End, side: 'source' | 'destination'): Filter[] {
  return [
    ...(host
      ? ([
          { kind: 'host', side: 'either', host },
          { kind: 'host', side, host },
        ] as const)
      : []),
    ...(ports ? ([{ kind: 'port', side, ports }] as const) : []),
  ];
}

function described(result: AnalyzeResult, flow: Flow): AnalysisFlow {
  const point = flow.legs[0]?.point;
  return {
    id: flow.id,
    protocol: protocolName(flow.protocol),
    client: endpoint(result, flow.protocol, point, flow.client),
    server: endpoint(result, flow.protocol, point, flow.server),
    start: flow.start,
    end: flow.end,
    packets: { forward: 0, reply: 0 },
    status: outcomeOf(flow).status,
    sightings: [],
    predicted: [],
    findings: [],
  };
}
