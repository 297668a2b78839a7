/** A run of one target for a time: what the worker of `npm run fuzz` does. */

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, type Target } from '../target.ts';
import { Fuzzer, type Points } from './fuzzer.ts';
import { Random } from './random.ts';

export interface SessionOptions {
  readonly points: Points;
  /** Of the sources. */
  readonly words: readonly string[];
  readonly seed: number;
  readonly milliseconds: number;
  /** Inputs that earlier sessions kept, and to which this one adds its own. */
  readonly corpus: string;
  /** Where an input that shows a defect is put. */
  readonly finds: string;
  readonly onRun: (input: Uint8Array) => void;
  readonly onProgress: (progress: Progress) => void;
}

export interface Progress {
  readonly milliseconds: number;
  readonly runs: number;
  readonly corpus: number;
  /** Points that the seeds passed, and that all inputs did. */
  readonly seeded: number;
  readonly passed: number;
  /** Bytes in use after the garbage was collected; undefined while it runs. */
  readonly heap?: { readonly begin: number; readonly end: number };
  /** Loops and calls for each byte of the input that took most. */
  readonly slowest: number;
  readonly finds: readonly { readonly path: string; readonly key: string; readonly stack: string }[];
}

/** Words that any target may be given are more than it can use where there are thousands. */
const LONGEST_WORD = 24;

export async function session(target: Target, options: SessionOptions): Promise<Progress> {
  const { points, onRun, corpus } = options;
  const begin = performance.now();
  const words = [...(target.words ?? []), ...options.words]
    .filter((word) => word.length <= LONGEST_WORD)
    .map(bytesOf);
  const kept = storedIn(corpus);
  const fuzzer = new Fuzzer({
    ...{ points, onRun, words, isText: target.isText, longest: target.longest, steps: target.steps },
    run: (input) => target.run(input),
    random: new Random(options.seed),
    seeds: target.seeds().map(bytesOf),
  });
  await fuzzer.begin();
  const seeded = fuzzer.passed;
  await fuzzer.add(kept);
  const heapBefore = heapInUse();
  const stored = fuzzer.corpus.length;
  const progress = (): Progress => ({
    milliseconds: performance.now() - begin,
    ...{ seeded, runs: fuzzer.runs, corpus: fuzzer.corpus.length, passed: fuzzer.passed },
    slowest: Math.round(fuzzer.slowest.steps),
    finds: [...fuzzer.finds.values()].map(({ key, error, input }) => ({
      ...{ key, stack: error.stack ?? String(error) },
      path: storeIn(options.finds, input, `${target.name}-`),
    })),
  });
  let told = begin;
  while (performance.now() - begin < options.milliseconds) {
    for (let left = 50; left > 0; left--) await fuzzer.step();
    if (performance.now() - told < 5000) continue;
    told = performance.now();
    options.onProgress(progress());
    // Messages go out, and what was left running comes in.
    await new Promise(setImmediate);
  }
  const room = fuzzer.corpus.slice(stored).reduce((sum, { length }) => sum + length, 0);
  for (const input of fuzzer.corpus.slice(stored)) storeIn(corpus, input);
  return { ...progress(), heap: { begin: heapBefore, end: heapInUse() - room } };
}

function heapInUse(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function storedIn(folder: string): Uint8Array[] {
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder)
    .toSorted()
    .map((file) => new Uint8Array(readFileSync(join(folder, file))));
}

export function storeIn(folder: string, input: Uint8Array, prefix = ''): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, prefix + createHash('sha256').update(input).digest('hex').slice(0, 16));
  writeFileSync(path, input);
  return path;
}
