/** The chosen flow: what becomes of it, its path with what each point saw, why it dies, and the fix. */
import { printable } from '../../base/printable.ts';
import type { LiveFlow } from '../../live/flow-book.ts';
import type { Analysis } from '../../report/analysis.ts';
import { findingLines } from '../../report/text/finding.ts';
import { flowName, statusText } from '../../report/text/flow-name.ts';
import { flowPath } from '../../report/text/flow-path.ts';
import { namespaceNames } from '../../report/text/namespace-name.ts';
import type { Style } from '../../report/text/style.ts';
import { whoText } from '../../report/text/why.ts';
import { hang } from '../../report/text/wrap.ts';
import { fateOf, translated } from '../fate.ts';
import { fold } from '../fold.ts';
import { type Pane, type PaneRoom, textPane } from '../pane.ts';
import { paintOf } from './flows.ts';

/** `analysis`: the last one, for the names and capture points; `now`: epoch seconds; `tried`: what a what-if said of it. */
export interface FlowDetailView {
  readonly flow: LiveFlow | undefined;
  readonly analysis: Analysis | undefined;
  readonly now: number;
  readonly tried: readonly string[];
}

/** Seconds without a packet, from which on it is said. */
const LONG_AGO = 5;

export function flowDetailPane(view: FlowDetailView, { width, style }: PaneRoom): Pane {
  const { flow, analysis, tried } = view;
  if (!flow || !analysis) return textPane('path', [], 'No flow is chosen.');
  const lines = [...tried, ...headLines(flow, view.now, style), ...pathLines(flow, analysis, style)];
  return textPane(
    flowName(flow.flow),
    lines.flatMap((line) => fold(line, width)),
  );
}

function headLines(live: LiveFlow, now: number, style: Style): string[] {
  const { flow, findings, packets, first, last } = live;
  const [finding] = findings;
  const paint = paintOf(fateOf(live), style);
  const verdict = finding ? `${statusText(flow)}: ${printable(finding.title)}` : statusText(flow);
  const tuple = translated(flow);
  const who = whoText({ ...flow, packets, start: first, end: last });
  const ago = now - last;
  return [
    ...hang('', verdict, style.width).map((line) => style.bold(paint(line))),
    ...hang('', who, style.width),
    ...(tuple === undefined ? [] : hang('', `NAT makes it ${printable(tuple)}.`, style.width)),
    ...(ago < LONG_AGO
      ? []
      : [style.dim(`Its last packet was ${Math.round(ago)} s ago; the host was such as this then.`)]),
  ];
}

function pathLines(live: LiveFlow, analysis: Analysis, style: Style): string[] {
  const { flow, findings } = live;
  const nameOf = namespaceNames(analysis.topology.namespaces);
  const shown = flow.failing ? { ...flow, sightings: flow.failing.sightings } : flow;
  const view = { analysis: { ...analysis, flows: [flow], findings: [...findings] }, nameOf, shorten };
  const drawnFlows = new Set([flow.id]);
  return [
    '',
    ...flowPath(shown, view, style, 0),
    ...findings.flatMap((finding, index) => [
      '',
      ...findingLines({ ...finding, flows: [flow.id] }, { ...view, number: index + 1, drawnFlows }, style),
    ]),
  ];
}

/** The names of files are those of the bundle that is saved. */
export function shorten(path: string): string {
  return path.replace(/^live\//, '');
}
