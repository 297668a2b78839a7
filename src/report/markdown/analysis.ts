/** `--format markdown`: an analysis for an issue or a wiki, from the same data as the page, and with the same content. */
import { VERSION } from '../../version.ts';
import type { Analysis } from '../analysis.ts';
import { factsOf } from '../facts.ts';
import { changeLines } from '../text/changes.ts';
import { styleOf } from '../text/style.ts';
import { filterText, verdictOf } from '../text/summary.ts';
import { whatIfLines } from '../text/what-if.ts';
import { type View, viewOf } from '../view.ts';
import { details, fenced, prose } from './escape.ts';
import { findingSections } from './finding.ts';
import { fitted, type Section } from './fitted.ts';
import { flowTable } from './flows.ts';
import { inputTable, missingTable, warningList } from './notes.ts';
import { topologyDiagram } from './topology.ts';

/** `flows` are those that were looked at; those that were only counted are in `counted`, and in no table here. */
export function analysisMarkdown(analysis: Analysis): string {
  const view = viewOf(analysis);
  const style = styleOf({ width: 100, color: false });
  const section = (
    noun: string,
    rank: number,
    title: string,
    body: string | undefined,
    isLong = false,
  ): Section[] => {
    if (body === undefined) return [];
    return [{ noun, rank, text: isLong ? details(title, body) : `### ${title}\n\n${body}` }];
  };
  return fitted([
    { noun: 'verdict', rank: -1, text: verdict(view) },
    ...section('what-if', 1, 'With this done', drawn(whatIfLines(analysis.whatIf, analysis, style).slice(2))),
    ...section('change', 2, 'When it changed', drawn(changeLines(analysis, view.shorten, style))),
    ...analysis.findings.flatMap((finding, index) => findingSections(finding, index, view)),
    ...section('topology', 6, 'Topology', topologyDiagram(analysis)),
    ...section('table of flows', 30, 'Flows', flowTable(view)),
    ...section('list of what is not known', 12, 'What is not known', missingTable(view)),
    ...section('list of warnings', 40, 'Warnings', warningList(view), true),
    ...section('list of inputs', 41, 'Inputs', inputTable(view), true),
    {
      noun: 'footer',
      rank: -1,
      text: `Made by nettrace ${VERSION}, which replays what was captured through a model of the kernel.`,
    },
  ]);
}

function verdict({ analysis }: View): string {
  const { head, reasons, besides, rest } = verdictOf(analysis);
  const { filter, findings } = analysis;
  const errors = findings.flatMap(({ severity }, index) => (severity === 'error' ? [index + 1] : []));
  return [
    `## ${prose(head)}`,
    ...(reasons.length > 0 ? [reasonList(reasons, errors)] : []),
    ...[besides, rest, filter && filterText(filter)].flatMap((text) => (text ? [prose(text)] : [])),
    factsOf(analysis).join(' · '),
  ].join('\n\n');
}

const MOST_REASONS = 12;

/** `numbers`: of the findings that they are. */
function reasonList(reasons: readonly string[], numbers: readonly number[]): string {
  const lines = reasons
    .slice(0, MOST_REASONS)
    .map((reason, index) => `* Finding ${numbers[index]}: ${prose(reason)}`);
  const rest = reasons.length - MOST_REASONS;
  return [...lines, ...(rest > 0 ? [`* and ${rest} more`] : [])].join('\n');
}

/** Lines that the terminal has. */
function drawn(lines: readonly string[]): string | undefined {
  const shown = lines.map((line) => line.replaceAll('\u00a0', ' ').trimEnd());
  const first = shown.findIndex((line) => line !== '');
  return first < 0 ? undefined : fenced('text', shown.slice(first));
}
