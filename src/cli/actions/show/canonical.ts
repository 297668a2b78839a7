import type { Issue } from '../../../base/issue.ts';
import { canonicalText } from '../../../report/canonical.ts';
import { UsageError } from '../../io.ts';
import type { ShowJob } from '../show.ts';

/** The dumps as their commands print them, one after the other. */
export async function showCanonical({ inputs, output }: ShowJob): Promise<Issue[]> {
  if (inputs.dumps.length === 0)
    throw new UsageError('there is no dump among the inputs, and --format canonical is about dumps');
  for (const { dump } of inputs.dumps) output.write(canonicalText(dump.content));
  return [];
}
