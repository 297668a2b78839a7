import { describe, expect, it } from 'vitest';
import { siphash } from '../../src/base/siphash.ts';

/** Vectors of the reference implementation: key 00 01 … 0f, input 00 01 … of that length. */
const KEY = [0x0706050403020100n, 0x0f0e0d0c0b0a0908n] as const;
const VECTORS: readonly (readonly [number, bigint])[] = [
  [0, 0x726fdb47dd0e0e31n],
  [1, 0x74f839c593dc67fdn],
  [8, 0x93f5f5799a932462n],
  [15, 0xa129ca6149be45e5n],
];

describe('siphash', () => {
  it.each(VECTORS)('of %i bytes', (length, expected) => {
    expect(
      siphash(
        Uint8Array.from({ length }, (_, i) => i),
        KEY,
      ),
    ).toBe(expected);
  });
});
