import type { LiveCommandOptions } from '../commands/live.ts';
import { type Io, type Status, UsageError } from '../io.ts';
import { Followed } from './live/follow.ts';
import { headless } from './live/headless.ts';
import { onScreen, requireTerminal } from './live/screen.ts';

/** A host, followed on a screen or as lines. */
export async function liveAction(options: LiveCommandOptions, io: Io): Promise<Status> {
  if (!options.headless && (options.exitOnFinding || options.format !== 'text'))
    throw new UsageError(
      `--${options.exitOnFinding ? 'exit-on-finding' : 'format'} is for what is printed`,
      'Add --headless: the screen prints nothing.',
    );
  const terminal = options.headless ? undefined : requireTerminal(io);
  const followed = new Followed(options, io);
  try {
    return terminal ? await onScreen(options, io, followed, terminal) : await headless(options, io, followed);
  } finally {
    followed.release();
  }
}
