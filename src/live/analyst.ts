/** Analyses a bundle that is in memory: where there is a program for it in a thread of its own, else in this one. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { analyze } from '../diagnose/analyze.ts';
import { whatIf } from '../diagnose/what-if.ts';
import { resolveFiles } from '../input/resolve.ts';
import type { Analysis } from '../report/analysis.ts';
import { assemble } from '../report/assemble.ts';

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
/** MiB that the thread may have: a window of packets needs a fifth of the old space, and a young one that is larger is only memory. */
const HEAP = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 8 };

export function createAnalyst(): Analyst {
  const path = fileURLToPath(new URL(WORKER, import.meta.url));
  return existsSync(path) ? new Thread(path) : { analyse: analyseBundle, end: () => {} };
}

/** What the packets are called in evidence: `live/captures/host/eth0.pcap`. */
const NAME = 'live';

export async function analyseBundle(
  bundle: readonly BundleFile[],
  commands: readonly string[] = [],
): Promise<Analysis> {
  const result = await analyze(await resolveFiles(NAME, bundle), { threads: 1 });
  if (commands.length === 0) return assemble(result);
  const tried = whatIf(result.scene, commands);
  if (typeof tried === 'string') throw new Error(tried);
  return assemble(result, tried);
}

/** What the thread is asked. */
export interface Question {
  readonly bundle: readonly BundleFile[];
  readonly whatIf: readonly string[];
}

export type Answer = { readonly analysis: Analysis } | { readonly failed: string };

class Thread implements Analyst {
  readonly #path: string;
  #worker: Worker | undefined;
  #answered: ((answer: Answer) => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  analyse(bundle: readonly BundleFile[], commands: readonly string[] = []): Promise<Analysis> {
    const next = this.#last.then(() => this.#ask({ bundle, whatIf: commands }));
    this.#last = next.catch(() => {});
    return next;
  }

  async #ask(question: Question): Promise<Analysis> {
    // One that died of a bundle begins anew with the next.
    this.#worker ??= this.#begin();
    const worker = this.#worker;
    const answer = await new Promise<Answer>((resolve) => {
      this.#answered = resolve;
      worker.postMessage(question);
    });
    if ('failed' in answer) throw new Error(answer.failed);
    return answer.analysis;
  }

  #begin(): Worker {
    const worker = new Worker(this.#path, { resourceLimits: HEAP });
    worker.on('message', (answer: Answer) => this.#answered?.(answer));
    worker.on('error', (error) => this.#lose(error.message));
    worker.on('exit', () => this.#lose('the thread of the analysis ended'));
    worker.unref();
    return worker;
  }

  #lose(reason: string): void {
    this.#worker = undefined;
    this.#answered?.({ failed: reason });
  }

  end(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
  }
}
