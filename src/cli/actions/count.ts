import type { ShowOptions } from '../commands/show.ts';
import type { Io, Status } from '../io.ts';
import { showCount } from './show/count.ts';
import { needCapture, showing } from './show/showing.ts';

/** `show --format count`, in a bundle of its own: it loads what counting needs. */
export function countAction(
  words: readonly string[],
  options: ShowOptions & { readonly format: 'count' },
  io: Io,
): Promise<Status> {
  return showing(words, options, io, (job) => showCount(needCapture(job, 'count')));
}
