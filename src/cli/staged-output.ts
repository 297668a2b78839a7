/** A file that appears whole or not at all: it is written beside its place under another name, and renamed at the end. */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Io, UsageError } from './io.ts';
import { attempt, drained, refuseInput } from './output.ts';
import { onInterrupt } from './signals.ts';

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
  const target = targetOf(file);
  if (isSpecial(target))
    return toDescriptor(
      file,
      attempt(file, () => openSync(target, 'w')),
    );
  const draft = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
  const descriptor = attempt(file, () => openSync(draft, 'wx'));
  let done = false;
  const remove = (): void => {
    if (done) return;
    done = true;
    rmSync(draft, { force: true });
  };
  const quiet = onInterrupt(() => {
    remove();
    process.exit(130);
  });
  const output = toDescriptor(file, descriptor);
  return {
    ...output,
    finish() {
      attempt(file, () => {
        output.flush();
        fsyncSync(descriptor);
        closeSync(descriptor);
        const before = statSync(target, { throwIfNoEntry: false });
        if (before) chmodSync(draft, before.mode & 0o7777);
        renameSync(draft, target);
      });
      done = true;
      quiet();
    },
    abandon() {
      quiet();
      remove();
    },
  };
}

/** A link stays one: what it leads to is replaced. */
function targetOf(file: string): string {
  try {
    return lstatSync(file).isSymbolicLink() ? realpathSync(file) : file;
  } catch {
    return file;
  }
}

function isSpecial(file: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat?.isDirectory()) throw new UsageError(`can't write ${file}: it is a directory`);
  return stat !== undefined && !stat.isFile();
}

function toDescriptor(file: string, descriptor: number): BinaryOutput & { flush(): void } {
  const block = Buffer.allocUnsafeSlow(BLOCK);
  let filled = 0;
  const put = (bytes: Uint8Array): void =>
    attempt(file, () => {
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    });
  const flush = (): void => {
    if (filled > 0) put(block.subarray(0, filled));
    filled = 0;
  };
  return {
    write(bytes) {
      if (filled + bytes.length > BLOCK) flush();
      if (bytes.length > BLOCK) put(bytes);
      else {
        block.set(bytes, filled);
        filled += bytes.length;
      }
    },
    flush,
    ready: () => undefined,
    finish() {
      flush();
      attempt(file, () => closeSync(descriptor));
    },
    abandon: () => {},
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
