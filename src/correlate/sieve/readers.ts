/** Several captures are read first by several threads, each of which takes the next capture that nobody reads yet. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { CaptureInput } from '../../input/input.ts';
import { type FirstReading, type ReadingTask, readFirst, readingOf } from './first-reading.ts';
import { type FileTask, type Share, type ShareMessage, take } from './share.ts';

export interface ReadersOptions {
  /** Conversations that are kept of one capture at most. */
  readonly most?: number | undefined;
  /** At most so many at once, this one included; by default as many as there are processors, and no more than `MOST_THREADS`. */
  readonly threads?: number | undefined;
  readonly progress?: ((capture: CaptureInput, bytes: number) => void) | undefined;
}

/** Each has an interpreter and tables of its own; reading is bound by memory long before. */
const MOST_THREADS = 8;

/** Bytes of a capture below which a thread costs more than it gains. */
const WORTH_A_THREAD = 16 * 2 ** 20;

/** Is there where the program was bundled; run from its sources it reads all in one thread. */
const WORKER = 'reading-worker.cjs';

/** The first reading of each capture, in their order. */
export async function readCaptures(
  captures: readonly CaptureInput[],
  options: ReadersOptions,
): Promise<FirstReading[]> {
  const readings: FirstReading[] = [];
  const taskOf = (capture: CaptureInput, input: number): ReadingTask => ({
    input,
    path: capture.path,
    clock: capture.clock,
    most: options.most,
  });
  const readHere = async (input: number): Promise<void> => {
    const capture = captures[input] as CaptureInput;
    const tell = (bytes: number) => options.progress?.(capture, bytes) as undefined;
    readings[input] = await readFirst(taskOf(capture, input), capture.open(), tell);
  };
  const tasks = fileTasks(captures, taskOf);
  const threads = Math.min(options.threads ?? Math.min(availableParallelism(), MOST_THREADS), tasks.length);
  const worker = threads > 1 ? workerFile() : undefined;
  if (!worker) {
    for (const input of captures.keys()) await readHere(input);
    return readings;
  }
  const share: Share = { tasks, taken: new Int32Array(new SharedArrayBuffer(4)) };
  const others = Array.from({ length: threads - 1 }, () =>
    runWorker(worker, share, (message) => {
      if ('reading' in message) readings[message.input] = readingOf(message.reading);
      else captures[message.input]?.onRead?.(message.bytes);
    }),
  );
  for (let task = take(share); task; task = take(share)) await readHere(task.input);
  const shared = new Set(tasks.map(({ input }) => input));
  for (const input of captures.keys()) if (!shared.has(input)) await readHere(input);
  await Promise.all(others);
  // Those of a thread that could not start, or died.
  for (const input of captures.keys()) if (!readings[input]) await readHere(input);
  return readings;
}

/** Those that another thread can open, the longest first: the last to be taken ends soon. */
function fileTasks(
  captures: readonly CaptureInput[],
  taskOf: (capture: CaptureInput, input: number) => ReadingTask,
): FileTask[] {
  const tasks = captures.flatMap((capture, input) => {
    if (capture.file === undefined) return [];
    const source = capture.open();
    source.close();
    const size = source.size ?? Number.POSITIVE_INFINITY;
    return size < WORTH_A_THREAD ? [] : [{ size, task: { ...taskOf(capture, input), file: capture.file } }];
  });
  return tasks.sort((one, other) => other.size - one.size).map(({ task }) => task);
}

function workerFile(): string | undefined {
  const path = fileURLToPath(new URL(`./${WORKER}`, import.meta.url));
  return existsSync(path) ? path : undefined;
}

/** Until it has ended, in whatever way. */
function runWorker(path: string, share: Share, onMessage: (message: ShareMessage) => void): Promise<void> {
  return new Promise((resolve) => {
    const worker = new Worker(path, { workerData: share });
    worker.on('message', onMessage);
    worker.once('error', () => resolve());
    worker.once('exit', () => resolve());
  });
}
