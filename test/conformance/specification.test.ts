/** Every fact that is known of the kernel has something that shows it, or a reason why nothing does. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { BENCH_CASES } from '../netstack/bench/cases.ts';
import { FACTS } from './facts.ts';
import { MATCH_WORDS } from './generate/match-rules.ts';
import { type Shown, SPECIFICATION } from './specification.ts';

const rows = Object.values(FACTS).flat();
const subjects = new Set(rows.flatMap(({ about }) => about ?? []));
const names = new Set(rows.map(({ name }) => name));
const cases = new Set(BENCH_CASES.map(({ name }) => name));
const words = new Set<string>(MATCH_WORDS.map(({ name }) => name));

function isThere(shown: Shown): boolean {
  if ('row' in shown) return names.has(shown.row);
  if ('bench' in shown) return cases.has(shown.bench);
  if ('match' in shown) return words.has(shown.match);
  if ('test' in shown) return existsSync(shown.test) && readFileSync(shown.test, 'utf8').includes(shown.says);
  if ('incident' in shown) return existsSync(`captures/${shown.incident}/expect.json`);
  return true;
}

it('each fact is shown by what is there', () => {
  const missing = SPECIFICATION.flatMap(({ at, shown }) =>
    shown.filter((each) => !isThere(each)).map((each) => `${at} ${JSON.stringify(each)}`),
  );
  expect(missing).toEqual([]);
});

it('no fact is without anything', () => {
  const bare = SPECIFICATION.filter(({ at, shown }) => shown.length === 0 && !subjects.has(at));
  expect(bare.map(({ at, says }) => `${at} ${says}`)).toEqual([]);
});

it('a fact stands here once, and rows are about facts that do', () => {
  const places = SPECIFICATION.map(({ at }) => at);
  expect(new Set(places).size).toBe(places.length);
  expect([...subjects].filter((about) => !places.includes(about))).toEqual([]);
});
