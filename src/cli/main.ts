/** The program as a process: its streams, clock and exit status. */
import type { Io, Stream } from './io.ts';
import { runCli } from './run.ts';

/** Node makes a stream of a descriptor when it is asked for; a third of a short run's time is in that. */
const io: Io = {
  get stdout() {
    return outgoing(process.stdout);
  },
  get stderr() {
    return outgoing(process.stderr);
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

const watched = new Set<NodeJS.WriteStream>();

function outgoing(stream: NodeJS.WriteStream): Stream {
  if (watched.has(stream)) return stream;
  watched.add(stream);
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // The reader has what it wanted (`| head`): end as quietly as other tools do.
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  return stream;
}

export async function main(): Promise<void> {
  process.exitCode = await runCli(process.argv.slice(2), io);
  // Else V8 would collect garbage once more before the end. A reader that is slow still gets what is waiting for it.
  if ([...watched].every((stream) => stream.writableLength === 0)) process.exit();
}
