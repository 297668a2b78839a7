/** Bob Jenkins' lookup3 over 32-bit words, as jhash2() of include/linux/jhash.h. */
const INITIAL = 0xdeadbeef;

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Four words, which is what NAT hashes an address as. */
export function hashFourWords(words: readonly [number, number, number, number], initial: number): number {
  let a = (INITIAL + 16 + initial) | 0;
  let b = a;
  let c = a;
  a = (a + words[0]) | 0;
  b = (b + words[1]) | 0;
  c = (c + words[2]) | 0;
  // mix
  a = ((a - c) ^ rotate(c, 4)) | 0;
  c = (c + b) | 0;
  b = ((b - a) ^ rotate(a, 6)) | 0;
  a = (a + c) | 0;
  c = ((c - b) ^ rotate(b, 8)) | 0;
  b = (b + a) | 0;
  a = ((a - c) ^ rotate(c, 16)) | 0;
  c = (c + b) | 0;
  b = ((b - a) ^ rotate(a, 19)) | 0;
  a = (a + c) | 0;
  c = ((c - b) ^ rotate(b, 4)) | 0;
  b = (b + a) | 0;
  a = (a + words[3]) | 0;
  // final
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}
