/** jiffies: what passed between two packets is whole ticks, wherever between ticks they came. */
import { expect, it } from 'vitest';
import { elapsed } from '../../src/netstack/clock.ts';

const HZ250 = { hz: 250, tick: 100.001 };

it.each([
  ['within a tick nothing passes', HZ250, 100.0011, 100.0049, 0],
  ['a moment may be a tick', HZ250, 100.0049, 100.0051, 0.004],
  ['nearly two ticks may be one', HZ250, 100.0011, 100.0089, 0.004],
  ['before the tick that is known', HZ250, 99.9969, 100.0011, 0.008],
  ['a clock that goes back stands still', HZ250, 100.0091, 100.0011, 0],
  ['where the ticks are not known time is exact', undefined, 100.0011, 100.0049, 0.0038],
  ['nor does exact time go back', undefined, 2, 1, 0],
])('%s', (_, clock, from, to, passed) => {
  expect(elapsed(clock, from, to)).toBeCloseTo(passed, 9);
});
