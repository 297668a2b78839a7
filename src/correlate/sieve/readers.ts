/** Several captures are read first by several threads, each of which takes the next capture that nobody reads yet. */
import { availableParallelism } from 'node:os';
import type { Pace } from '../../base/pace.ts';
import type { CaptureInput } from '../../input/input.ts';
import { type FirstReading, type ReadingTask, readFirst, readingOf } from './first-reading.ts';
import { type FileTask, type Share, type ShareMessage, take } from './share.ts';
import { Threads } from './threads.ts';

export interface ReadersOptions {
  /** Conversations that are kept of one capture at most. */
  readonly most?: number | undefined;
  /** At most so many at once, this one included; by default as many as there are processors, and no more than `MOST_THREADS`. */
  readonly threads?: number | undefined;
  /** The threads' program, where it is another one. */
  readonly program?: string | undefined;
  readonly progress?: ((capture: CaptureInput, bytes: number) => void) | undefined;
  /** Aborted, the threads end at once. */
  readonly pace?: Pace | undefined;
}

/** Each has an interpreter and tables of its own; reading is bound by memory long before. */
const MOST_THREADS = 8;

/** Bytes of a capture below which a thread costs more than it gains. */
const WORTH_A_THREAD = 16 * 2 ** 20;

/** The first reading of each capture, in their order. */
export async function readCaptures(
  captures: readonly CaptureInput[],
  options: ReadersOptions,
): Promise<FirstReading[]> {
  const { readings, threads } = await readWithThreads(captures, options);
  threads.end();
  return readings;
}

/** The same; its threads can be asked for more, and must be ended. */
export async function readWithThreads(
  captures: readonly CaptureInput[],
  options: ReadersOptions,
): Promise<{ readonly readings: FirstReading[]; readonly threads: Threads }> {
  const readings: FirstReading[] = [];
  const taskOf = (capture: CaptureInput, input: number): ReadingTask => ({
    input,
    path: capture.path,
    clock: capture.clock,
    most: options.most,
    limits: capture.limits,
  });
  const readHere = async (input: number): Promise<void> => {
    const capture = captures[input] as CaptureInput;
    const tell = (bytes: number) => options.progress?.(capture, bytes) as undefined;
    readings[input] = await readFirst(taskOf(capture, input), capture.open(), tell, options.pace);
  };
  const tasks = fileTasks(captures, taskOf);
  const most = Math.min(options.threads ?? Math.min(availableParallelism(), MOST_THREADS), tasks.length);
  const share: Share = { tasks, taken: new Int32Array(new SharedArrayBuffer(4)) };
  const onMessage = (message: ShareMessage): void => {
    if ('reading' in message) readings[message.input] = readingOf(message.reading);
    else captures[message.input]?.onRead?.(message.bytes);
  };
  const threads = await Threads.begin(most - 1, share, onMessage, options.program);
  const stop = () => threads.stop();
  options.pace?.signal?.addEventListener('abort', stop);
  try {
    if (threads.count > 0) for (let task = take(share); task; task = take(share)) await readHere(task.input);
    const shared = new Set(threads.count > 0 ? tasks.map(({ input }) => input) : []);
    for (const input of captures.keys()) if (!shared.has(input)) await readHere(input);
    await threads.read();
    options.pace?.signal?.throwIfAborted();
    // Those of a thread that could not start, or died.
    for (const input of captures.keys()) if (!readings[input]) await readHere(input);
  } catch (error) {
    threads.stop();
    throw error;
  } finally {
    options.pace?.signal?.removeEventListener('abort', stop);
  }
  return { readings, threads };
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
