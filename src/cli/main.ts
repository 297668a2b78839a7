/** The program as a process: its streams, clock and exit status. */
import { descriptorStream } from './descriptor.ts';
import type { Io, Stream } from './io.ts';
import { tell } from './messages.ts';
import { runCli } from './run.ts';

const stdout = outgoing(1, () => process.stdout);
const stderr = outgoing(2, () => process.stderr);

/** Made when they are asked for: a third of a short run's time would be in that. */
const io: Io = {
  get stdout() {
    return stdout();
  },
  get stderr() {
    return stderr();
  },
  get stdin() {
    return process.stdin;
  },
  env: process.env,
  now: () => performance.now(),
  setStatus: (status) => {
    process.exitCode = status;
  },
};

const used: Stream[] = [];

function outgoing(descriptor: 1 | 2, node: () => NodeJS.WriteStream): () => Stream {
  let stream: Stream | undefined;
  const failed = descriptor === 1 ? outputFailed : messagesFailed;
  const watched = () => node().on('error', failed);
  return () => {
    if (stream) return stream;
    stream = descriptorStream(descriptor, failed, watched) ?? watched();
    used.push(stream);
    return stream;
  };
}

function outputFailed(error: Error): void {
  // The reader has what it wanted (`| head`): end as quietly as other tools do.
  if ('code' in error && error.code === 'EPIPE') process.exit();
  tell(io, 'error', `can't write standard output: ${error.message.replace(/, write$/, '')}`, {});
  process.exit(2);
}

/** There is nothing left to say it on; what was asked for is done all the same. */
function messagesFailed(): void {}

export async function main(): Promise<void> {
  process.exitCode = await runCli(process.argv.slice(2), io);
  // Else V8 would collect garbage once more before the end. A reader that is slow still gets what is waiting for it.
  if (used.every((stream) => stream.writableLength === 0)) process.exit();
}
