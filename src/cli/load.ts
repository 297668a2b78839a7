/** From the words of the command line to inputs, with what is to be said of them said. */
import type { Issue } from '../base/issue.ts';
import type { InputSet } from '../input/input.ts';
import { observed } from '../input/observed.ts';
import { resolveInputs } from '../input/resolve.ts';
import type { Io } from './io.ts';
import type { CommonOptions } from './options.ts';
import { createProgress, type Progress } from './progress.ts';

export interface Loaded {
  readonly inputs: InputSet;
  readonly progress: Progress;
}

export async function loadInputs(words: readonly string[], options: CommonOptions, io: Io): Promise<Loaded> {
  const progress = createProgress(io, options.quiet ?? false);
  const inputs = await resolveInputs(words, {
    ignoreUnknown: options.ignoreUnknown ?? false,
    limits: options.limit,
    // Asked for only where `-` stands: Node makes a stream of it then.
    get stdin() {
      return io.stdin;
    },
  });
  return { inputs: observed(inputs, (path, bytes, total) => progress.add(path, bytes, total)), progress };
}

/** Everything that the readers had to say: of the inputs as such, and of each dump's lines. */
export function issuesOf(inputs: InputSet): Issue[] {
  return [...new Set([...inputs.issues, ...inputs.dumps.flatMap(({ dump }) => dump.issues)])];
}

/** Nothing in it that could be used; why has been said. */
export function isEmpty({ captures, dumps, commands = [] }: InputSet): boolean {
  return captures.length + dumps.length + commands.length === 0;
}
