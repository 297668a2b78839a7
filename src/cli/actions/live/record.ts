/** `--write`. */
import { Recorder, recorderFault } from '../../../live/recorder.ts';
import type { LiveCommandOptions } from '../../commands/live.ts';
import { UsageError } from '../../io.ts';
import { atExit } from '../../signals.ts';

/** Throws where the folder can't be had. */
export function recorderOf(
  { write, writeLimit, snaplen }: LiveCommandOptions,
  onWarning: (text: string) => void,
): Recorder | undefined {
  if (write === undefined) return undefined;
  const fault = recorderFault(write);
  if (fault !== undefined)
    throw new UsageError(
      `--write ${write}: ${fault}`,
      'Name a folder that is new, or one that an earlier run wrote.',
    );
  const recorder = new Recorder({ folder: write, limit: writeLimit, snaplen }, { now: Date.now, onWarning });
  // A reader that is gone ends the process: what has come till then is written.
  atExit(() => recorder.end());
  return recorder;
}

/** For who comes back to the shell. */
export function recordedText({ folder, count }: Recorder): string {
  return `written: ${count} bundle${count === 1 ? '' : 's'} in ${folder} (nettrace analyze ${folder}/TIME)`;
}
