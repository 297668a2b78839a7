/** What a damaged file costs: the damaged part and nothing else. A long run is `npm run soak:damage`. */
import { describe, expect, it } from 'vitest';
import { corpus } from './corpus.ts';
import type { Outcome } from './run.ts';
import { session } from './session.ts';

const RUNS = 300;

describe('a file that is damaged in one place', () => {
  it('is read as the whole one is, apart from the damaged part', { timeout: 120_000 }, async () => {
    const losses: string[] = [];
    let number = 0;
    const next = () => (number < RUNS ? number++ : undefined);
    const figures = await session({ seed: 10 }, next, (run, outcome) => losses.push(described(run, outcome)));
    expect(losses).toEqual([]);
    expect(figures.runs).toBe(RUNS);
    expect(figures.held).toBeGreaterThan(RUNS);
  });

  it('comes from every corpus of the project', () => {
    const own = corpus().groups.filter(([sample]) => !sample?.path.startsWith('..'));
    expect(own).toHaveLength(4);
  });
});

function described(run: number, { path, how, lost, thrown }: Outcome): string {
  return `run ${run}, ${path}, ${how}: ${thrown ?? lost.slice(0, 5).join('\n')}`;
}
