/** Bytes of a capture: to a file that appears whole or not at all, or to standard output. */
import { type Io, UsageError } from './io.ts';
import { drained } from './output.ts';
import { openWholeFile, refuseInput } from './whole-file.ts';

const BLOCK = 1 << 20;
const PIECE = BLOCK >> 2;

export interface BinaryOutput {
  /** The bytes are copied. */
  write(bytes: Uint8Array): void;
  /** Until the reader has taken what was written; undefined when there is nothing to wait for. */
  ready(): Promise<void> | undefined;
  /** Everything is written: the file gets its name. */
  finish(): void;
  /** Takes away what was written. After `finish` it does nothing. */
  abandon(): void;
}

/** Standard output for no file or `-`; pipes and devices are written as they are. */
export function openBinaryOutput(io: Io, file: string | undefined, inputs: readonly string[]): BinaryOutput {
  if (file === undefined || file === '-') {
    if (io.stdout.isTTY)
      throw new UsageError(
        'a capture is nothing for a terminal',
        'Name a file with -o, or pipe it to a program.',
      );
    return toStream(io);
  }
  refuseInput(file, inputs);
  const whole = openWholeFile(file);
  const block = Buffer.allocUnsafeSlow(BLOCK);
  let filled = 0;
  const flush = (): void => {
    if (filled > 0) whole.write(block.subarray(0, filled));
    filled = 0;
  };
  return {
    write(bytes) {
      if (filled + bytes.length > BLOCK) flush();
      if (bytes.length > BLOCK) whole.write(bytes);
      else {
        block.set(bytes, filled);
        filled += bytes.length;
      }
    },
    ready: whole.ready,
    finish() {
      flush();
      whole.finish();
    },
    abandon: whole.abandon,
  };
}

/** Pieces are new for each write: the stream may hold them. */
function toStream(io: Io): BinaryOutput {
  const { stdout } = io;
  let piece = Buffer.allocUnsafeSlow(PIECE);
  let filled = 0;
  let full = false;
  const send = (bytes: Uint8Array): void => {
    full = stdout.write(bytes) === false || full;
  };
  const flush = (): void => {
    if (filled > 0) send(piece.subarray(0, filled));
    piece = Buffer.allocUnsafeSlow(PIECE);
    filled = 0;
  };
  return {
    write(bytes) {
      if (filled + bytes.length > PIECE) flush();
      if (bytes.length > PIECE) {
        send(bytes.slice());
        return;
      }
      piece.set(bytes, filled);
      filled += bytes.length;
    },
    ready() {
      if (!full) return undefined;
      full = false;
      return drained(stdout);
    },
    finish: flush,
    abandon: () => {},
  };
}
