import type { Issue } from '../../../base/issue.ts';
import type { InputSet } from '../../../input/input.ts';
import type { ShowOptions } from '../../commands/show.ts';
import { type Io, type Status, UsageError } from '../../io.ts';
import { isEmpty, issuesOf, loadInputs } from '../../load.ts';
import { hasErrors, tellIssues } from '../../messages.ts';
import { type Output, openOutput } from '../../output.ts';
import type { AskedFrames } from './asked.ts';
import type { ShownHost } from './host.ts';

/** What the forms of `show` work on. Each gives the issues that it met while reading the captures. */
export interface ShowJob extends Pick<ShownHost, 'places' | 'commands'> {
  readonly inputs: InputSet;
  readonly output: Output;
  /** Of a filter: the packets that it asks for. */
  readonly asked?: AskedFrames;
}

/** Reads the inputs, and lets `form` show them. */
export async function showing(
  words: readonly string[],
  options: ShowOptions,
  io: Io,
  form: (job: ShowJob) => Promise<Issue[]>,
  ask?: (inputs: InputSet) => Promise<AskedFrames | undefined>,
): Promise<Status> {
  const output = openOutput(io, options.output, words);
  const { inputs, progress } = await loadInputs(words, options, io);
  tellIssues(io, issuesOf(inputs), options);
  if (isEmpty(inputs)) return 2;
  const { places, commands, issues: doubts } = await hostFor(inputs, options.format);
  tellIssues(io, doubts, options);
  const asked = await ask?.(inputs);
  // Who asks for packets is shown packets.
  const job = asked
    ? { inputs: { ...inputs, dumps: [] }, output, places, commands: [], asked }
    : { inputs, output, places, commands };
  const issues = await form(asked ? needCapture(job, options.format) : job);
  progress.end();
  output.end();
  tellIssues(io, issues, options);
  return hasErrors([...inputs.issues, ...issues]) ? 2 : 0;
}

/** Built where it is shown, or where its commands may have been refused: counting packets needs no host. */
async function hostFor(inputs: InputSet, format: ShowOptions['format']): Promise<ShownHost> {
  const shown = format === 'text' || format === 'json';
  if (!shown && (inputs.commands ?? []).length === 0) return { places: [], commands: [], issues: [] };
  const { shownHost } = await import('./host.ts');
  return shownHost(inputs);
}

export function needCapture(job: ShowJob, format: ShowOptions['format']): ShowJob {
  if (job.inputs.captures.length > 0) return job;
  throw new UsageError(`there is no capture among the inputs, and --format ${format} is about packets`);
}
