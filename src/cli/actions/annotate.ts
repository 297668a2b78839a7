import type { Issue } from '../../base/issue.ts';
import { spool } from '../../capture/spool.ts';
import { analyze } from '../../diagnose/analyze.ts';
import { covering } from '../../filter/covering.ts';
import type { CaptureInput, InputSet } from '../../input/input.ts';
import { annotate, WINDOW } from '../../report/annotate/annotate.ts';
import { summaryJson, summaryText } from '../../report/annotate/summary.ts';
import { VERSION } from '../../version.ts';
import type { AnnotateOptions } from '../commands/annotate.ts';
import { filterFor, parseFilterOptions } from '../filter.ts';
import { type Io, type Status, UsageError } from '../io.ts';
import { isEmpty, loadInputs } from '../load.ts';
import { parseMemory } from '../memory.ts';
import { hasErrors, tellIssues } from '../messages.ts';
import { openBinaryOutput } from '../staged-output.ts';
import { textOptions } from '../terminal.ts';
import { parseThreads } from '../threads.ts';

export async function annotateAction(
  words: readonly string[],
  options: AnnotateOptions,
  io: Io,
): Promise<Status> {
  const maxMemory = parseMemory(options.maxMemory);
  const threads = parseThreads(options.threads);
  const wanted = parseFilterOptions(options);
  const output = openBinaryOutput(io, options.output, words);
  try {
    const { inputs, progress } = await loadInputs(words, options, io);
    const { readable, issues, close } = await readableAgain(inputs);
    try {
      const filter = filterFor(wanted, inputs);
      const window = Math.min(WINDOW, (maxMemory - PROGRAM) / SHARE);
      const result = await analyze(readable, {
        // Each packet of each flow is to have its comments.
        ...{ maxMemory: maxMemory - 2 * window, threads, everyFlow: true },
        ...(filter && { filter: covering(filter), withContext: true }),
      });
      const { captures } = readable;
      if (captures.length === 0) {
        progress.end();
        tellIssues(io, inputs.issues, options);
        if (!isEmpty(inputs))
          throw new UsageError('there is no capture among the inputs: nothing to annotate');
        return 2;
      }
      const annotated = await annotate(result, output.write, {
        application: `nettrace ${VERSION}`,
        ...{ alignClocks: options.alignClocks, window, filter },
        ready: output.ready,
      });
      output.finish();
      progress.end();
      const said = [...issues, ...result.issues, ...annotated.issues];
      tellIssues(io, said, options);
      const toStdout = options.output === undefined || options.output === '-';
      const told = { output: options.output ?? '-', filter };
      const summary =
        options.format === 'json'
          ? summaryJson(annotated, result, told)
          : summaryText(annotated, result, told, textOptions(io, options));
      if (!toStdout) io.stdout.write(summary);
      else if (!options.quiet) io.stderr.write(summary);
      return hasErrors([...issues, ...inputs.issues, ...result.scene.correlation.issues]) ? 2 : 0;
    } finally {
      close();
    }
  } finally {
    output.abandon();
  }
}

/** Of the memory beside what the program needs, packets that wait take such a part, and flows under way another. */
const PROGRAM = 192 * 2 ** 20;
const SHARE = 16;

/** Captures that can be read once only are copied first: they are read twice or three times. */
async function readableAgain(inputs: InputSet): Promise<{
  readonly readable: InputSet;
  readonly issues: readonly Issue[];
  close(): void;
}> {
  const spools: { close(): void }[] = [];
  const issues: Issue[] = [];
  const captures: CaptureInput[] = [];
  for (const capture of inputs.captures) {
    if (!capture.once) {
      captures.push(capture);
      continue;
    }
    const copied = spool(capture.path, () => capture.open(), 'not in the output');
    spools.push(copied);
    const source = copied.open();
    while (await source.read());
    source.close();
    // What isn't in the copy won't be in the output either.
    if (copied.issue) issues.push({ ...copied.issue, severity: 'error' });
    if (source.issue) issues.push({ path: capture.path, ...source.issue });
    const { once: _, ...rest } = capture;
    captures.push({ ...rest, open: () => copied.open() });
  }
  return {
    readable: { ...inputs, captures },
    issues,
    close() {
      for (const copied of spools) copied.close();
    },
  };
}
