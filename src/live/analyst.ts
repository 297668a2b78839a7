/** Analyses a bundle that is in memory: where there is a program for it in a thread of its own, else in this one. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { analyze } from '../diagnose/analyze.ts';
import { resolveFiles } from '../input/resolve.ts';
import type { Analysis } from '../report/analysis.ts';
import { assemble } from '../report/assemble.ts';

export interface BundleFile {
  /** Path in the bundle. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Analyst {
  /** One bundle at a time. Rejects where the analysis could not be made. */
  analyse(bundle: readonly BundleFile[]): Promise<Analysis>;
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

export async function analyseBundle(bundle: readonly BundleFile[]): Promise<Analysis> {
  return assemble(await analyze(await resolveFiles(NAME, bundle), { threads: 1 }));
}

export type Answer = { readonly analysis: Analysis } | { readonly failed: string };

class Thread implements Analyst {
  readonly #path: string;
  #worker: Worker | undefined;
  #answered: ((answer: Answer) => void) | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async analyse(bundle: readonly BundleFile[]): Promise<Analysis> {
    // One that died of a bundle begins anew with the next.
    this.#worker ??= this.#begin();
    const worker = this.#worker;
    const answer = await new Promise<Answer>((resolve) => {
      this.#answered = resolve;
      worker.postMessage(bundle);
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
