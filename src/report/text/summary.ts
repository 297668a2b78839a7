/** The verdict: what somebody reads who reads nothing else. */
import { printable } from '../../base/printable.ts';
import type { Finding } from '../../diagnose/finding.ts';
import type { Analysis, AnalysisFlow } from '../analysis.ts';
import { fails, isMeant } from './flow-name.ts';
import type { Style } from './style.ts';
import { columns, hang } from './wrap.ts';

export function summary(analysis: Analysis, style: Style): string[] {
  const { flows, findings } = analysis;
  const failing = flows.filter((flow) => fails(flow, findings));
  const degraded = flows.filter((flow) => flow.status === 'degraded');
  const errors = findings.filter((finding) => finding.severity === 'error');
  const head = headline(analysis, failing, degraded, errors);
  const good = failing.length === 0 && errors.length === 0 && degraded.length === 0;
  const paint = !good
    ? style.bad
    : flows.some((flow) => flow.status === 'delivered')
      ? style.good
      : style.bold;
  const lines = hang('', head, style.width).map(paint);
  if (errors.length > 1) {
    const rows = errors.map((finding, index) => [style.bold(String(index + 1)), printable(finding.title)]);
    lines.push(...columns(rows, { width: style.width, indent: 2, right: [0] }));
  } else lines.push(...worthALook(findings, errors.length > 0, style));
  const rest = remainder(analysis, failing.length + degraded.length);
  if (rest !== '') lines.push(...hang('', rest, style.width));
  return lines;
}

/** What is wrong without having stopped anything. */
function worthALook(findings: readonly Finding[], besides: boolean, style: Style): string[] {
  const warnings = findings.filter((finding) => finding.severity === 'warning');
  const [first] = warnings;
  if (!first) return [];
  const lead = besides ? 'Besides: ' : 'Worth a look: ';
  const text = warnings.length === 1 ? printable(first.title) : `${warnings.length} warnings below`;
  return hang('', `${lead}${text}`, style.width).map(style.doubtful);
}

function headline(
  { flows, inputs }: Analysis,
  failing: readonly AnalysisFlow[],
  degraded: readonly AnalysisFlow[],
  errors: readonly Finding[],
): string {
  const why =
    errors.length === 1
      ? `: ${printable(errors[0]?.title ?? '')}`
      : errors.length > 1
        ? `, for ${errors.length} reasons:`
        : '';
  if (failing.length > 0)
    return `${share(failing.length, flows.length)} ${failing.length === 1 ? 'fails' : 'fail'}${why === '' ? ', and the inputs do not show why' : why}`;
  if (degraded.length > 0)
    return `${share(degraded.length, flows.length)} ${degraded.length === 1 ? 'suffers' : 'suffer'}${why}`;
  if (errors.length > 0)
    return `No flow was seen to fail, but something is wrong${errors.length > 1 ? ', for several reasons:' : why}`;
  if (flows.length === 0) {
    const captures = inputs.filter((input) => input.packets !== undefined).length;
    return captures === 0
      ? 'No capture among the inputs: nothing to follow. `nettrace trace` asks about a packet of your own.'
      : 'The captures hold no flow to follow';
  }
  const healthy = flows.filter((flow) => flow.status === 'delivered').length;
  if (healthy === flows.length)
    return flows.length === 1
      ? 'The flow is healthy: it was answered'
      : `${everyFlow(flows.length)} are healthy: each was answered`;
  return `Nothing is seen to fail: ${healthy} of ${flows.length} flows are healthy`;
}

function share(part: number, all: number): string {
  if (all === 1) return 'The only flow';
  return part === all ? everyFlow(all) : `${part} of ${all} flows`;
}

function everyFlow(all: number): string {
  return all === 2 ? 'Both flows' : `All ${all} flows`;
}

function remainder({ flows, findings }: Analysis, troubled: number): string {
  const healthy = flows.filter((flow) => flow.status === 'delivered').length;
  const unknown = flows.filter((flow) => flow.status === 'unknown').length;
  const parts = [];
  if (troubled > 0 && healthy > 0) parts.push(healthy === 1 ? '1 flow is healthy' : `${healthy} are healthy`);
  const meant = flows.filter((flow) => STOPPED.has(flow.status) && isMeant(flow, findings)).length;
  if (meant > 0) parts.push(`${meant} ended as they were meant to`);
  if (unknown > 0) parts.push(`of ${unknown} the captures show too little to tell`);
  return parts.length === 0 ? '' : `${parts.join(', ')}.`;
}

const STOPPED: ReadonlySet<string> = new Set(['dropped', 'rejected', 'no-reply']);
