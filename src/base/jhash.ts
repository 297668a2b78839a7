/** Bob Jenkins' lookup3, jhash() and jhash2() of include/linux/jhash.h, and reciprocal_scale(). */
const INITIAL = 0xdeadbeef;

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** jhash2(); with one and three words also what jhash_1word() and jhash_3words() give. `length` is in bytes. */
export function jhash(words: readonly number[], initial: number, length = words.length * 4): number {
  let a = (INITIAL + length + initial) | 0;
  let b = a;
  let c = a;
  let at = 0;
  for (; words.length - at > 3; at += 3) {
    a = (a + (words[at] ?? 0)) | 0;
    b = (b + (words[at + 1] ?? 0)) | 0;
    c = (c + (words[at + 2] ?? 0)) | 0;
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
  }
  if (words.length === 0) return c >>> 0;
  a = (a + (words[at] ?? 0)) | 0;
  b = (b + (words[at + 1] ?? 0)) | 0;
  c = (c + (words[at + 2] ?? 0)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}

/** jhash(), on a little-endian host. */
export function jhashBytes(bytes: Uint8Array, initial: number): number {
  const words: number[] = [];
  for (const [at, byte] of bytes.entries()) words[at >> 2] = (words[at >> 2] ?? 0) | (byte << ((at & 3) * 8));
  return jhash(words, initial, bytes.length);
}

/** reciprocal_scale(): a 32-bit hash onto 0 … `range` − 1. */
export function scaleHash(hash: number, range: number): number {
  if (range <= 0x100000) return Math.floor((hash * range) / 2 ** 32);
  return Number((BigInt(hash) * BigInt(range)) >> 32n);
}

/** An address as a little-endian host reads the words it lies in memory as: one for IPv4, four for IPv6. */
export function memoryWords(ip: number | bigint): number[] {
  if (typeof ip === 'number') return [swap(ip)];
  return [96n, 64n, 32n, 0n].map((shift) => swap(Number((ip >> shift) & 0xffffffffn)));
}

/** The bytes of a word in the other order. */
export function swap(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
