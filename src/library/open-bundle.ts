import { buildCaseState } from '../cases/run/state.ts';
import { type Bundle, bundleOf } from './bundle.ts';
import { type Inputs, type ReadingOptions, Run, readInputs } from './given.ts';

/** Options of `openBundle`. */
export interface OpenOptions extends ReadingOptions {
  /**
   * `false` leaves the captures unread, which makes opening quick whatever their size: `snapshot` then lacks what they alone show (where an unnamed
   * capture was taken, settings that no dump has). Default: `true`; streams are never read by this.
   */
  readonly readCaptures?: boolean | undefined;
}

export async function openBundle(given: Inputs, options: OpenOptions = {}): Promise<Bundle> {
  const run = new Run(options);
  const inputs = await readInputs(given, options, run);
  run.enter('captures');
  const state = await buildCaseState(run.watching(inputs), {
    pace: run.pace,
    unread: options.readCaptures === false || inputs.captures.some(({ once }) => once),
    onSecond: () => run.enter('again'),
  });
  return bundleOf(inputs, state);
}
