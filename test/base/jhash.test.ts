import { describe, expect, it } from 'vitest';
import { jhash, jhashBytes } from '../../src/base/jhash.ts';

describe('jhash of bytes', () => {
  it.each([
    [[0x0a5a0102], 0],
    [[0x0a5a0102, 0x50000000], 3],
    [[1, 2, 3], 0x17],
    [[1, 2, 3, 4, 5, 6, 7], 9],
  ])('of whole words %j is jhash2()', (words, seed) => {
    const bytes = new Uint8Array(words.length * 4);
    const view = new DataView(bytes.buffer);
    for (const [i, word] of words.entries()) view.setUint32(i * 4, word, true);
    expect(jhashBytes(bytes, seed)).toBe(jhash(words, seed));
  });
});
