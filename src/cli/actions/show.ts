import type { Issue } from '../../base/issue.ts';
import { isCapture, MAGIC_LENGTH } from '../../capture/magic.ts';
import { type ByteSource, peek } from '../../capture/source.ts';
import type { CaptureInput, InputSet } from '../../input/input.ts';
import { buildSnapshot } from '../../snapshot/build.ts';
import type { PlayedCommand } from '../../snapshot/snapshot.ts';
import { placeCaptures } from '../../topology/place.ts';
import type { CapturePoint } from '../../topology/topology.ts';
import type { ShowOptions } from '../commands/show.ts';
import { type Io, type Status, UsageError } from '../io.ts';
import { isEmpty, issuesOf, loadInputs } from '../load.ts';
import { hasErrors, tellIssues } from '../messages.ts';
import { type Output, openOutput } from '../output.ts';
import { textOptions } from '../terminal.ts';
import { showCanonical } from './show/canonical.ts';
import { showCount } from './show/count.ts';
import { showJson } from './show/json.ts';
import { showLines } from './show/lines.ts';
import { showText } from './show/text.ts';

/** What the forms of `show` work on. Each gives the issues that it met while reading the captures. */
export interface ShowJob {
  readonly inputs: InputSet;
  readonly output: Output;
  /** Where each capture was taken, as far as that is known before it is read. */
  readonly places: readonly CapturePoint[];
  /** What the commands of sessions and scripts did. */
  readonly commands: readonly PlayedCommand[];
}

export async function showAction(words: readonly string[], options: ShowOptions, io: Io): Promise<Status> {
  const output = openOutput(io, options.output, words);
  const { inputs, progress } = await loadInputs(words, options, io);
  tellIssues(io, issuesOf(inputs), options);
  if (isEmpty(inputs)) return 2;
  const { snapshot, issues: doubts } = buildSnapshot(inputs);
  tellIssues(
    io,
    doubts.filter(({ code }) => code === 'command-refused'),
    options,
  );
  const places = placeCaptures(inputs.captures, snapshot.namespaces, []).points;
  const issues = await show({ inputs, output, places, commands: snapshot.commands ?? [] }, options, io);
  progress.end();
  output.end();
  tellIssues(io, issues, options);
  return hasErrors([...inputs.issues, ...issues]) ? 2 : 0;
}

function show(job: ShowJob, options: ShowOptions, io: Io): Promise<Issue[]> {
  switch (options.format) {
    case 'text':
      return showText(job, textOptions(io, options));
    case 'json':
      return showJson(job);
    case 'jsonl':
      return showLines(needCapture(job, 'jsonl'));
    case 'count':
      return showCount(needCapture(job, 'count'));
    case 'canonical':
      return showCanonical(job);
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
