import type { Issue } from '../../base/issue.ts';
import { isCapture, MAGIC_LENGTH } from '../../capture/magic.ts';
import { type ByteSource, peek } from '../../capture/source.ts';
import type { CaptureInput, InputSet } from '../../input/input.ts';
import type { ShowOptions } from '../commands/show.ts';
import { type Io, type Status, UsageError } from '../io.ts';
import { isEmpty, issuesOf, loadInputs } from '../load.ts';
import { hasErrors, tellIssues } from '../messages.ts';
import { type Output, openOutput } from '../output.ts';
import { textOptions } from '../terminal.ts';
import type { ShownHost } from './show/host.ts';

/** What the forms of `show` work on. Each gives the issues that it met while reading the captures. */
export interface ShowJob extends Pick<ShownHost, 'places' | 'commands'> {
  readonly inputs: InputSet;
  readonly output: Output;
}

export async function showAction(words: readonly string[], options: ShowOptions, io: Io): Promise<Status> {
  const output = openOutput(io, options.output, words);
  const { inputs, progress } = await loadInputs(words, options, io);
  tellIssues(io, issuesOf(inputs), options);
  if (isEmpty(inputs)) return 2;
  const { places, commands, issues: doubts } = await hostFor(inputs, options.format);
  tellIssues(io, doubts, options);
  const issues = await show({ inputs, output, places, commands }, options, io);
  progress.end();
  output.end();
  tellIssues(io, issues, options);
  return hasErrors([...inputs.issues, ...issues]) ? 2 : 0;
}

/** Built where it is shown, or where its commands may have been refused: counting packets needs no host. */
async function hostFor(inputs: InputSet, format: ShowOptions['format']): Promise<ShownHost> {
  const shown = format === 'text' || format === 'json';
  if (!shown && (inputs.commands ?? []).length === 0) return { places: [], commands: [], issues: [] };
  const { shownHost } = await import('./show/host.ts');
  return shownHost(inputs);
}

/** Each form is loaded when it is asked for. */
async function show(job: ShowJob, options: ShowOptions, io: Io): Promise<Issue[]> {
  switch (options.format) {
    case 'text': {
      const { showText } = await import('./show/text.ts');
      return showText(job, textOptions(io, options));
    }
    case 'json': {
      const { showJson } = await import('./show/json.ts');
      return showJson(job);
    }
    case 'jsonl': {
      const { showLines } = await import('./show/lines.ts');
      return showLines(needCapture(job, 'jsonl'));
    }
    case 'count': {
      const { showCount } = await import('./show/count.ts');
      return showCount(needCapture(job, 'count'));
    }
    case 'canonical': {
      const { showCanonical } = await import('./show/canonical.ts');
      return showCanonical(job);
    }
  }
}

function needCapture(job: ShowJob, format: string): ShowJob {
  if (job.inputs.captures.length > 0) return job;
  throw new UsageError(`there is no capture among the inputs, and --format ${format} is about packets`);
}

/** A capture's bytes, and what its first ones say it is. */
export async function openCapture(
  capture: CaptureInput,
): Promise<{ source: ByteSource; kind: string; why: string }> {
  const { head, source } = await peek(capture.open(), MAGIC_LENGTH);
  const format = isCapture(head);
  const magic = [...head.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return {
    source,
    kind: format ?? 'capture',
    why: capture.why ?? `it begins with ${magic}, the magic number of ${format ?? 'a capture'}`,
  };
}
