import type { Issue } from '../../../base/issue.ts';
import { printableText } from '../../../base/printable.ts';
import { printDump } from '../../../dump/print.ts';
import { UsageError } from '../../io.ts';
import type { ShowJob } from './showing.ts';

/** The dumps as their commands print them, one after the other. */
export async function showCanonical({ inputs, output }: ShowJob): Promise<Issue[]> {
  if (inputs.dumps.length === 0) {
    throw new UsageError('there is no dump among the inputs, and --format canonical is about dumps');
  }
  const issues: Issue[] = [];
  for (const { dump } of inputs.dumps) {
    const text = printDump(dump.content);
    if (text !== undefined) output.write(printableText(text));
    else {
      const why = `${dump.command} has no canonical form: see it with --format text or json`;
      issues.push({ severity: 'warning', code: 'no-canonical-form', text: why, path: dump.path });
    }
  }
  return issues;
}
