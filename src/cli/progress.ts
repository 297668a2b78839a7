/** A line on the terminal that says how far the reading of long inputs is; nothing for short ones, nor into a file or pipe. */
import { statSync } from 'node:fs';
import { printable } from '../base/printable.ts';
import type { ByteSource } from '../capture/source.ts';
import type { CaptureInput, InputSet } from '../input/input.ts';
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

/** The same inputs, whose captures tell the progress what is read of them. */
export function observed(inputs: InputSet, progress: Progress): InputSet {
  let total = sizeOf(inputs.captures);
  const captures = inputs.captures.map(
    (capture): CaptureInput => ({
      ...capture,
      onRead: (bytes) => progress.add(capture.path, bytes, total),
      open: () => {
        const source = capture.open();
        // Packed: the file's size says nothing of the bytes that come out of it.
        if (source.size === undefined) total = undefined;
        return counted(source, (bytes) => progress.add(capture.path, bytes, total));
      },
    }),
  );
  return { ...inputs, captures };
}

/** Bytes of all captures; undefined when one of them is no file of its own. */
function sizeOf(captures: readonly CaptureInput[]): number | undefined {
  try {
    return captures.reduce((sum, { path }) => sum + statSync(path).size, 0);
  } catch {
    return undefined;
  }
}

function counted(source: ByteSource, count: (bytes: number) => void): ByteSource {
  const tell = (block: Uint8Array | undefined) => {
    if (block) count(block.length);
    return block;
  };
  const { readAt } = source;
  return {
    ...(source.size === undefined ? {} : { size: source.size }),
    get issue() {
      return source.issue;
    },
    read() {
      const block = source.read();
      return block instanceof Promise ? block.then(tell) : tell(block);
    },
    ...(readAt && { readAt: (offset: number, length: number) => tell(readAt(offset, length)) }),
    ...(source.readInto && { readInto: source.readInto }),
    close: () => source.close(),
  };
}
