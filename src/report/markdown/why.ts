/** One flow's story for an issue or a wiki. What inputs say is text there, never markup. */
import type { Finding } from '../../diagnose/finding.ts';
import type { Analysis, AnalysisFlow } from '../analysis.ts';
import { nearText } from '../text/near-rules.ts';
import { place } from '../text/paths.ts';
import { clock, duration, passingText, verdictText, whoText } from '../text/why.ts';
import { type View, viewOf } from '../view.ts';
import type { Pick, Story } from '../why/story.ts';
import { code, prose, table } from './escape.ts';
import { evidenceTable, fixPart, pathBlock } from './finding.ts';
import { fitted, type Section } from './fitted.ts';
import { sequenceFigure } from './sequence.ts';

export function storyMarkdown(story: Story, analysis: Analysis): string {
  const { flow, findings, nearRules, others, nearest, othersLeft } = story;
  if (!flow)
    return fitted([
      part('verdict', 0, 'No flow is what the filter asks for.'),
      ...(nearest.length > 0 ? [part('list of flows', 1, `### The nearest\n\n${picks(nearest, 0)}`)] : []),
    ]);
  const view = viewOf(analysis);
  const packets = pointsOf(flow) > 1 ? sequenceFigure(flow, view) : undefined;
  return fitted([
    part('verdict', -1, `## ${prose(verdictText(story, flow))}\n\n${prose(whoText(flow))}`),
    part('list of sightings', 0, `### Seen (UTC)\n\n${seenTable(story, view)}`),
    ...(packets === undefined ? [] : [part('diagram of packets', 3, packets)]),
    part('path', 2, `### Way\n\n${pathBlock(pathOf(flow), view, true)}`),
    ...findings.flatMap((finding, index) => findingSections(finding, index, view)),
    ...(nearRules.length > 0
      ? [part('list of rules', 4, `### Rules that nearly accept it\n\n${nearList(story, view)}`)]
      : []),
    ...(others.length > 0
      ? [part('list of flows', 5, `### Other flows\n\n${picks(others, othersLeft)}`)]
      : []),
  ]);
}

function part(noun: string, rank: number, text: string): Section {
  return { noun, rank, text };
}

/** Where it failed in a part of its time, that part is what the model followed. */
function pathOf(flow: AnalysisFlow): AnalysisFlow {
  return flow.failing ? { ...flow, sightings: flow.failing.sightings } : flow;
}

function pointsOf({ timeline }: AnalysisFlow): number {
  return new Set(timeline?.packets.flatMap(({ seen }) => seen.map(({ capture }) => capture))).size;
}

function seenTable({ seen, missed }: Story, { shorten }: View): string {
  const rows = [
    ...seen.map((passing, index) => [
      index === 0 ? clock(passing.time) : `+${duration(passing.since)}`,
      code(passing.capture),
      prose(passingText(passing, shorten)),
    ]),
    ...missed.map(({ capture, path }) => ['', code(capture), `not seen, in ${code(shorten(path))}`]),
  ];
  return table(['Time', 'At', 'What'], rows, [0]);
}

function findingSections(finding: Finding, index: number, view: View): Section[] {
  const { title, cause, confidence, explanation } = finding;
  const core = part(
    'finding',
    1,
    [
      `### ${prose(title)} (${code(cause)}, ${Math.round(confidence * 100)} % sure)`,
      prose(explanation),
      ...fixPart(finding, view),
    ].join('\n\n'),
  );
  const evidence = evidenceTable(finding, view);
  return [
    core,
    ...(evidence === undefined ? [] : [{ ...part('table of evidence', 2 + index, evidence), within: core }]),
  ];
}

function nearList({ nearRules }: Story, { shorten }: View): string {
  return nearRules
    .map(
      (rule) =>
        `* ${prose(nearText(rule))}: ${code(rule.text)} (${code(place({ ...rule, path: shorten(rule.path) }))})`,
    )
    .join('\n');
}

function picks(list: readonly Pick[], left: number): string {
  const lines = list.map(({ option, status }) => `* ${status}: ${code(option)}`);
  return [...lines, ...(left > 0 ? [`* and ${left} more`] : [])].join('\n');
}
