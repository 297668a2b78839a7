import { describe, expect, it } from 'vitest';
import { Places } from '../../src/netstack/netfilter/places.ts';
import { Random } from '../conformance/random.ts';

describe('places by hash', () => {
  it.each([1, 2, 3])('as a map of lists, whatever the hashes have in common, seed %i', (seed) => {
    const random = new Random(seed);
    const members = 1 + random.below(400);
    const places = new Places(members);
    const lists = new Map<number, number[]>();
    const hash = () => (random.chance(0.5) ? random.below(40) : random.below(40) << 26) | 0;
    for (let place = 0; place < members; place++) {
      const key = hash();
      for (let times = 1 + random.below(2); times > 0; times--) places.add(key, place);
      lists.set(key, [...(lists.get(key) ?? []), place]);
    }
    for (let i = 0; i < 500; i++) {
      const key = hash();
      const found = places.get(key);
      expect(typeof found === 'number' ? [found] : found).toEqual(lists.get(key));
    }
  });
});
