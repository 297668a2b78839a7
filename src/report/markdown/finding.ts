/** One finding: what is wrong, for whom, why, the fix and its proof, where the packet died, its packets, the rules on its way, the evidence. */

import type { Finding } from '../../diagnose/finding.ts';
import type { AnalysisFlow } from '../analysis.ts';
import { plural } from '../facts.ts';
import { flowById, flowsById } from '../flow-by-id.ts';
import { nearWords, type RuleRow, ruleRows } from '../rule-rows.ts';
import { flowName, groupFlows, statusText } from '../text/flow-name.ts';
import { flowPath } from '../text/flow-path.ts';
import { place } from '../text/paths.ts';
import { sentence } from '../text/sentence.ts';
import { styleOf } from '../text/style.ts';
import type { View } from '../view.ts';
import { code, details, fenced, prose, table } from './escape.ts';
import type { Section } from './fitted.ts';
import { sequenceFigure } from './sequence.ts';

const SHOWN_FLOWS = 8;
const SHOWN_EVIDENCE = 40;
const SHOWN_RULES = 60;

/** Of a finding what explains and repairs it, and then, each for itself, what is left out where there is no room for it. */
export function findingSections(finding: Finding, index: number, view: View): Section[] {
  const flows = flowsById(view.analysis, finding.flows);
  const shown = flows.find(({ predicted, sightings }) => predicted.length > 0 || sightings.length > 0);
  const timed = flows.find(({ timeline }) => timeline !== undefined);
  const core: Section = {
    noun: 'finding',
    rank: index,
    text: [
      `### ${index + 1}. ${prose(sentence(finding.title))}`,
      `**${finding.severity}** · ${code(finding.cause)} · ${Math.round(finding.confidence * 100)} % sure`,
      ...affected(flows, finding),
      prose(finding.explanation),
      ...fixPart(finding, view),
    ].join('\n\n'),
  };
  const part = (noun: string, rank: number, text: string | undefined): Section[] =>
    text === undefined ? [] : [{ noun, rank: 4 * index + rank, text, within: core }];
  return [
    core,
    ...part('path', 3, shown && pathFigure(shown, flows.length > 1, view)),
    ...part('diagram of packets', 5, timed && sequenceFigure(timed, view)),
    ...part('table of rules', 6, shown && ruleTable(shown, finding, view)),
    ...part('table of evidence', 4, evidenceTable(finding, view)),
  ];
}

function affected(flows: readonly AnalysisFlow[], { alike = 0 }: Finding): string[] {
  if (flows.length === 0) return [];
  const groups = groupFlows(flows);
  const rest = groups.slice(SHOWN_FLOWS).reduce((sum, group) => sum + group.flows.length, 0) + alike;
  const lines = groups.slice(0, SHOWN_FLOWS).map(({ name, flows: own }) => {
    const forward = own.reduce((sum, { packets }) => sum + packets.forward, 0);
    const reply = own.reduce((sum, { packets }) => sum + packets.reply, 0);
    const count = own.length > 1 ? `${plural(own.length, 'flow')}, ` : '';
    const [first] = own;
    return `* ${code(name)} ${first ? statusText(first) : ''}: ${count}${forward} there, ${reply} back`;
  });
  return [[...lines, ...(rest > 0 ? [`* and ${plural(rest, 'flow')} more`] : [])].join('\n')];
}

/** Commands to copy, and what proves them. */
export function fixPart({ fix, next }: Finding, { analysis }: View): string[] {
  const breaks = fix?.breaks ?? [];
  return [
    ...(fix || next ? ['**Fix**'] : []),
    ...(fix && fix.commands.length > 0 ? [fenced('sh', fix.commands)] : []),
    ...(fix ? [`${proofOf(fix)}${prose(fix.effect)}`] : []),
    ...(breaks.length > 0
      ? [
          'It would stop:',
          breaks
            .slice(0, SHOWN_FLOWS)
            .map(({ flow: id, text }) => {
              const flow = flowById(analysis, id);
              return `* ${code(flow ? flowName(flow) : `flow ${id}`)} ${prose(text)}`;
            })
            .join('\n'),
        ]
      : []),
    ...(next ? [`Then this stops it: ${prose(next.title)} (${code(next.cause)})`] : []),
    ...(next && next.commands.length > 0 ? [fenced('sh', next.commands)] : []),
  ];
}

/** Advice without a command is what no replay could prove. */
function proofOf({ commands, verified }: NonNullable<Finding['fix']>): string {
  if (commands.length === 0) return '';
  return verified ? '✓ **verified by replay**: ' : '**not verified**: ';
}

/** As on a terminal: what the page draws as cards. */
function pathFigure(flow: AnalysisFlow, isOneOfSeveral: boolean, view: View): string {
  const { failing } = flow;
  const shown = failing ? { ...flow, sightings: failing.sightings } : flow;
  const when = failing ? (failing.from === undefined ? ', before it worked' : ', after it had worked') : '';
  const of = isOneOfSeveral ? ` of ${code(flowName(flow))}` : '';
  return `**Path**${of}${when}\n\n${pathBlock(shown, view, false)}`;
}

/** `isVerbose`: every rule for itself, with its place. */
export function pathBlock(flow: AnalysisFlow, view: View, isVerbose: boolean): string {
  const lines = flowPath(flow, view, styleOf({ width: 90, color: false, verbose: isVerbose }), 0);
  return fenced(
    'text',
    lines.map((line) => line.replaceAll('\u00a0', ' ').trimEnd()),
  );
}

function ruleTable(flow: AnalysisFlow, finding: Finding, { nameOf, shorten }: View): string | undefined {
  const rows = ruleRows(flow, finding);
  if (rows.length === 0) return undefined;
  const cells = rows.slice(0, SHOWN_RULES).map((row) => {
    const { namespace, hook, name, path, line } = row;
    const where =
      path === undefined ? '' : place({ path: shorten(path), ...(line !== undefined && { line }) });
    return [prose(nameOf(namespace)), prose(hook), code(name), ruleCell(row), code(where)];
  });
  const rest = rows.length > SHOWN_RULES ? `\n\nand ${rows.length - SHOWN_RULES} more` : '';
  return details(
    'Rules on the way',
    `${table(['Namespace', 'Hook', 'Chain', 'Rule', 'Where'], cells)}${rest}`,
    rows.some(({ isDeciding }) => isDeciding),
  );
}

function ruleCell({ text, isDeciding, near }: RuleRow): string {
  if (isDeciding) return `${code(text)} ← **decides**`;
  if (!near) return code(text);
  const [before, condition, after] = nearWords(near);
  return `${code(text)} ← **near miss:** ${prose(before)} ${code(condition)}${prose(after)}`;
}

export function evidenceTable(finding: Finding, { shorten }: View): string | undefined {
  const { evidence } = finding;
  if (evidence.length === 0) return undefined;
  const rows = evidence
    .slice(0, SHOWN_EVIDENCE)
    .map((item) => [code(place({ ...item, path: shorten(item.path) })), prose(item.text)]);
  const rest =
    evidence.length > SHOWN_EVIDENCE ? `\n\nand ${evidence.length - SHOWN_EVIDENCE} more pieces` : '';
  return `**Evidence**\n\n${table(['Where', 'What it says'], rows)}${rest}`;
}
