import type { AnalysisFlow, AnalysisTopology, Endpoint } from '../analysis.ts';
import { endpointText } from '../text/header.ts';

export interface Column {
  readonly label: string;
  readonly note: string;
  readonly kind: 'end' | 'point';
  /** Of a point: as sightings name it. */
  readonly capture?: string;
}

/** Both ends, and between them the capture points in the order that the request passes them: those that saw it and those that should have. */
export function columnsOf(flow: AnalysisFlow, topology: AnalysisTopology): Column[] {
  const seen = new Set(
    (flow.timeline?.packets ?? []).flatMap(({ seen: list }) => list.map(({ capture }) => capture)),
  );
  const expected = onPath(flow, topology);
  const points = [...expected];
  // What the model doesn't lead it by, where the captures saw it first.
  const others = [...seen].filter((capture) => !expected.includes(capture));
  const order = new Map(flow.sightings.map(({ capture }, index) => [capture, index]));
  for (const other of others) {
    const own = order.get(other) ?? Number.POSITIVE_INFINITY;
    const at = points.findIndex((point) => (order.get(point) ?? Number.POSITIVE_INFINITY) > own);
    points.splice(at < 0 ? points.length : at, 0, other);
  }
  // It went another way than the model's: what lies on that is not where it is missing.
  const last = points.findLastIndex((point) => seen.has(point));
  if (last >= 0 && !expected.includes(points[last] ?? '')) points.length = last + 1;
  return [end(flow.client), ...points.map(pointColumn), end(flow.server)];
}

/** `edge/host:lan1`: two lines, the device first. */
function pointColumn(capture: string): Column {
  const at = capture.lastIndexOf(':');
  return { label: capture.slice(at + 1), note: capture.slice(0, Math.max(0, at)), kind: 'point', capture };
}

function end({ address, port, name, namespace }: Endpoint): Column {
  return { label: endpointText(address, port), note: name ?? namespace ?? '', kind: 'end' };
}

/** Points with a capture that the model's path passes, in order. */
function onPath({ predicted }: AnalysisFlow, { captures }: AnalysisTopology): string[] {
  const points: string[] = [];
  for (const { namespace, copy, ...hop } of predicted) {
    if (copy) continue;
    for (const device of [hop.physin, hop.in, hop.out, hop.physout]) {
      const point = `${namespace}:${device}`;
      const isTaken = captures.some((taken) => taken.namespace === namespace && taken.interface === device);
      if (isTaken && !points.includes(point)) points.push(point);
    }
  }
  return points;
}
