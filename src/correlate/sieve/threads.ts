import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import type { JoinTask } from './join.ts';
import type { Answer, Request } from './requests.ts';
import type { Share, ShareMessage, WorkerData } from './share.ts';

/** Is there where the program was bundled; run from its sources it does all in one thread. */
const WORKER = 'reading-worker.cjs';

/**
 * Other threads that do parts of what this one does. Of one that could not start, or died, what it was asked for is undefined: whoever asked
 * does it then.
 */
export class Threads {
  readonly #threads: readonly Thread[];

  private constructor(threads: readonly Thread[]) {
    this.#threads = threads;
  }

  /** At most `count` of them, which begin with their share of the captures at once. `path`: their program. */
  static async begin(
    count: number,
    share: Share,
    onMessage: (message: ShareMessage) => void,
    path = count > 0 ? workerFile() : undefined,
  ): Promise<Threads> {
    if (path === undefined || count <= 0) return new Threads([]);
    // Few analyses have captures that long, and with what it loads it is a fourteenth of an empty program.
    const { Worker } = await import('node:worker_threads');
    const workerData: WorkerData = { ...share, starting: new Int32Array(new SharedArrayBuffer(4)) };
    workerData.starting[0] = count;
    const begun = (): Thread[] => {
      try {
        return [new Thread(new Worker(path, { workerData }), onMessage)];
      } catch {
        // No memory for it, or too many processes: the others have more to do.
        Atomics.sub(workerData.starting, 0, 1);
        return [];
      }
    };
    return new Threads(Array.from({ length: count }, begun).flat());
  }

  get count(): number {
    return this.#threads.length;
  }

  /** Until all that they took is read. */
  async read(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.answer()));
  }

  /** What the thread unites; undefined when it can't. */
  async join(thread: number, task: JoinTask): Promise<Uint32Array | undefined> {
    const answer = await this.#threads[thread]?.ask({ join: task });
    return typeof answer === 'object' ? answer.united : undefined;
  }

  end(): void {
    for (const thread of this.#threads) thread.end();
  }

  /** Whatever they are doing. */
  stop(): void {
    for (const thread of this.#threads) thread.stop();
  }
}

class Thread {
  readonly #worker: Worker;
  #answered: ((answer: Answer | undefined) => void) | undefined;
  /** What came before anybody waited for it. */
  readonly #answers: Answer[] = [];
  #isOver = false;

  constructor(worker: Worker, onMessage: (message: ShareMessage) => void) {
    this.#worker = worker;
    this.#worker.on('message', (message: ShareMessage | Answer) => {
      if (message !== 'read' && 'input' in message) onMessage(message);
      else {
        this.#answers.push(message);
        this.#tell();
      }
    });
    const over = () => {
      this.#isOver = true;
      this.#tell();
    };
    this.#worker.once('error', over);
    this.#worker.once('exit', over);
  }

  /** The next of its answers; undefined when none will come. One at a time. */
  answer(): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#tell();
    });
  }

  ask(request: Request): Promise<Answer | undefined> {
    this.#worker.postMessage(request);
    return this.answer();
  }

  end(): void {
    this.#worker.postMessage('end' satisfies Request);
    // It keeps nobody waiting.
    this.#worker.unref();
  }

  stop(): void {
    void this.#worker.terminate();
  }

  #tell(): void {
    const tell = this.#answered;
    if (!tell || (this.#answers.length === 0 && !this.#isOver)) return;
    this.#answered = undefined;
    tell(this.#answers.shift());
  }
}

function workerFile(): string | undefined {
  const path = fileURLToPath(new URL(`./${WORKER}`, import.meta.url));
  return existsSync(path) ? path : undefined;
}
