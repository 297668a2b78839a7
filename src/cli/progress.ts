/** A line on the terminal that says how far the reading of long inputs is; nothing for short ones, nor into a file or pipe. */
import { printable } from '../base/printable.ts';
import type { Io } from './io.ts';

/** Milliseconds before the line first shows, and between two of them. */
const PATIENCE = 400;
const INTERVAL = 100;

export interface Progress {
  add(path: string, bytes: number, total: number | undefined): void;
  /** Takes the line away. */
  end(): void;
}

export function createProgress(io: Io, quiet: boolean): Progress {
  if (quiet || !io.stderr.isTTY) return { add: () => {}, end: () => {} };
  const begun = io.now();
  let next = begun + PATIENCE;
  let shown = false;
  let done = 0;
  return {
    add(path, bytes, total) {
      done += bytes;
      const now = io.now();
      if (now < next) return;
      next = now + INTERVAL;
      shown = true;
      const width = io.stderr.columns ?? 80;
      io.stderr.write(`\r\x1b[K${progressLine(path, done, total, now - begun).slice(0, width - 1)}`);
    },
    end() {
      if (shown) io.stderr.write('\r\x1b[K');
    },
  };
}

function progressLine(path: string, done: number, total: number | undefined, elapsed: number): string {
  const rate = `${megabytes((done / Math.max(1, elapsed)) * 1000)}/s`;
  const name = printable(path.slice(path.lastIndexOf('/') + 1));
  if (total === undefined || total < done) return `reading ${name}: ${megabytes(done)}, ${rate}`;
  return `reading ${name}: ${Math.floor((100 * done) / total)} % of ${megabytes(total)}, ${rate}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
