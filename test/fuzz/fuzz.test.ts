/** Every target's seeds and some inputs near them: what a long run does by coverage, short and always the same. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FORMATS } from '../../src/dump/formats.ts';
import { recogniseDump } from '../../src/dump/recognise.ts';
import { Fuzzer } from './engine/fuzzer.ts';
import { Random } from './engine/random.ts';
import { bytesOf } from './target.ts';
import { target as dump } from './targets/dump.ts';
import { TARGETS } from './targets.ts';

/** Inputs besides the seeds, for each target. */
const RUNS = 80;

describe.each(TARGETS)('$name', (target) => {
  it(target.about, async () => {
    const fuzzer = new Fuzzer({
      ...target,
      run: (input) => target.run(input),
      seeds: target.seeds().map(bytesOf),
      words: (target.words ?? []).map(bytesOf),
      random: new Random(10),
    });
    await fuzzer.begin();
    for (let left = RUNS; left > 0; left--) await fuzzer.step();
    const finds = [...fuzzer.finds.values()];
    expect(finds.map(({ error, input }) => `${JSON.stringify(textOf(input))}\n${error.stack}`)).toEqual([]);
  });
});

function textOf(input: Uint8Array): string {
  return Buffer.from(input).toString('latin1');
}

it('every file in targets/ is a target that is listed', () => {
  const files = readdirSync('test/fuzz/targets').map((file) => file.replace(/\.ts$/, ''));
  expect(TARGETS.map(({ name }) => name).toSorted()).toEqual(files.toSorted());
});

it('every form of output has a seed', () => {
  const read = new Set(dump.seeds().map((seed) => recogniseDump('x', String(seed))?.format));
  expect(
    FORMATS()
      .filter(({ id, unused }) => !unused && !read.has(id))
      .map(({ id }) => id),
  ).toEqual([]);
});
