/** Runs command lines in this process, with streams that only remember. */
import type { Io } from '../../src/cli/io.ts';
import { runCli } from '../../src/cli/run.ts';

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly env?: Record<string, string>;
  readonly tty?: boolean;
  readonly columns?: number;
  readonly stdin?: Uint8Array;
}

export async function run(words: readonly string[], around: Surroundings = {}): Promise<Ran> {
  const { io, told } = remembering(around);
  const status = await runCli(words, io);
  return { status, ...told() };
}

/** Streams that only remember, and what they were told so far. */
export function remembering(around: Surroundings = {}): { io: Io; told(): Omit<Ran, 'status'> } {
  const out: string[] = [];
  const err: string[] = [];
  let now = 0;
  const stream = (texts: string[]) => ({
    write: (data: string | Uint8Array) => texts.push(Buffer.from(data).toString()),
    isTTY: around.tty ?? false,
    columns: around.columns,
  });
  const io: Io = {
    stdout: stream(out),
    stderr: stream(err),
    stdin: once(around.stdin),
    env: around.env ?? { LANG: 'C.UTF-8' },
    now: () => {
      now += 200;
      return now;
    },
    setStatus: () => {},
  };
  return { io, told: () => ({ stdout: out.join(''), stderr: err.join('') }) };
}

async function* once(bytes: Uint8Array | undefined): AsyncGenerator<Uint8Array> {
  if (bytes) yield bytes;
}
