/** What was written, in words and as data (schema nettrace-annotate/1). */
import { printable } from '../../base/printable.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import { jsonText } from '../json.ts';
import { styleOf, type TextOptions } from '../text/style.ts';
import { columns, hang } from '../text/wrap.ts';
import type { Annotated } from './annotate.ts';

export function summaryJson(
  annotated: Annotated,
  { scene, findings }: AnalyzeResult,
  output: string,
): string {
  const { packets, commented, leftOut, late, points } = annotated;
  const data = {
    schema: 'nettrace-annotate/1',
    output,
    packets,
    commented,
    ...(leftOut > 0 && { leftOut }),
    ...(late > 0 && { late }),
    interfaces: points.map(({ index, point, interface: own, ...counts }) => ({
      id: index,
      name: point.interface,
      namespace: point.namespace,
      path: point.path,
      linkType: own.linkType,
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

export function summaryText(annotated: Annotated, output: string, options: TextOptions): string {
  const style = styleOf(options);
  const { packets, commented, leftOut, late, points } = annotated;
  const where = output === '-' ? 'standard output' : printable(output);
  const rows = points.map(({ point, packets: all, commented: some }) => [
    printable(`${point.namespace}:${point.interface}`),
    `${all} packets, ${some} commented`,
    printable(point.path),
  ]);
  const lines = [
    ...hang('', `${where}: ${packets} packets, ${commented} of them with comments`, style.width),
    ...columns(rows, { width: style.width, indent: 2 }),
  ];
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
