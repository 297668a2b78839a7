/** Coverage as lcov's tracefile (geninfo(1)), for services that draw it. A policy is a line of its chain. */
import { printable } from '../../base/printable.ts';
import type { CoverageSummary } from '../coverage/files.ts';

export function lcovText({ files }: CoverageSummary): string {
  const lines = files.flatMap(({ path, rules }) => {
    const hits = new Map<number, number>();
    for (const rule of rules) if (!rule.policy) hits.set(rule.line, (hits.get(rule.line) ?? 0) + rule.hits);
    const counts = [...hits.values()];
    return [
      'TN:nettrace',
      // A line of its own, whatever the file is called.
      `SF:${printable(path)}`,
      ...[...hits].map(([line, count]) => `DA:${line},${count}`),
      `LF:${counts.length}`,
      `LH:${counts.filter((count) => count > 0).length}`,
      'end_of_record',
    ];
  });
  return lines.map((line) => `${line}\n`).join('');
}
