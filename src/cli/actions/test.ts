/** `nettrace test`: finds cases, runs them one after the other, and reports. */
import type { Issue } from '../../base/issue.ts';
import { type CoverageSummary, coverageOf, isEnough } from '../../cases/coverage/files.ts';
import { testReport } from '../../cases/report/ci.ts';
import { renderCoverage } from '../../cases/report/coverage-text.ts';
import { testJson } from '../../cases/report/json.ts';
import { renderTests } from '../../cases/report/text.ts';
import type { CaseResult } from '../../cases/run/result.ts';
import { junitXml } from '../../report/ci/junit.ts';
import { tapLines } from '../../report/ci/tap.ts';
import { jsonText } from '../../report/json.ts';
import type { TestOptions } from '../commands/test.ts';
import { type Io, type Status, UsageError } from '../io.ts';
import { tellIssues } from '../messages.ts';
import { openOutput } from '../output.ts';
import { textOptions } from '../terminal.ts';
import { writeCoverage } from './test/coverage.ts';
import { runCases, runFound } from './test/run.ts';
import { updateCases } from './test/update.ts';
import { watchCases } from './test/watch.ts';

export async function testAction(dirs: readonly string[], options: TestOptions, io: Io): Promise<Status> {
  const { watch, format } = options;
  if (watch && (format !== 'text' || options.output !== undefined))
    throw new UsageError('--watch prints text to the terminal', 'Leave --format and -o out, or --watch.');
  const first = await runFound(dirs, options, io);
  const ran = options.update ? await updated(first, options, io) : first;
  const status = report(ran.results, ran.issues, options, io);
  if (!watch) return status;
  return await watchCases(dirs, ran.results, {
    run: (paths) => runCases(paths, options, io),
    report: (results) => report(results, [], options, io),
    io,
  });
}

interface Ran {
  readonly results: readonly CaseResult[];
  readonly issues: readonly Issue[];
}

/** The cases that were written are run again: what was written has to hold. */
async function updated({ results, issues }: Ran, options: TestOptions, io: Io): Promise<Ran> {
  const paths = updateCases(results, options, io);
  const again = await runCases(paths, options, io);
  const byPath = new Map(again.map((result) => [result.file.path, result]));
  return { results: results.map((result) => byPath.get(result.file.path) ?? result), issues };
}

function report(
  results: readonly CaseResult[],
  issues: readonly Issue[],
  options: TestOptions,
  io: Io,
): Status {
  const told = options.verbose ? results.flatMap((result) => result.issues) : [];
  tellIssues(io, [...issues, ...told], options);
  const asked = options.coverage !== undefined || options.coverageThreshold !== undefined;
  const coverage = asked ? coverageOf(results, options.coverageThreshold) : undefined;
  const status = statusOf(results, issues, coverage);
  io.setStatus(status);
  const inputs = [...new Set(results.flatMap(({ file, words }) => [file.path, ...words]))];
  const output = openOutput(io, options.output, inputs);
  output.write(textOf(results, coverage, options, io));
  output.end();
  if (coverage) writeCoverage(coverage, options, inputs, io);
  return status;
}

function textOf(
  results: readonly CaseResult[],
  coverage: CoverageSummary | undefined,
  options: TestOptions,
  io: Io,
): string {
  switch (options.format) {
    case 'json':
      return `${jsonText(testJson(results, coverage), 2)}\n`;
    case 'junit':
      return junitXml(testReport(results, coverage));
    case 'tap':
      return tapLines(testReport(results, coverage));
    case 'text': {
      const layout = textOptions(io, options);
      const own = options.coverageOutput === undefined && (options.coverage ?? 'text') === 'text';
      return renderTests(results, layout) + (coverage && own ? renderCoverage(coverage, layout) : '');
    }
  }
}

function statusOf(
  results: readonly CaseResult[],
  issues: readonly Issue[],
  coverage: CoverageSummary | undefined,
): Status {
  if (issues.some(({ severity }) => severity === 'error')) return 2;
  if (results.some(({ outcome }) => outcome === 'error')) return 2;
  if (results.some(({ outcome }) => outcome === 'failed')) return 1;
  return coverage && !isEnough(coverage) ? 1 : 0;
}
