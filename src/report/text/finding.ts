/** One finding: what is wrong, the path to where the packet died, why, the evidence, and the fix. */
import { printable } from '../../base/printable.ts';
import type { Evidence, Finding } from '../../diagnose/finding.ts';
import type { Analysis, AnalysisFlow } from '../analysis.ts';
import { flowById, flowsById } from '../flow-by-id.ts';
import { flowName, groupFlows, statusText } from './flow-name.ts';
import { flowPath } from './flow-path.ts';
import { kernelPathLines, tellingPaths } from './kernel-path.ts';
import { NEAR_TITLE, nearLines } from './near-rules.ts';
import { place } from './paths.ts';
import type { Style } from './style.ts';
import { displayWidth } from './width.ts';
import { columns, hang } from './wrap.ts';

const SHOWN_FLOWS = 5;
const SHOWN_NEAR = 2;
const INDENT = 4;

export interface FindingView {
  readonly analysis: Analysis;
  readonly number: number;
  readonly shorten: (path: string) => string;
  readonly nameOf: (namespace: string) => string;
  /** Flows whose path an earlier finding has drawn. */
  readonly drawnFlows: Set<number>;
}

export function findingLines(finding: Finding, view: FindingView, style: Style): string[] {
  const flows = flowsById(view.analysis, finding.flows);
  const followed = flowToFollow(flows, view);
  return [
    heading(finding, view.number, style),
    ...hang('  ', style.bold(printable(finding.title)), style.width),
    ...affected(flows, finding.alike ?? 0, style),
    ...(followed ? path(followed, flows.length > 1, view, style) : []),
    ...section('Why', hang(' '.repeat(INDENT), printable(finding.explanation), style.width), style),
    ...section('Evidence', evidenceLines(finding.evidence, view, style), style),
    ...section(NEAR_TITLE, followed ? nearOf(followed, view, style) : [], style),
    ...section('Fix', fixLines(finding, style), style),
    ...section('It would stop', breaksLines(finding, view, style), style),
    ...section('Next', nextLines(finding, style), style),
  ];
}

function heading(finding: Finding, number: number, style: Style): string {
  const severity = finding.severity;
  const paint = severity === 'error' ? style.bad : severity === 'warning' ? style.doubtful : style.name;
  const left = `━━ ${number} ${severity} `;
  const right = ` ${printable(finding.cause)} · ${Math.round(finding.confidence * 100)} % sure ━━`;
  const line = '━'.repeat(Math.max(2, style.width - displayWidth(left) - displayWidth(right)));
  return `${style.dim('━━')} ${paint(`${number} ${severity}`)} ${style.dim(`${line}${right}`)}`;
}

function affected(flows: readonly AnalysisFlow[], alike: number, style: Style): string[] {
  const groups = groupFlows(flows);
  const shown = style.verbose ? groups : groups.slice(0, SHOWN_FLOWS);
  const rows = shown.map((group) => {
    const count = group.flows.length > 1 ? `${group.flows.length} flows, ` : '';
    const forward = group.flows.reduce((sum, flow) => sum + flow.packets.forward, 0);
    const reply = group.flows.reduce((sum, flow) => sum + flow.packets.reply, 0);
    const [first] = group.flows;
    const status = first ? statusText(first) : '';
    return [group.name, style.dim(`${status}: ${count}${forward} there, ${reply} back`)];
  });
  const lines = columns(rows, { width: style.width, indent: INDENT, limit: 60 });
  const hidden = groups.slice(shown.length).reduce((sum, group) => sum + group.flows.length, 0);
  if (hidden > 0) lines.push(`${' '.repeat(INDENT)}… and ${hidden} more flows (all with -v)`);
  if (alike > 0) lines.push(`${' '.repeat(INDENT)}… and ${alike} that were only counted, and fail alike`);
  return lines;
}

