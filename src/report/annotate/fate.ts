/** What became of a flow's packets, and where it is said: at the last place where they were seen. */
import { printable } from '../../base/printable.ts';
import type { Flow, FlowDirection, Leg } from '../../correlate/flow.ts';
import { isCapture } from '../../correlate/points.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import { type Case, type ModelDrop, modelDrop } from '../../diagnose/case.ts';
import type { DiagnosedFlow } from '../../diagnose/diagnose.ts';
import type { Finding } from '../../diagnose/finding.ts';
import type { FlowLeg } from './ways.ts';

/** Of the packets that pass there that way, between those times (epoch seconds, both included). `text` is without the flow's number. */
export interface Fate extends FlowLeg {
  readonly direction: FlowDirection;
  readonly from: number;
  readonly until: number;
  readonly text: string;
}

const FAILED: readonly DiagnosedFlow['status'][] = ['dropped', 'rejected', 'no-reply', 'degraded'];

export function fateOfFlow(
  result: AnalyzeResult,
  { kase, flow, status, findings }: DiagnosedFlow,
): Fate | undefined {
  if (!FAILED.includes(status)) return undefined;
  const finding = findings.map((index) => result.findings[index]).find((one) => one !== undefined);
  const drop = modelDrop(kase);
  // What works but slowly, or was refused once, is told by its evidence.
  const span = spanOf(kase, flow, status);
  if (!span) return undefined;
  const direction = kase.outcome.stalled ? span.direction : (drop?.direction ?? span.direction);
  const own = lastLeg(kase, drop, direction, span);
  // An answer that dies before any capture sees it is told of by the request.
  const unseen = own === undefined && direction === 'reply';
  const leg = own ?? (unseen ? lastLeg(kase, undefined, 'forward', span) : undefined);
  if (!leg) return undefined;
  const number = finding === undefined ? 0 : result.findings.indexOf(finding) + 1;
  const what = unseen ? 'its answer is ' : direction === 'reply' ? 'answer ' : '';
  const how = kase.outcome.stalled && !drop ? 'unacknowledged' : verdictOf(drop, status, direction);
  const verdict = `${what}${how}${drop ? ` in ${drop.namespace}` : ''} behind this point`;
  const { point, client, server } = leg;
  return {
    point,
    client,
    server,
    direction: unseen ? 'forward' : direction,
    from: span.from,
    until: span.until,
    text: printable(fateText(kase, verdict, finding, number)),
  };
}

interface Span {
  readonly from: number;
  readonly until: number;
  readonly direction: FlowDirection;
}

/** When it failed. Times are kept as doubles: a quarter of a microsecond either way. */
function spanOf(kase: Case, flow: Flow, status: DiagnosedFlow['status']): Span | undefined {
  const { stalled, unansweredTail, lostAnswer } = kase.outcome;
  const direction = lostAnswer ? 'reply' : 'forward';
  const whole = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY, direction } as const;
  if (stalled) return { ...whole, from: stalled.segment.time - 1e-6, direction: stalled.direction };
  if (unansweredTail) return { ...whole, from: unansweredTail.time - 1e-6 };
  if (kase.flow !== flow) {
    if (kase.flow.start > flow.start) return { ...whole, from: kase.flow.start - 1e-6 };
    return { ...whole, until: kase.flow.end + 1e-6 };
  }
  return status === 'degraded' ? undefined : whole;
}

/** The last leg that packets of that time passed. */
function lastLeg(
  kase: Case,
  drop: ModelDrop | undefined,
  direction: FlowDirection,
  span: Span,
): Leg | undefined {
  const { points } = kase.correlation;
  const passed = kase.flow.legs.filter((leg) => {
    const { packets, kept, last } = leg[direction];
    const point = points[leg.point];
    if (packets === 0 || !point || point.traced !== undefined) return false;
    return (last?.time ?? kept[0]?.time ?? 0) >= span.from && (kept[0]?.time ?? 0) <= span.until;
  });
  const seen = span.from === Number.NEGATIVE_INFINITY ? drop?.seen?.sighting : undefined;
  const predicted =
    seen && passed.find(({ point, ...leg }) => point === seen.point && leg[direction].kept.includes(seen));
  if (predicted) return predicted;
  return direction === 'forward' ? passed.at(-1) : passed[0];
}

function fateText(kase: Case, verdict: string, finding: Finding | undefined, number: number): string {
  const rule = finding?.rule;
  const line = finding?.evidence.find(
    (one) => one.line !== undefined && one.packet === undefined && !isCaptured(kase, one.path),
  );
  // As netfilter's trace numbers it, a policy is one rule more than there are.
  const which = rule?.text.startsWith('-P ') ? 'policy' : `rule ${rule?.number}`;
  const place = rule
    ? `by ${rule.table} ${rule.chain} ${which} (${rule.path}:${rule.line}) ${rule.text}`
    : line && `see ${line.path}:${line.line}`;
  const parts = [
    `${verdict}: ${finding?.title ?? 'no dump or capture tells why'}`,
    place,
    finding && `finding ${number}, cause ${finding.cause}, ${Math.round(finding.confidence * 100)} % sure`,
  ];
  return parts.filter((part) => part).join('; ');
}

function verdictOf(
  drop: ModelDrop | undefined,
  status: DiagnosedFlow['status'],
  direction: FlowDirection,
): string {
  if (drop)
    return drop.trace.verdict === 'rejected' || drop.trace.likely === 'rejected' ? 'rejected' : 'dropped';
  if (status === 'dropped' || status === 'rejected') return status;
  return direction === 'reply' ? 'gone astray' : 'unanswered';
}

function isCaptured(kase: Case, path: string): boolean {
  return kase.correlation.points.some((point) => isCapture(point) && point.path === path);
}
