/** What was written, in words and as data (schema nettrace-annotate/1). */
import { printable } from '../../base/printable.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import type { Filter } from '../../filter/filter.ts';
import { printFilter } from '../../filter/print.ts';
import { jsonText } from '../json.ts';
import { styleOf, type TextOptions } from '../text/style.ts';
import { thousands } from '../text/summary.ts';
import { columns, hang } from '../text/wrap.ts';
import type { Annotated } from './annotate.ts';

/** `output`: where it went; `filter`: what was asked for. */
export interface Told {
  readonly output: string;
  readonly filter?: Filter | undefined;
}

export function summaryJson(
  annotated: Annotated,
  { scene, findings }: AnalyzeResult,
  { output, filter }: Told,
): string {
  const { packets, commented, others, leftOut, late, points } = annotated;
  const unknown = unknownFlows(scene);
  const data = {
    schema: 'nettrace-annotate/1',
    output,
    packets,
    commented,
    ...(filter && {
      filter: { expression: printFilter(filter), matched: packets, packets: packets + others },
    }),
    ...(unknown > 0 && { unknownFlows: unknown }),
    ...(leftOut > 0 && { leftOut }),
    ...(late > 0 && { late }),
    interfaces: points.map(({ index, point, interfaces: [own], ...counts }) => ({
      id: index,
      name: point.interface,
      namespace: point.namespace,
      path: point.path,
      linkType: own?.linkType ?? -1,
      packets: counts.packets,
      commented: counts.commented,
      ...clockOf(scene.inputs.captures[point.input]?.clock),
    })),
    findings: findings.map(({ cause, severity, title }) => ({ cause, severity, title })),
  };
  return `${jsonText(data, 2)}\n`;
}

function clockOf(clock: number | undefined): { clockAhead?: number } {
  return clock === undefined || clock === 0 ? {} : { clockAhead: clock };
}

/** Conversations for which there was no memory: nobody knows what became of their packets. */
function unknownFlows({ correlation }: AnalyzeResult['scene']): number {
  return (correlation.counted?.unlisted ?? 0) + (correlation.asked?.forgotten ?? 0);
}

export function summaryText(
  annotated: Annotated,
  { scene }: AnalyzeResult,
  { output, filter }: Told,
  options: TextOptions,
): string {
  const style = styleOf(options);
  const { packets, commented, others, leftOut, late, points } = annotated;
  const where = output === '-' ? 'standard output' : printable(output);
  const rows = points.map(({ point, packets: all, commented: some }) => [
    printable(`${point.namespace}:${point.interface}`),
    `${all} packets, ${some} commented`,
    printable(point.path),
  ]);
  const lines = [
    ...(filter ? hang('', filterText(filter, packets, packets + others), style.width).map(style.dim) : []),
    ...hang('', `${where}: ${packets} packets, ${commented} of them with comments`, style.width),
    ...columns(rows, { width: style.width, indent: 2 }),
  ];
  const unknown = unknownFlows(scene);
  if (unknown > 0)
    lines.push(
      ...hang(
        '',
        `Without comments: the packets of ${thousands(unknown)} conversations for which there was no memory, the oldest of those that were answered (--max-memory)${filter ? '; whether the filter asks for them was told by their own ends alone' : ''}.`,
        style.width,
      ),
    );
  if (leftOut > 0)
    lines.push(
      ...hang(
        '',
        `Left out: ${leftOut} packets of texts that don't tell enough to make bytes of.`,
        style.width,
      ),
    );
  if (late > 0)
    lines.push(
      ...hang(
        '',
        `${late} packets stand behind later ones: in their capture they come too long after their time (reordercap puts a capture in order).`,
        style.width,
      ),
    );
  return `${lines.join('\n')}\n`;
}

function filterText(filter: Filter, matched: number, packets: number): string {
  return `filter: ${thousands(matched)} of ${thousands(packets)} packets (${printable(printFilter(filter))})`;
}
