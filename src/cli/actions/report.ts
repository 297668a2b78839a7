import { readFileSync, statSync } from 'node:fs';
import { formatBytes, type InputLimits, LIMITS, limitText } from '../../base/limits.ts';
import { printable } from '../../base/printable.ts';
import type { Analysis, AnalysisFlow } from '../../report/analysis.ts';
import { reportPage } from '../../report/html/report.ts';
import { analysisMarkdown } from '../../report/markdown/analysis.ts';
import { readAnalysis } from '../../report/read-analysis.ts';
import type { ReportOptions } from '../commands/report.ts';
import { type Io, type Status, UsageError } from '../io.ts';
import { tellIssues } from '../messages.ts';
import { openOutput } from '../output.ts';

/** Longest text that V8 has; JSON of more flows than that isn't read. */
const MOST = 2 ** 29 - 24;

/** Exit status 2: it isn't an analysis. What it found doesn't matter here. */
export async function reportAction(file: string, options: ReportOptions, io: Io): Promise<Status> {
  const output = openOutput(io, options.output, [file]);
  const analysis = readAnalysis(textOf(file, options.limit), file);
  if (!('flows' in analysis)) {
    tellIssues(io, [analysis], {});
    return 2;
  }
  // Flows that were only counted follow those that were looked at, which the report is of.
  const looked = { ...analysis, flows: analysis.flows.filter(({ counted }) => !counted) };
  const more = analysis.flows.filter(({ counted }) => counted);
  output.write(options.format === 'markdown' ? markdownReport(looked) : await htmlReport(looked, more));
  output.end();
  return 0;
}

/** For `analyze --format html`, which loads what makes pages only then. `more`: flows that follow those of the analysis. */
export function htmlReport(analysis: Analysis, more: Iterable<AnalysisFlow> = []): Promise<string> {
  return reportPage(analysis, { more });
}

/** For `analyze --format markdown`. */
export function markdownReport(analysis: Analysis): string {
  return analysisMarkdown(analysis);
}

function textOf(file: string, limits: Partial<InputLimits> = {}): string {
  const { dumpBytes = LIMITS.dumpBytes.most } = limits;
  try {
    const bytes = file === '-' ? readFileSync(0) : undefined;
    const size = bytes?.length ?? statSync(file).size;
    if (size > dumpBytes)
      throw new Error(limitText('dumpBytes', limits, `it has ${formatBytes(size)}`, 'it is not read'));
    if (size > MOST)
      throw new Error(
        `it has ${size} bytes, ${MOST} can be read: nettrace analyze --format html or markdown makes the report without it`,
      );
    return bytes?.toString('utf8') ?? readFileSync(file, 'utf8');
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/, (open|stat|read).*$/, '') : String(error);
    throw new UsageError(`can't read ${printable(file)}: ${reason}`);
  }
}
