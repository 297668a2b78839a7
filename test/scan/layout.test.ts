/** The kernel's places in memory: one knows them in AssemblyScript, the other side in TypeScript, and nothing keeps them apart but this. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { COLUMNS, LONG_BLOCK } from '../../src/capture/columns.ts';
import { FILTER_BYTES, SUM_WORDS } from '../../src/scan/kernel.ts';
import { BATCH, MOST_POINTS, ROW_WORDS } from '../../src/scan/row.ts';

const read = (path: string) => readFileSync(new URL(`../../src/scan/${path}`, import.meta.url), 'utf8');

/** Numbers by their names: `NAME: usize = 0x40` and `name: 0x40`. */
function numbers(text: string): ReadonlyMap<string, number> {
  const found = text.matchAll(/^\s*(?:export const )?(\w+)(?:: (?:usize|u32) =|:) (0x[\da-f]+|\d+)[;,]$/gm);
  return new Map([...found].map(([, name = '', number]) => [name, Number(number)]));
}

const layout = numbers(read('assembly/layout.ts'));
const places = numbers(/const PLACE = \{[^}]*\}/.exec(read('kernel.ts'))?.[0] ?? '');

function at(name: string): number {
  const number = layout.get(name) ?? places.get(name);
  if (number === undefined) throw new Error(`there is no ${name}`);
  return number;
}

/** What is there while a capture is read, and how many bytes each takes; then while its sums are made, in the place of blocks. */
const READING: readonly (readonly [name: string, bytes: number])[] = [
  ['WALKED', 32],
  ['PASSED', 44],
  ['ANYWAY', COLUMNS / 8 + 4],
  ['STRETCHES', at('MOST_STRETCHES') * 32],
  ['OFFSETS', COLUMNS * 4],
  ['CAPTURED', COLUMNS * 4],
  ['LENGTHS', COLUMNS * 4],
  ['SECONDS', COLUMNS * 8],
  ['NANOSECONDS', COLUMNS * 4],
  ['NUMBERS', BATCH * 4],
  ['MISSING', BATCH * 4],
  ['SIFTED', BATCH * 16],
  ['CHANGED', BATCH * 16],
  ['LOOKED_INTO', 0x2000],
  ['WANTED', FILTER_BYTES],
  ['TIMES', COLUMNS * 8],
  ['ROWS', BATCH * ROW_WORDS * 4],
  ['stage', at('macs') - at('stage')],
  ['MACS', at('MOST_MACS') * 16],
  ['MAC_SLOTS', (at('MAC_MASK') + 1) * 2],
  ['head', at('block') - at('head')],
  ['block', LONG_BLOCK],
  ['KNOWN_MACS', 2 ** at('KNOWN_BITS') * 16],
  ['POINTS', MOST_POINTS * at('POINT_BYTES')],
  ['growing', 0],
];
const SUMMING: typeof READING = [
  ['SUMS', at('MOST_SUMS') * SUM_WORDS * 4],
  ['SUM_SLOTS', (at('SUM_MASK') + 1) * 2],
  ['ONE_BY_ONE', at('MOST_ONE_BY_ONE') * 4],
  ['KNOWN_MACS', 0],
];

it.each([
  ['reading', READING],
  ['summing', SUMMING],
])('each place ends before the next one begins, %s', (_, list) => {
  for (const [index, [name, bytes]] of list.entries()) {
    const [next] = list[index + 1] ?? [name];
    if (next !== name) expect(at(name) + bytes, `${name} and ${next}`).toBeLessThanOrEqual(at(next));
  }
});

it('both sides know the same places', () => {
  const both = [
    ...['anyway ANYWAY', 'wanted WANTED', 'scratch SIFTED', 'changed CHANGED', 'lookedInto LOOKED_INTO'],
    ...['rows ROWS', 'sums SUMS', 'oneByOne ONE_BY_ONE', 'macs MACS', 'points POINTS'],
  ].map((pair) => pair.split(' ') as [string, string]);
  for (const [here, there] of both) expect(at(here), here).toBe(at(there));
});

it('no place of the kernel is left out', () => {
  const listed = new Set([...READING, ...SUMMING].map(([name]) => name));
  const isPlace = (number: number) => number >= 0x800;
  const others = new Set([
    'COLUMNS',
    'POINT_BYTES',
    'USUAL_IPV4',
    ...[...layout.keys()].filter((name) => /MASK|MOST/.test(name)),
  ]);
  const left = [...layout].filter(
    ([name, number]) => isPlace(number) && !others.has(name) && !listed.has(name),
  );
  expect(left).toEqual([]);
});
