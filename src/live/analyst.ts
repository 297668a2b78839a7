/** Analyses a bundle that is in memory: where there is a program for it in a thread of its own, else in this one. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { InputLimits } from '../base/limits.ts';
import type { Analysis } from '../report/analysis.ts';
import { captureBuffers } from './buffers.ts';

export interface BundleFile {
  /** Path in the bundle. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Analyst {
  /** One after the other. `whatIf`: commands that are tried on the model. Rejects where the analysis could not be made. */
  analyse(bundle: readonly BundleFile[], whatIf?: readonly string[]): Promise<Analysis>;
  end(): void;
}

/** Is there where the program was bundled. */
const WORKER = 'analysis-worker.cjs';
/**
 * Runs the thread's program. Node would read it in doubling blocks of glibc's, which then keeps all that is no larger (mallopt(3),
 * M_MMAP_THRESHOLD), 20 MB in the end; a buffer that may be resized is of the system. The program is ASCII.
 */
const LOADER = `
const { closeSync, fstatSync, openSync, readSync } = require('node:fs');
const { compileFunction } = require('node:vm');
const { workerData: filename } = require('node:worker_threads');
const descriptor = openSync(filename);
const { size } = fstatSync(descriptor);
const bytes = Buffer.from(new ArrayBuffer(size, { maxByteLength: size }), 0, size);
for (let at = 0, count; at < size; at += count)
  if ((count = readSync(descriptor, bytes, at, size - at, at)) === 0) throw new Error(filename + ' ends too soon');
closeSync(descriptor);
compileFunction(bytes.latin1Slice(), ['require', 'module', '__filename'], { filename })(require, module, filename);
`;
/** MiB that the thread may have: a window of packets needs a fifth of the old space. */
const HEAP = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 8 };
/**
 * V8's young space of this thread stays as it is, and old ones grow by little (for size by 2 MB at least instead of 8), which spares 80 MB;
 * the young one of a thread that is begun is as large as it gets at once.
 */
const FLAGS = {
  small: '--semi-space-growth-factor=1 --heap-growing-percent=20 --optimize-for-size',
  large: '--min-semi-space-size=16 --no-concurrent-recompilation',
};

/** `limits`: others than the defaults; `path`: of the thread's program. */
export function createAnalyst(
  limits: Partial<InputLimits> = {},
  path = fileURLToPath(new URL(WORKER, import.meta.url)),
): Analyst {
  if (existsSync(path)) return new Thread(path, limits);
  return {
    analyse: async (bundle, commands) =>
      (await import('./analyse-bundle.ts')).analyseBundle(bundle, commands, limits),
    end: () => {},
  };
}

/** What the thread is asked. */
export interface Question {
  readonly bundle: readonly BundleFile[];
  readonly whatIf: readonly string[];
  readonly limits: Partial<InputLimits>;
}

/** `buffers`: of the captures, which come back. */
export type Answer = ({ readonly analysis: Analysis } | { readonly failed: string }) & {
  readonly buffers?: readonly ArrayBuffer[];
};

/** Of a question's captures. */
export function buffersOf({ bundle }: Question): ArrayBuffer[] {
  return bundle
    .filter(({ name }) => name.startsWith('captures/'))
    .map(({ bytes }) => bytes.buffer as ArrayBuffer);
}

class Thread implements Analyst {
  readonly #path: string;
  readonly #limits: Partial<InputLimits>;
  #worker: Worker | undefined;
  #answered: ((answer: Answer) => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, limits: Partial<InputLimits>) {
    this.#path = path;
    this.#limits = limits;
    setFlagsFromString(FLAGS.small);
  }

  analyse(bundle: readonly BundleFile[], commands: readonly string[] = []): Promise<Analysis> {
    const next = this.#last.then(() => this.#ask({ bundle, whatIf: commands, limits: this.#limits }));
    this.#last = next.catch(() => {});
    return next;
  }

  async #ask(question: Question): Promise<Analysis> {
    // One that died of a bundle begins anew with the next.
    this.#worker ??= this.#begin();
    const worker = this.#worker;
    const answer = await new Promise<Answer>((resolve) => {
      this.#answered = resolve;
      // Captures were made for it, and are its own then.
      worker.postMessage(question, buffersOf(question));
    });
    captureBuffers.give(answer.buffers ?? []);
    if ('failed' in answer) throw new Error(answer.failed);
    return answer.analysis;
  }

  #begin(): Worker {
    setFlagsFromString(FLAGS.large);
    const worker = new Worker(LOADER, { eval: true, workerData: this.#path, resourceLimits: HEAP });
    // A thread that begins sets flags back.
    worker.once('online', () => setFlagsFromString(FLAGS.small));
    worker.on('message', (answer: Answer) => this.#answered?.(answer));
    worker.on('error', (error) => this.#lose(worker, error.message));
    worker.on('exit', () => this.#lose(worker, 'the thread of the analysis ended'));
    worker.unref();
    return worker;
  }

  /** After its error it ends, too, when another one may have begun. */
  #lose(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#answered?.({ failed: reason });
  }

  end(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
  }
}
