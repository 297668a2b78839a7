import { describe, expect, it } from 'vitest';
import { figure, judge, ratio } from '../../scripts/bench/measure/goal.mjs';
import { goalLines } from '../../scripts/bench/measure/print.mjs';
import { runOnce, timesOf } from '../../scripts/bench/measure/process.mjs';
import { median } from '../../scripts/bench/measure/race.mjs';

describe('a figure against its target and the recorded one', () => {
  it.each([
    [{ value: 0.3, most: 0.3 }, undefined, 'met'],
    [{ value: 0.31, most: 0.3 }, undefined, 'missed'],
    [{ value: 0.31, most: 0.3 }, 0.31, 'missed'],
    [{ value: 0.22, most: 0.3 }, 0.2, 'met'],
    [{ value: 0.24, most: 0.3 }, 0.2, 'worse'],
    [{ value: 0.1, most: 0.3 }, 0.2, 'met'],
    [{ value: 1.7, least: 1.7 }, undefined, 'met'],
    [{ value: 1.69, least: 1.7 }, undefined, 'missed'],
    [{ value: 1.8, least: 1.7 }, 2, 'met'],
    [{ value: 1.71, least: 1.7 }, 2, 'worse'],
    [{ value: 5 }, undefined, 'no target'],
    [{ value: 5 }, 4, 'worse'],
    [{ value: undefined, most: 1 }, 0.5, 'not measured'],
    [{ value: Number.NaN, most: 1 }, undefined, 'not measured'],
  ])('%j, recorded %s: %s', (goal, recorded, verdict) => {
    expect(judge({ name: 'x', ...goal }, recorded)).toBe(verdict);
  });

  it('fails the run when one is missed or worse, and only when they bind', () => {
    const goals = [
      { name: 'a', value: 0.1, most: 0.3 },
      { name: 'b', value: 2, most: 1 },
    ];
    expect(goalLines(goals, { a: 0.1 }, true)).toEqual({
      lines: ['  a: 0.100  at most 0.300  recorded 0.100  met', '  b: 2.00  at most 1.00  MISSED'],
      failed: true,
    });
    expect(goalLines(goals.slice(0, 1), { a: 0.05 }, true).failed).toBe(true);
    expect(goalLines(goals.slice(0, 1), { a: 0.1 }, true).failed).toBe(false);
    expect(goalLines(goals, undefined, false).failed).toBe(false);
  });

  it('has no ratio to what was not measured', () => {
    expect(ratio(1, 4)).toBe(0.25);
    expect(ratio(1, undefined)).toBeUndefined();
    expect(ratio(undefined, 1)).toBeUndefined();
    expect(ratio(1, 0)).toBeUndefined();
  });

  it.each([
    [undefined, '-'],
    [0.012345, '0.0123'],
    [1.2345, '1.23'],
    [123.4, '123'],
  ])('figure %s is %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });
});

describe('measuring', () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
  ])('median of %j is %d', (values, middle) => {
    expect(median(values)).toBe(middle);
  });

  it("reads bash's times", () => {
    expect(timesOf('0m1.250s 0m0.500s')).toBe(1.75);
    expect(timesOf('2m0.001s 1m0.000s')).toBeCloseTo(180.001, 9);
  });

  it('runs a command, knows its CPU and memory, and says why it failed', async () => {
    const home = '/nonexistent';
    const busy =
      'let n = 0; const kept = Buffer.alloc(5e7, 1); for (let i = 0; i < 3e7; i++) n += i; kept.at(n)';
    const cost = await runOnce([process.execPath, '-e', busy], { home });
    expect(cost.cpu).toBeGreaterThan(0);
    expect(cost.memory).toBeGreaterThan(5e7);
    expect(cost.wall).toBeGreaterThan(0);
    await expect(runOnce(['sh', '-c', 'echo lost >&2; exit 3'], { home })).rejects.toThrow(
      /exit status 3\nlost/,
    );
    expect(await runOnce(['sh', '-c', 'exit 1'], { home, accept: [0, 1] })).toMatchObject({});
  });
});
