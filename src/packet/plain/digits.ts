/**
 * Numbers as ASCII digits, written into bytes. Each function writes at `at` and gives the offset behind what it wrote; it may
 * scribble over up to four bytes more: a store of four bytes costs what a store of one does, so digits go four at a time out of a table.
 */

/** The four digits of 0 to 9999 with zeros in front, as the little-endian word that stores them. */
const DIGITS = Uint32Array.from({ length: 10_000 }, (_, value) => {
  const thousands = Math.floor(value / 1000);
  const hundreds = Math.floor(value / 100) % 10;
  const tens = Math.floor(value / 10) % 10;
  return 0x30303030 + thousands + hundreds * 0x100 + tens * 0x10000 + (value % 10) * 0x1000000;
});

/** Most bytes that `writeDecimal` takes: a safe integer. */
export const MOST_DIGITS = 16;

/** A whole number from 0 to 2^53 - 1. */
export function writeDecimal(out: DataView, at: number, value: number): number {
  if (value < 10_000) return short(out, at, value);
  const low = value % 10_000;
  const high = (value - low) / 10_000;
  const next = high < 10_000 ? short(out, at, high) : writeDecimal(out, at, high);
  out.setUint32(next, DIGITS[low] as number, true);
  return next + 4;
}

/** Below 10,000. The zeros in front are the word's low bytes: shifting it leaves them out. */
function short(out: DataView, at: number, value: number): number {
  const length = value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4;
  out.setUint32(at, (DIGITS[value] as number) >>> (32 - 8 * length), true);
  return at + length;
}

/** At the right end of eight columns, spaces before it; wider when it needs more. */
export function writeRight8(out: DataView, at: number, value: number): number {
  if (value >= 100_000_000) return writeDecimal(out, at, value);
  const high = Math.floor(value / 10_000);
  const low = value % 10_000;
  out.setUint32(at, high === 0 ? 0x20202020 : spaced(high), true);
  out.setUint32(at + 4, high === 0 ? spaced(low) : (DIGITS[low] as number), true);
  return at + 8;
}

/** Below 10,000 in four columns. */
function spaced(value: number): number {
  const word = DIGITS[value] as number;
  // A space is a zero's character without bit 4.
  if (value >= 1000) return word;
  return value >= 100 ? word ^ 0x10 : value >= 10 ? word ^ 0x1010 : word ^ 0x101010;
}

/** Nanoseconds of a second: six places when they are whole microseconds, else nine. */
export function writeFraction(out: DataView, at: number, nanoseconds: number): number {
  const micro = Math.floor(nanoseconds / 1000);
  const rest = nanoseconds % 1000;
  const high = Math.floor(micro / 100);
  out.setUint32(at, DIGITS[high] as number, true);
  out.setUint32(at + 4, (DIGITS[micro - high * 100] as number) >>> 16, true);
  if (rest === 0) return at + 6;
  out.setUint32(at + 6, (DIGITS[rest] as number) >>> 8, true);
  return at + 9;
}

/** The same, always nine places. */
export function writeNanoseconds(out: DataView, at: number, nanoseconds: number): number {
  const next = writeFraction(out, at, nanoseconds);
  if (next === at + 6) out.setUint32(next, 0x303030, true);
  return at + 9;
}

/** Two digits of 0 to 99. */
export function writeTwo(out: DataView, at: number, value: number): number {
  out.setUint32(at, (DIGITS[value] as number) >>> 16, true);
  return at + 2;
}
