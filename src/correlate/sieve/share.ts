import { openFile } from '../../capture/open.ts';
import type { ByteSource } from '../../capture/source.ts';
import { type FirstReadingParts, partsOf, type ReadingTask, readFirst } from './first-reading.ts';

export interface FileTask extends ReadingTask {
  readonly file: string;
}

/** What threads share: the same list in the same order, and how many of it have been taken. */
export interface Share {
  readonly tasks: readonly FileTask[];
  readonly taken: Int32Array<SharedArrayBuffer>;
}

/** What a thread is given. */
export interface WorkerData extends Share {
  /** Threads that don't run yet. */
  readonly starting: Int32Array<SharedArrayBuffer>;
}

export type ShareMessage =
  | { readonly input: number; readonly bytes: number }
  | { readonly input: number; readonly reading: FirstReadingParts };

/** Bytes between two messages of how far it is. */
const STEP = 16 * 2 ** 20;

/** The next of the tasks that nobody has taken. */
export function take({ tasks, taken }: Share): FileTask | undefined {
  return tasks[Atomics.add(taken, 0, 1)];
}

/** Reads until all is taken. `post`: the message's buffers go with it. */
export async function readShare(
  share: Share,
  post: (message: ShareMessage, buffers: ArrayBuffer[]) => void,
): Promise<void> {
  for (let task = take(share); task; task = take(share)) {
    const { input } = task;
    let told = 0;
    const reading = await readFirst(task, open(task), (bytes) => {
      if (bytes - told >= STEP) {
        post({ input, bytes: bytes - told }, []);
        told = bytes;
      }
      return undefined;
    });
    const parts = partsOf(reading);
    post({ input, reading: parts }, buffersOf(parts));
  }
}

function open({ file, path, limits }: FileTask): ByteSource {
  const source = openFile(file, undefined, limits);
  return 'read' in source ? source : { issue: { ...source, path }, read: () => undefined, close: () => {} };
}

/** All buffers of plain data: they are given away, not copied. Memory that is shared belongs to both. */
function buffersOf(data: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const visit = (value: unknown): void => {
    if (ArrayBuffer.isView(value)) {
      if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
    } else if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)
      Object.values(value).forEach(visit);
  };
  visit(data);
  return [...found];
}
