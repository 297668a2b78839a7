/** The fuzzer itself: what it counts, what it finds because it counts, and what it makes of a find. */
import { describe, expect, it } from 'vitest';
import { instrumented } from '../../scripts/fuzz/instrument.mjs';
import { Fuzzer, STEPS } from './engine/fuzzer.ts';
import { minimised } from './engine/minimise.ts';
import { mutated } from './engine/mutate.ts';
import { Random } from './engine/random.ts';
import { bytesOf } from './target.ts';

/** A reader that fails only behind four questions, one inside the other. */
const HIDDEN = `export function read(bytes) {
  if (bytes[0] === 0x4e) {
    if (bytes[1] === 0xa1) if (bytes[2] === 0x17) {
      const end = bytes[3] > 200 ? 'far' : 'near';
      if (end === 'far' && bytes[4] === 9) throw new Error('found at 17');
    }
  }
  return bytes.length;
}`;

interface Module {
  read(bytes: Uint8Array): unknown;
}

/** The module with counters, and what it counts in. */
async function counted(code: string) {
  const module = instrumented(code, 0);
  const points = {
    hits: new Uint8Array((module.points + 4) & ~3),
    left: Float64Array.of(Number.POSITIVE_INFINITY),
    over() {
      throw new Error('hang: too many steps');
    },
  };
  Object.assign(globalThis, { fuzzPoints: points });
  const loaded: Module = await import(`data:text/javascript,${encodeURIComponent(module.code)}`);
  return { ...loaded, points, words: module.words };
}

function fuzzerOf(read: Module['read'], points?: ConstructorParameters<typeof Fuzzer>[0]['points']) {
  return new Fuzzer({
    run: (input) => void read(input),
    ...{ points, seeds: [new Uint8Array(8)], words: [], isText: false, longest: 16 },
    random: new Random(3),
  });
}

async function runs(fuzzer: Fuzzer, most: number): Promise<number> {
  await fuzzer.begin();
  for (let left = most; left > 0 && fuzzer.finds.size === 0; left--) await fuzzer.step();
  return fuzzer.runs;
}

describe('the loop', () => {
  it('finds by coverage what it does not find without, and makes it small', async () => {
    const { read, points } = await counted(HIDDEN);
    const guided = fuzzerOf(read, points);
    await runs(guided, 300_000);
    const [find] = guided.finds.values();
    expect(find?.error.message).toBe('found at 17');
    expect([...(find?.input ?? [])]).toEqual([0x4e, 0xa1, 0x17, expect.any(Number), 9]);
    const blind = fuzzerOf(read);
    expect(await runs(blind, 100_000)).toBe(100_001);
    expect(blind.finds.size).toBe(0);
  });

  it('tells a run without an end', async () => {
    const { read, points } = await counted('export function read(bytes) { while (bytes[0] === 0); }');
    const fuzzer = fuzzerOf(read, points);
    await fuzzer.begin();
    expect([...fuzzer.finds.values()].map(({ error }) => error.message)).toEqual(['hang: too many steps']);
    expect(fuzzer.slowest.steps).toBeGreaterThan(STEPS.any / 64);
  });
});

describe('counters', () => {
  const CODE = `
    const pick = (given, other = given ?? 'none') => given ? (given, other) : { other };
    class Shape { #sides = 0; constructor(sides) { this.#sides = sides || 1; } get sides() { return this.#sides; } }
    async function* each(list) { for (const one of list) if (one > 1) yield await one; else continue; }
    export async function read(bytes) {
      const seen = [];
      outer: for (let i = 0; i < bytes.length; i++) {
        switch (bytes[i]) {
          case 1: seen.push('one');
          case 2: { seen.push('two'); break; }
          case 3: continue outer;
          default: do seen.push(i); while (false);
        }
      }
      for await (const one of each(bytes)) seen.push(one);
      for (const key in { a: 1 }) seen.push(key);
      try { null.x; } catch { seen.push('caught'); }
      return [seen, pick(0), pick('given'), new Shape(0).sides, (() => ({ a: () => 1 }))().a(), bytes.map((b) => b + 1)];
    }`;

  it('change nothing else', async () => {
    const plain: Module = await import(`data:text/javascript,${encodeURIComponent(CODE)}`);
    const { read, points } = await counted(CODE);
    for (const bytes of [[], [1, 2, 3, 4], [3, 3], [9, 1, 2]].map((list) => Uint8Array.from(list)))
      expect(await read(bytes)).toEqual(await plain.read(bytes));
    expect(points.hits.filter((hits) => hits > 0).length).toBeGreaterThan(20);
  });

  it('come with the words of the sources', async () => {
    const { words } = await counted(
      "export const read = (b) => b === 'FORWARD' || /^(?:ip6?tables)-save/.test(b);",
    );
    expect([...words]).toEqual(expect.arrayContaining(['FORWARD', 'tables', 'save']));
  });
});

describe('inputs', () => {
  const others = ['-A FORWARD -j DROP\nCOMMIT\n', 'table ip t { }'].map(bytesOf);
  const material = { others, words: [bytesOf('policy')], isText: true, longest: 40 };

  it('are the same for the same seed, others for another, and leave what they are made of', () => {
    const [from = new Uint8Array()] = others;
    const before = Buffer.from(from).toString();
    const made = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 300 }, () => mutated(from, random, material));
    };
    expect(made(1)).toEqual(made(1));
    expect(made(2)).not.toEqual(made(1));
    for (const input of made(1)) expect(input.length).toBeLessThanOrEqual(40);
    expect(Buffer.from(from).toString()).toBe(before);
  });

  it('become as small as the find allows', async () => {
    const isSame = async (input: Uint8Array) => /b.*d/.test(Buffer.from(input).toString());
    expect(Buffer.from(await minimised(bytesOf('aaaabcccccccdeeee'), isSame)).toString()).toBe('bd');
  });
});
