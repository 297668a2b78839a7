/** Where a command's data goes: standard output, or the file of `-o`, which is opened with the first text for it. */
import { closeSync, openSync, realpathSync, writeFileSync } from 'node:fs';
import { sep } from 'node:path';
import { printable } from '../base/printable.ts';
import type { ByteSource } from '../capture/source.ts';
import { type Io, type Stream, UsageError } from './io.ts';

const BLOCK = 1 << 16;

export interface Output {
  write(text: string): void;
  flush(): void;
  /** Writes what is still held back. */
  end(): void;
  /** Until the reader has taken what was written; undefined when there is nothing to wait for. */
  ready(): Promise<void> | undefined;
}

export function openOutput(io: Io, file: string | undefined, inputs: readonly string[]): Output {
  if (file === undefined || file === '-') {
    let full = false;
    return buffered({
      write: (text) => {
        full = io.stdout.write(text) === false;
      },
      end: () => {},
      ready: () => {
        if (!full) return undefined;
        full = false;
        return drained(io.stdout);
      },
    });
  }
  refuseInput(file, inputs);
  let descriptor: number | undefined;
  const open = () => {
    descriptor ??= attempt(file, () => openSync(file, 'w'));
    return descriptor;
  };
  return buffered({
    write: (text) => attempt(file, () => writeFileSync(open(), text)),
    end: () => closeSync(open()),
    ready: () => undefined,
  });
}

interface Sink {
  write(text: string): void;
  end(): void;
  ready(): Promise<void> | undefined;
}

/** Small pieces are gathered: a system call for every packet's line would cost more than the line. */
function buffered(sink: Sink): Output {
  let pieces: string[] = [];
  let length = 0;
  const flush = () => {
    if (length > 0) sink.write(pieces.join(''));
    pieces = [];
    length = 0;
  };
  return {
    write(text) {
      pieces.push(text);
      length += text.length;
      if (length >= BLOCK) flush();
    },
    flush,
    end() {
      flush();
      sink.end();
    },
    ready: () => sink.ready(),
  };
}

/** A reader that is gone ends the process (main.ts); until then there is nothing to wait for. */
function drained(stream: Stream): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off?.('drain', done);
      stream.off?.('close', done);
      resolve();
    };
    if (!stream.once) done();
    stream.once?.('drain', done);
    stream.once?.('close', done);
  });
}

/** Bytes no faster than the output's reader takes what is made of them: a slow one costs no memory. */
export function paced(source: ByteSource, output: Output): ByteSource {
  return {
    ...(source.size === undefined ? {} : { size: source.size }),
    get issue() {
      return source.issue;
    },
    read() {
      output.flush();
      const wait = output.ready();
      return wait ? wait.then(() => source.read()) : source.read();
    },
    close: () => source.close(),
  };
}

function attempt<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/, (open|write).*$/, '') : String(error);
    throw new UsageError(`can't write ${printable(file)}: ${reason}`);
  }
}

/** An output that is an input, or a file that exists within an input directory, would destroy what is being read. */
function refuseInput(file: string, inputs: readonly string[]): void {
  const target = realPath(file);
  if (target === undefined) return;
  for (const input of inputs) {
    for (const path of [realPath(input), realPath(input.replace(/^[^:=/\\]+:[^:=/\\\s]*=/, ''))]) {
      if (path === undefined || (path !== target && !target.startsWith(path + sep))) continue;
      throw new UsageError(
        `${printable(file)} is one of the inputs: it would be overwritten`,
        'Name another file with -o.',
      );
    }
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
