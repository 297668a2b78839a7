import { printable } from '../base/printable.ts';
import { UsageError } from './io.ts';

const MOST = 64;

/** What `--threads` says; undefined lets the program choose. */
export function parseThreads(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MOST)
    throw new UsageError(`--threads ${printable(text)}: a number from 1 to ${MOST} is expected`);
  return count;
}
