/** `nettrace analyze` on a terminal: the verdict, then each finding, then what is healthy and what is not known. */
import type { Analysis } from '../analysis.ts';
import { changeLines } from './changes.ts';
import { countedLines } from './counted.ts';
import { findingLines } from './finding.ts';
import { fails } from './flow-name.ts';
import { flowTable } from './flow-table.ts';
import { hostLines } from './hosts.ts';
import { namespaceNames } from './namespace-name.ts';
import { inputLines, missingLines, warningLines } from './notes.ts';
import { commonFolder, shortener } from './paths.ts';
import { finish, styleOf, type TextOptions } from './style.ts';
import { summary } from './summary.ts';
import { whatIfLines } from './what-if.ts';

export function renderAnalysis(analysis: Analysis, options: TextOptions): string {
  const style = styleOf(options);
  const folder = commonFolder(analysis.inputs.map((input) => input.path));
  const shorten = shortener(folder);
  const nameOf = namespaceNames(analysis.topology.namespaces);
  const drawnFlows = new Set<number>();
  const lines = [...summary(analysis, style), ...whatIfLines(analysis.whatIf, analysis, style)];
  lines.push(...hostLines(analysis.topology, style));
  lines.push(...changeLines(analysis, shorten, style));
  analysis.findings.forEach((finding, index) => {
    lines.push(
      '',
      ...findingLines(finding, { analysis, number: index + 1, shorten, nameOf, drawnFlows }, style),
    );
  });
  const { flows } = analysis;
  const explained = new Set(analysis.findings.flatMap((finding) => finding.flows));
  const unexplained = flows.filter(
    (flow) => (fails(flow, analysis.findings) || flow.status === 'degraded') && !explained.has(flow.id),
  );
  lines.push(
    ...flowTable('Failing, and the inputs do not show why', unexplained, style, true),
    ...flowTable(
      'Healthy',
      flows.filter((flow) => flow.status === 'delivered'),
      style,
    ),
    ...flowTable(
      'Too little captured to tell',
      flows.filter((flow) => flow.status === 'unknown'),
      style,
    ),
    ...countedLines(analysis, style),
    ...missingLines(analysis.topology, style),
    ...warningLines(analysis, shorten, style),
    ...inputLines(analysis, folder, style),
  );
  return finish(lines, options);
}
