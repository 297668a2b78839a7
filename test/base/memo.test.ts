import { expect, it } from 'vitest';
import { lazily, once } from '../../src/base/memo.ts';

it('once: each object is asked for once, whatever is said of it', () => {
  const asked: object[] = [];
  const known = once((key: object) => {
    asked.push(key);
    return undefined;
  });
  const [one, other] = [{}, {}];
  for (const key of [one, other, one]) expect(known(key)).toBeUndefined();
  expect(asked).toEqual([one, other]);
});

it('lazily: nothing is made before somebody asks, and then once, also where it is nothing', () => {
  let made = 0;
  const table = lazily(() => ++made);
  expect(made).toBe(0);
  expect([table(), table(), made]).toEqual([1, 1, 1]);
  let tried = 0;
  const nothing = lazily(() => {
    tried++;
    return undefined;
  });
  expect([nothing(), nothing(), tried]).toEqual([undefined, undefined, 1]);
});
