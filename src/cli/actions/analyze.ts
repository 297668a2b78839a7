import { printable } from '../../base/printable.ts';
import { type AnalyzeResult, analyze } from '../../diagnose/analyze.ts';
import { type WhatIf, whatIf } from '../../diagnose/what-if.ts';
import type { Analysis } from '../../report/analysis.ts';
import { analysisJson } from '../../report/analysis-json.ts';
import { assemble } from '../../report/assemble.ts';
import { catalogue } from '../../report/catalogue.ts';
import { countedFlows } from '../../report/counted.ts';
import { jsonText } from '../../report/json.ts';
import { storyMarkdown } from '../../report/markdown/why.ts';
import { renderAnalysis } from '../../report/text/analysis.ts';
import { fails } from '../../report/text/flow-name.ts';
import { renderStory } from '../../report/text/why.ts';
import { tellStory } from '../../report/why/tell.ts';
import { VERSION } from '../../version.ts';
import type { AnalyzeOptions } from '../commands/analyze.ts';
import type { WhyOptions } from '../commands/why.ts';
import { filterFor, parseFilterOptions } from '../filter.ts';
import { useFirstCompiler } from '../first-compiler.ts';
import { type Io, type Status, UsageError } from '../io.ts';
import { isEmpty, loadInputs } from '../load.ts';
import { parseMemory } from '../memory.ts';
import { hasErrors, tellIssues } from '../messages.ts';
import { openOutput } from '../output.ts';
import { textOptions } from '../terminal.ts';
import { parseThreads } from '../threads.ts';

export async function analyzeAction(
  words: readonly string[],
  options: AnalyzeOptions,
  io: Io,
): Promise<Status> {
  const ran = await run(words, options, io, options.format === 'text' && options.output === undefined);
  if (!ran) return 2;
  const { result, output, unusable } = ran;
  const hypothesis = hypothesisOf(result.scene, options.whatIf);
  const analysis = assemble(result, hypothesis);
  const status = hasErrors(unusable) ? 2 : findsProblem(analysis) ? 1 : 0;
  io.setStatus(status);
  if (options.format === 'text') output.write(renderAnalysis(analysis, textOptions(io, options)));
  else if (options.format === 'html') {
    const { htmlReport } = await import('../actions/report.ts');
    output.write(await htmlReport(analysis, countedFlows(result)));
  } else if (options.format === 'markdown') {
    const { markdownReport } = await import('../actions/report.ts');
    output.write(markdownReport(analysis));
  } else if (options.format !== 'json') {
    const { analysisForCi } = await import('../actions/ci.ts');
    output.write(analysisForCi(options.format, analysis, { version: VERSION, pages: catalogue(), unusable }));
  } else {
    for (const piece of analysisJson(analysis, countedFlows(result))) {
      output.write(piece);
      await output.ready();
    }
  }
  output.end();
  return status;
}

/** `nettrace why`: in the same bundle, since it is the same analysis told otherwise. */
export async function whyAction(words: readonly string[], options: WhyOptions, io: Io): Promise<Status> {
  // Of what concerns the inputs as a whole a story tells nothing, unless they are of no use.
  const ran = await run(words, options, io, options.verbose !== true);
  if (!ran) return 2;
  const { result, output, unusable } = ran;
  const analysis = assemble(result);
  const story = tellStory(result, analysis);
  const status = hasErrors(unusable) || !story.flow ? 2 : findsProblem(analysis) ? 1 : 0;
  io.setStatus(status);
  if (options.format === 'json') output.write(`${jsonText(story, 2)}\n`);
  else if (options.format === 'markdown') output.write(storyMarkdown(story, analysis));
  else output.write(renderStory(story, analysis, textOptions(io, options)));
  output.end();
  return status;
}

/** Undefined: no input is any use; why has been said. `told`: the output tells the warnings, or means not to. */
async function run(words: readonly string[], options: AnalyzeOptions | WhyOptions, io: Io, told: boolean) {
  const maxMemory = parseMemory(options.maxMemory);
  const threads = parseThreads(options.threads);
  const wanted = parseFilterOptions(options);
  const output = openOutput(io, options.output, words);
  const { inputs, progress } = await loadInputs(words, options, io);
  const filter = filterFor(wanted, inputs);
  await useFirstCompiler(inputs.captures);
  const result = await analyze(inputs, { maxMemory, threads, ...(filter && { filter }) });
  progress.end();
  const unusable = [...inputs.issues, ...result.scene.correlation.issues].filter(
    (issue) => issue.severity === 'error',
  );
  // The text report has the warnings in it; where it goes to a file, or data goes out, they are said here.
  const rest = told ? [] : result.issues;
  tellIssues(io, [...unusable, ...rest], options);
  return isEmpty(inputs) ? undefined : { result, output, unusable };
}

function hypothesisOf(scene: AnalyzeResult['scene'], commands: readonly string[] = []): WhatIf | undefined {
  if (commands.length === 0) return undefined;
  const result = whatIf(scene, commands);
  if (typeof result === 'string') throw new UsageError(`--what-if: ${printable(result)}`);
  return result;
}

/** Something is wrong: a finding above mere information, or a flow that failed whatever the reason. */
function findsProblem({ findings, flows, counted }: Analysis): boolean {
  return (
    (counted?.failing ?? 0) + (counted?.degraded ?? 0) > 0 ||
    findings.some((finding) => finding.severity !== 'info') ||
    flows.some((flow) => fails(flow, findings) || flow.status === 'degraded')
  );
}
