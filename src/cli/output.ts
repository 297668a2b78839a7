/** Where a command's data goes: standard output, or the file of `-o`, which appears with the last text for it. */
import { viewOf } from '../base/bytes.ts';
import type { ByteSource } from '../capture/source.ts';
import type { Io, Stream } from './io.ts';
import { openWholeFile, refuseInput } from './whole-file.ts';

const BLOCK = 1 << 17;

/** Bytes that are being gathered: `at` is where the next go. */
export interface OutputBlock {
  readonly view: DataView;
  at: number;
}

class Block implements OutputBlock {
  readonly bytes = Buffer.allocUnsafeSlow(BLOCK);
  readonly view = viewOf(this.bytes);
  at = 0;
}

export interface Output {
  write(text: string): void;
  /**
   * For bytes that are made in place: a block with room for `length` more, at most 64 KiB. Who writes them at `at` moves it behind
   * them; the block is good until the next call of anything here.
   */
  room(length: number): OutputBlock;
  flush(): void;
  /** Writes what is still held back. */
  end(): void;
  /** Until the reader has taken what was written; undefined when there is nothing to wait for. */
  ready(): Promise<void> | undefined;
}

export function openOutput(io: Io, file: string | undefined, inputs: readonly string[]): Output {
  if (file === undefined || file === '-') {
    const { stdout } = io;
    let full = false;
    return gathered({
      write: (bytes) => {
        full = stdout.write(bytes) === false;
      },
      idle: () => stdout.writableLength === 0,
      end: () => {},
      ready: () => {
        if (!full) return undefined;
        full = false;
        return drained(stdout);
      },
    });
  }
  refuseInput(file, inputs);
  const whole = openWholeFile(file);
  return gathered({ write: whole.write, idle: () => true, end: whole.finish, ready: whole.ready });
}

interface Sink {
  /** The bytes must stay as they are until the sink is idle. */
  write(bytes: Uint8Array): void;
  /** Is nothing left of what was written? */
  idle(): boolean;
  end(): void;
  ready(): Promise<void> | undefined;
}

/** Small pieces are gathered: a system call for every packet's line would cost more than the line. */
function gathered(sink: Sink): Output {
  let block = new Block();
  /** Blocks that the sink still holds, and those that it has done with. */
  const held: Block[] = [];
  const spare: Block[] = [];
  const flush = () => {
    if (block.at === 0) return;
    if (held.length > 0 && sink.idle()) spare.push(...held.splice(0));
    sink.write(block.bytes.subarray(0, block.at));
    if (!sink.idle()) {
      held.push(block);
      block = spare.pop() ?? new Block();
    }
    block.at = 0;
  };
  return {
    write(text) {
      // No UTF-16 unit takes more than three bytes of UTF-8.
      if (block.at + 3 * text.length > BLOCK) flush();
      if (3 * text.length > BLOCK) sink.write(Buffer.from(text));
      else block.at += block.bytes.write(text, block.at);
    },
    room(length) {
      if (block.at + length > BLOCK) flush();
      return block;
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
export function drained(stream: Stream): Promise<void> {
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
