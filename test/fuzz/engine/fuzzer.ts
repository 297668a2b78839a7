/** The loop: an input that gets to a point of the sources that no other got to is kept, and others are made of it. */

import { minimised } from './minimise.ts';
import { type Material, mutated } from './mutate.ts';
import type { Random } from './random.ts';

/** What the instrumented sources count in; without them nothing is counted, and inputs are made of the seeds alone. */
export interface Points {
  /** Times that each point was passed, modulo 256. */
  readonly hits: Uint8Array;
  /** How many more loops and calls an input may take; the sources throw when it is used up. */
  readonly left: Float64Array;
}

export interface Find {
  /** The same for the same defect, as far as that can be told. */
  readonly key: string;
  readonly error: Error;
  readonly input: Uint8Array;
}

export interface FuzzerOptions extends Omit<Material, 'others'> {
  run(input: Uint8Array): void | Promise<void>;
  readonly seeds: readonly Uint8Array[];
  readonly random: Random;
  readonly points?: Points | undefined;
  /** Loops and calls that an input may take beside those of any. */
  readonly steps?: number | undefined;
  /** Called before every run. */
  readonly onRun?: ((input: Uint8Array) => void) | undefined;
}

/** Loops and calls that an input may take: as many for any, and as many more for each byte. A longer run is a hang. */
export const STEPS = { any: 2_000_000, byte: 20_000 };

export class Fuzzer {
  readonly corpus: Uint8Array[] = [];
  readonly finds = new Map<string, Find>();
  runs = 0;
  /** Points that were passed. */
  passed = 0;
  /** The longest run of an input, in loops and calls for each of its bytes, and which it was. */
  slowest: { steps: number; input: Uint8Array } = { steps: 0, input: new Uint8Array() };
  readonly #options: FuzzerOptions;
  /** By point, the classes of counts that were seen. */
  readonly #seen: Uint8Array;
  readonly #words: Int32Array;

  constructor(options: FuzzerOptions) {
    this.#options = options;
    const hits = options.points?.hits ?? new Uint8Array();
    this.#seen = new Uint8Array(hits.length);
    this.#words = new Int32Array(hits.buffer, 0, hits.length >> 2);
  }

  /** All seeds, as they are. */
  async begin(): Promise<void> {
    for (const seed of this.#options.seeds) await this.#try(seed.slice(0, this.#options.longest), true);
  }

  /** Inputs of other runs: those are kept that get further than what is here. */
  async add(inputs: readonly Uint8Array[]): Promise<void> {
    for (const input of inputs) await this.#try(input, false);
  }

  /** One more input. */
  async step(): Promise<void> {
    const { random } = this.#options;
    const one = random.of(this.corpus);
    const two = random.of(this.corpus);
    // Short inputs run faster, and more of their bytes matter.
    const from = one.length <= two.length || random.isOneIn(3) ? one : two;
    await this.#try(mutated(from, random, { ...this.#options, others: this.corpus }), false);
  }

  async #try(input: Uint8Array, isSeed: boolean): Promise<void> {
    const find = await this.execute(input);
    if (!find) {
      if (this.#isNew() || isSeed) this.corpus.push(input);
      return;
    }
    if (this.finds.has(find.key)) return;
    this.finds.set(find.key, find);
    const again = async (smaller: Uint8Array) => (await this.execute(smaller))?.key === find.key;
    this.finds.set(find.key, { ...find, input: await minimised(input, again) });
  }

  /** What is wrong with what the target made of an input. */
  async execute(input: Uint8Array): Promise<Find | undefined> {
    const { points, run, onRun, steps = 0 } = this.#options;
    onRun?.(input);
    this.runs++;
    const most = STEPS.any + steps + STEPS.byte * input.length;
    if (points) {
      points.hits.fill(0);
      points.left[0] = most;
    }
    try {
      const running = run(input);
      if (running) await running;
    } catch (error) {
      const thrown = error instanceof Error ? error : new Error(`thrown: ${String(error)}`);
      return { key: keyOf(thrown), error: thrown, input };
    } finally {
      if (points) {
        const steps = (most - (points.left[0] as number)) / Math.max(64, input.length);
        if (steps > this.slowest.steps) this.slowest = { steps, input };
      }
    }
    return undefined;
  }

  /** Did the last run get to a point, or pass one as often as no other did? */
  #isNew(): boolean {
    const hits = this.#options.points?.hits;
    if (!hits) return false;
    const seen = this.#seen;
    let isNew = false;
    for (let at = 0; at < this.#words.length; at++) {
      if (this.#words[at] === 0) continue;
      for (let point = at << 2; point < (at << 2) + 4; point++) {
        const count = hits[point] as number;
        if (count === 0) continue;
        // 1, 2, 3–4, 5–8, …: a loop that runs once more is new only where that is much.
        const classOf = 1 << Math.min(7, 32 - Math.clz32(count - 1));
        const before = seen[point] as number;
        if ((before & classOf) !== 0) continue;
        if (before === 0) this.passed++;
        seen[point] = before | classOf;
        isNew = true;
      }
    }
    return isNew;
  }
}

/** Its words without what an input may have put in them, and the functions that it came from. */
function keyOf(error: Error): string {
  const text = `${error.name}: ${error.message}`.split('\n')[0] ?? '';
  const words = text.slice(0, 100).replace(/["'`].*["'`]|\d+|[^ -~]/g, '…');
  const frames = [...(error.stack ?? '').matchAll(/^\s+at (?:async )?([\w.#<>]+)/gm)].slice(0, 3);
  return [words, ...frames.map(([, name]) => name)].join(' < ');
}