/** The finding's first flow of which there is a path, unless a finding before has drawn that. */
function flowToFollow(flows: readonly AnalysisFlow[], { drawnFlows }: FindingView): AnalysisFlow | undefined {
  const flow = flows.find((candidate) => candidate.predicted.length > 0 || candidate.sightings.length > 0);
  return flow && !drawnFlows.has(flow.id) ? flow : undefined;
}

function path(flow: AnalysisFlow, ofSeveral: boolean, view: FindingView, style: Style): string[] {
  view.drawnFlows.add(flow.id);
  const { failing } = flow;
  const when =
    failing === undefined ? '' : failing.from === undefined ? ', before it worked' : ', after it had worked';
  const title = ofSeveral ? `Path of ${flowName(flow)}${when}` : `Path${when}`;
  const shown = failing ? { ...flow, sightings: failing.sightings } : flow;
  const lines = section(title, flowPath(shown, view, style, INDENT), style);
  for (const kernel of tellingPaths(flow.kernel ?? [])) {
    const which = kernel.direction === 'reply' ? ', of the answer' : '';
    lines.push(
      ...section(`The kernel's own trace${which}`, kernelPathLines(kernel, view, style, INDENT), style),
    );
  }
  const drawn = flow.predicted.at(-1)?.steps.findLast((step) => step.kind === 'drop');
  if (flow.divergence && flow.divergence.text !== drawn?.text) {
    lines.push(...hang(' '.repeat(INDENT), printable(flow.divergence.text), style.width).map(style.dim));
  }
  return lines;
}

function evidenceLines(evidence: readonly Evidence[], view: FindingView, style: Style): string[] {
  const rows = evidence.map((item) => [
    style.dim(place({ ...item, path: view.shorten(item.path) })),
    printable(item.text),
  ]);
  return columns(rows, { width: style.width, indent: INDENT, limit: Math.floor(style.width * 0.45) });
}

function nearOf({ nearRules = [] }: AnalysisFlow, { shorten }: FindingView, style: Style): string[] {
  const shown = style.verbose ? nearRules : nearRules.slice(0, SHOWN_NEAR);
  const left = nearRules.length - shown.length;
  return [
    ...nearLines(shown, shorten, style, INDENT),
    ...(left > 0 ? [`${' '.repeat(INDENT)}… and ${left} more (all with -v)`] : []),
  ];
}

function fixLines({ fix }: Finding, style: Style): string[] {
  if (!fix) return [];
  const indent = ' '.repeat(INDENT);
  const effect = printable(fix.effect);
  // Without a command it is advice, which no replay could prove.
  if (fix.commands.length === 0) return hang(indent, effect, style.width);
  const sign = fix.verified ? style.good('✓ verified by replay:') : style.doubtful('not verified:');
  return [...commandLines(fix.commands, style), ...hang(indent, `${sign} ${effect}`, style.width)];
}

/** Flows that work, and would not any more. */
function breaksLines({ fix }: Finding, view: FindingView, style: Style): string[] {
  const rows = (fix?.breaks ?? []).slice(0, SHOWN_FLOWS).map(({ flow: id, text }) => {
    const flow = flowById(view.analysis, id);
    return [flow ? flowName(flow) : `flow ${id}`, style.bad(printable(text))];
  });
  return columns(rows, { width: style.width, indent: INDENT, limit: 60 });
}

function nextLines({ next }: Finding, style: Style): string[] {
  if (!next) return [];
  const text = `Then this stops it: ${printable(next.title)} (${printable(next.cause)})`;
  return [...hang(' '.repeat(INDENT), text, style.width), ...commandLines(next.commands, style)];
}

/** Commands are there to be copied: never wrapped. */
function commandLines(commands: readonly string[], style: Style): string[] {
  return commands.map((command) => `${' '.repeat(INDENT)}${style.command(printable(command))}`);
}

function section(title: string, lines: readonly string[], style: Style): string[] {
  return lines.length === 0 ? [] : ['', `  ${style.bold(title)}`, ...lines];
}
