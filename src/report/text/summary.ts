/** The verdict: what somebody reads who reads nothing else. */
import { printable } from '../../base/printable.ts';
import type { Finding } from '../../diagnose/finding.ts';
import type { Analysis, AnalysisFlow, FilterSummary } from '../analysis.ts';
import { fails, isMeant } from './flow-name.ts';
import type { Style } from './style.ts';
import { columns, hang } from './wrap.ts';

/** What there is to say first. */
export interface Verdict {
  readonly head: string;
  /** Where `head` has no room for why: the errors' titles. */
  readonly reasons: readonly string[];
  /** What is wrong without having stopped anything. */
  readonly besides?: string;
  /** Of the other flows; may be empty. */
  readonly rest: string;
  readonly tone: 'bad' | 'good' | 'none';
}

export function verdictOf(analysis: Analysis): Verdict {
  const { flows, findings } = analysis;
  const failing = flows.filter((flow) => fails(flow, findings));
  const degraded = flows.filter((flow) => flow.status === 'degraded');
  const errors = findings.filter((finding) => finding.severity === 'error');
  const tally = tallyOf(analysis, failing.length, degraded.length);
  const isGood = tally.failing === 0 && errors.length === 0 && tally.degraded === 0;
  const besides = errors.length > 1 ? undefined : worthALook(findings, errors.length > 0);
  return {
    head: headline(analysis, tally, errors),
    reasons: errors.length > 1 ? errors.map(({ title }) => printable(title)) : [],
    ...(besides !== undefined && { besides }),
    rest: remainder(tally),
    tone: !isGood ? 'bad' : tally.healthy > 0 ? 'good' : 'none',
  };
}

export function summary(analysis: Analysis, style: Style): string[] {
  const { head, reasons, besides, rest, tone } = verdictOf(analysis);
  const paint = tone === 'none' ? style.bold : style[tone];
  const lines = [...filterLines(analysis.filter, style), ...hang('', head, style.width).map(paint)];
  const rows = reasons.map((title, index) => [style.bold(String(index + 1)), title]);
  if (rows.length > 0) lines.push(...columns(rows, { width: style.width, indent: 2, right: [0] }));
  if (besides !== undefined) lines.push(...hang('', besides, style.width).map(style.doubtful));
  if (rest !== '') lines.push(...hang('', rest, style.width));
  return lines;
}

/** `filter: 3 of 1,234 flows (udp and port 53)`: all that follows is of those. */
export function filterLines(filter: FilterSummary | undefined, style: Style): string[] {
  return filter ? hang('', filterText(filter), style.width).map(style.dim) : [];
}

export function filterText({ matched, flows, expression, forgotten }: FilterSummary): string {
  const more = forgotten === undefined ? '' : `; of ${thousands(forgotten)} more nobody knows (--max-memory)`;
  return `filter: ${thousands(matched)} of ${thousands(flows)} flows${more} (${printable(expression)})`;
}

/** Independent of the locale that Node runs in. */
export function thousands(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

function worthALook(findings: readonly Finding[], isNotAll: boolean): string | undefined {
  const warnings = findings.filter((finding) => finding.severity === 'warning');
  const [first] = warnings;
  if (!first) return undefined;
  const lead = isNotAll ? 'Besides: ' : 'Worth a look: ';
  return `${lead}${warnings.length === 1 ? printable(first.title) : `${warnings.length} warnings below`}`;
}

/** All flows, those that were only counted among them. */
interface Tally {
  readonly flows: number;
  readonly failing: number;
  readonly degraded: number;
  readonly healthy: number;
  readonly meant: number;
  readonly unknown: number;
}

function tallyOf({ flows, findings, counted }: Analysis, failing: number, degraded: number): Tally {
  const count = (status: AnalysisFlow['status']) => flows.filter((flow) => flow.status === status).length;
  return {
    flows: flows.length + (counted?.flows ?? 0),
    failing: failing + (counted?.failing ?? 0),
    degraded: degraded + (counted?.degraded ?? 0),
    healthy: count('delivered') + (counted?.delivered ?? 0),
    meant:
      flows.filter((flow) => STOPPED.has(flow.status) && isMeant(flow, findings)).length +
      (counted?.meant ?? 0),
    unknown: count('unknown') + (counted?.unknown ?? 0),
  };
}

function headline({ inputs, filter }: Analysis, tally: Tally, errors: readonly Finding[]): string {
  const { flows, failing, degraded, healthy } = tally;
  const why =
    errors.length === 1
      ? `: ${printable(errors[0]?.title ?? '')}`
      : errors.length > 1
        ? `, for ${errors.length} reasons:`
        : '';
  if (failing > 0)
    return `${share(failing, flows)} ${failing === 1 ? 'fails' : 'fail'}${why === '' ? ', and the inputs do not show why' : why}`;
  if (degraded > 0) return `${share(degraded, flows)} ${degraded === 1 ? 'suffers' : 'suffer'}${why}`;
  if (errors.length > 0)
    return `No flow was seen to fail, but something is wrong${errors.length > 1 ? ', for several reasons:' : why}`;
  if (flows === 0) {
    const captures = inputs.filter((input) => input.packets !== undefined).length;
    if (filter && filter.flows > 0) return 'No flow is what the filter asks for';
    return captures === 0
      ? 'No capture among the inputs: nothing to follow. `nettrace trace` asks about a packet of your own.'
      : 'The captures hold no flow to follow';
  }
  if (healthy === flows)
    return flows === 1
      ? 'The flow is healthy: it was answered'
      : `${everyFlow(flows)} are healthy: each was answered`;
  return `Nothing is seen to fail: ${healthy} of ${flows} flows are healthy`;
}

function share(part: number, all: number): string {
  if (all === 1) return 'The only flow';
  return part === all ? everyFlow(all) : `${part} of ${all} flows`;
}

function everyFlow(all: number): string {
  return all === 2 ? 'Both flows' : `All ${all} flows`;
}

function remainder({ failing, degraded, healthy, meant, unknown }: Tally): string {
  const parts = [];
  if (failing + degraded > 0 && healthy > 0)
    parts.push(healthy === 1 ? '1 flow is healthy' : `${healthy} are healthy`);
  if (meant > 0) parts.push(`${meant} ended as they were meant to`);
  if (unknown > 0) parts.push(`of ${unknown} the captures show too little to tell`);
  return parts.length === 0 ? '' : `${parts.join(', ')}.`;
}

const STOPPED: ReadonlySet<string> = new Set(['dropped', 'rejected', 'no-reply']);
