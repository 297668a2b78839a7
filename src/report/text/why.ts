/** `nettrace why` on a terminal: one flow's story, to be read from the top, and sent as it is. */
import { printable } from '../../base/printable.ts';
import type { Analysis, AnalysisFlow } from '../analysis.ts';
import type { Passing, Pick, Story } from '../why/story.ts';
import { findingLines } from './finding.ts';
import { fails, flowName, ownerNote, statusText } from './flow-name.ts';
import { flowPath } from './flow-path.ts';
import { namespaceNames } from './namespace-name.ts';
import { NEAR_TITLE, nearLines } from './near-rules.ts';
import { commonFolder, place, shortener } from './paths.ts';
import { finish, type Style, styleOf, type TextOptions } from './style.ts';
import { filterLines } from './summary.ts';
import { columns, hang } from './wrap.ts';

export function renderStory(story: Story, analysis: Analysis, options: TextOptions): string {
  const style = styleOf(options);
  const { flow } = story;
  if (!flow) return finish([...filterLines(story.filter, style), ...noFlow(story, style)], options);
  const shorten = shortener(commonFolder(analysis.inputs.map(({ path }) => path)));
  const nameOf = namespaceNames(analysis.topology.namespaces);
  const view = { analysis: { ...analysis, flows: [flow] }, nameOf, shorten };
  const drawnFlows = new Set([flow.id]);
  const lines = [
    ...filterLines(story.filter, style),
    ...verdictLines(story, flow, analysis, style),
    ...section('Who', hang('  ', whoText(flow), style.width), style),
    ...section('Seen (UTC)', seenLines(story, shorten, style), style),
    // Where the rules and routes stand is of the story.
    ...section('Way', flowPath(pathOf(flow), view, { ...style, verbose: true }, 2), style),
  ];
  story.findings.forEach((finding, index) => {
    lines.push('', ...findingLines(finding, { ...view, number: index + 1, drawnFlows }, style));
  });
  lines.push(...section(NEAR_TITLE, nearLines(story.nearRules, shorten, style, 2), style));
  lines.push(...section('Other flows', pickLines(story.others, story.othersLeft, style), style));
  return finish(lines, options);
}

/** Where it failed in a part of its time, that part is what the model followed. */
function pathOf(flow: AnalysisFlow): AnalysisFlow {
  return flow.failing ? { ...flow, sightings: flow.failing.sightings } : flow;
}

/** What somebody reads who reads nothing else. */
export function verdictText({ findings }: Story, flow: AnalysisFlow): string {
  const [finding] = findings;
  if (finding) return `${flowName(flow)}: ${statusText(flow)}: ${printable(finding.title)}`;
  if (flow.status === 'delivered') return `${flowName(flow)}: healthy, it was answered`;
  if (flow.status === 'unknown') return `${flowName(flow)}: too little was captured to tell`;
  return `${flowName(flow)}: ${statusText(flow)}, and the inputs do not show why`;
}

function verdictLines(story: Story, flow: AnalysisFlow, analysis: Analysis, style: Style): string[] {
  const bad = fails(flow, analysis.findings) || flow.status === 'degraded';
  const paint = bad ? style.bad : flow.status === 'delivered' ? style.good : style.doubtful;
  return hang('', verdictText(story, flow), style.width).map(paint);
}

/** `10.0.0.2 (web) asked 8.8.8.8 port 53 (udp) on 2026-11-29 at 14:02:11.123; 3 packets went, 0 came back in 2.1 s.` */
export function whoText(flow: AnalysisFlow): string {
  const { client, server, packets } = flow;
  const port = server.port === undefined ? '' : ` port ${server.port}`;
  const when = new Date(flow.start * 1000);
  const at = Number.isNaN(when.getTime())
    ? ''
    : ` on ${when.toISOString().slice(0, 10)} at ${when.toISOString().slice(11, 23)}`;
  const sent = `${packets.forward} packet${packets.forward === 1 ? '' : 's'} went, ${packets.reply} came back`;
  return (
    `${printable(client.address)}${ownerNote(client)} addressed ${printable(server.address)}${ownerNote(server)}${port} ` +
    `(${printable(flow.protocol)})${at}; ${sent}, within ${duration(flow.end - flow.start)}.`
  );
}

export function duration(seconds: number): string {
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  return seconds < 1 ? `${Math.round(seconds * 1e6) / 1000} ms` : `${Math.round(seconds * 1000) / 1000} s`;
}

function seenLines({ seen, missed }: Story, shorten: (path: string) => string, style: Style): string[] {
  const rows = seen.map((passing, index) => [
    index === 0 ? clock(passing.time) : `+${duration(passing.since)}`,
    style.bold(printable(passing.capture)),
    passingText(passing, shorten),
  ]);
  for (const { capture, path } of missed)
    rows.push(['', style.bold(printable(capture)), style.bad(`not seen, in ${printable(shorten(path))}`)]);
  return columns(rows, { width: style.width, indent: 2, right: [0], limit: 28 });
}

export function clock(time: number): string {
  const date = new Date(time * 1000);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString().slice(11, 23);
}

export function passingText(passing: Passing, shorten: (path: string) => string): string {
  const { direction, tuple, translated, packets } = passing;
  const what = `${direction === 'reply' ? 'answer ' : ''}${printable(tuple)}${translated ? ', translated' : ''}`;
  const more = packets > 1 ? `, the first of ${packets}` : '';
  return `${what}; ${place({ ...passing, path: shorten(passing.path) })}${more}`;
}

function pickLines(picks: readonly Pick[], left: number, style: Style): string[] {
  const rows = picks.map(({ option, status }) => [status, style.command(printable(option))]);
  const lines = columns(rows, { width: Math.max(style.width, 120), indent: 2 });
  return left > 0 ? [...lines, `  … and ${left} more`] : lines;
}

function noFlow({ nearest, filter }: Story, style: Style): string[] {
  const lines = hang(
    '',
    filter ? 'No flow is what the filter asks for.' : 'There is no flow to tell of.',
    style.width,
  );
  return [...lines.map(style.doubtful), ...section('The nearest', pickLines(nearest, 0, style), style)];
}

function section(title: string, lines: readonly string[], style: Style): string[] {
  return lines.length === 0 ? [] : ['', style.bold(title), ...lines];
}
