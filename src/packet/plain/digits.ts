/**
 * Numbers as ASCII digits, written into bytes. Each function writes at `at` and gives the offset behind what it wrote; it may
 * scribble over up to four bytes more: a store of four bytes costs what a store of one does, so digits go four at a time out of a table.
 * `(value / 10_000) >>> 0` of a number below 2^32 is whole numbers only to the compiler, where Math.floor divides doubles.
 */

/** The four digits of 0 to 9999 with zeros in front, as the little-endian word that stores them. */
const DIGITS = Int32Array.from({ length: 10_000 }, (_, value) => {
  const thousands = Math.floor(value / 1000);
  const hundreds = Math.floor(value / 100) % 10;
  const tens = Math.floor(value / 10) % 10;
  return 0x30303030 + thousands + hundreds * 0x100 + tens * 0x10000 + (value % 10) * 0x1000000;
});

/** Most bytes that `writeDecimal` takes: a safe integer. */
export const MOST_DIGITS = 16;

/** A whole number from 0 to 2^53 - 1. */
export function writeDecimal(out: DataView, at: number, value: number): number {
  if (value < 100_000) return writeShort(out, at, value);
  const low = value % 10_000;
  const next = writeDecimal(out, at, (value - low) / 10_000);
  out.setInt32(next, DIGITS[low] as number, true);
  return next + 4;
}

/** Below 100,000: what a field of sixteen bits holds. */
export function writeShort(out: DataView, at: number, value: number): number {
  if (value < 10_000) return writeFour(out, at, value);
  const high = (value / 10_000) >>> 0;
  out.setUint8(at, 0x30 + high);
  out.setInt32(at + 1, DIGITS[value - high * 10_000] as number, true);
  return at + 5;
}

/** The four bytes of `view` at `from`. They are read here, since a number of more than 31 bits is an object between functions. */
export function writeLong(out: DataView, at: number, view: DataView, from: number): number {
  const value = view.getUint32(from);
  if (value < 10_000) return writeFour(out, at, value);
  const high = (value / 10_000) >>> 0;
  const low = value - high * 10_000;
  let next: number;
  if (high < 10_000) next = writeFour(out, at, high);
  else {
    const top = (high / 10_000) >>> 0;
    next = writeFour(out, at, top);
    out.setInt32(next, DIGITS[high - top * 10_000] as number, true);
    next += 4;
  }
  out.setInt32(next, DIGITS[low] as number, true);
  return next + 4;
}

/** Below 10,000. The zeros in front are the word's low bytes: shifting it leaves them out. */
function writeFour(out: DataView, at: number, value: number): number {
  const length = value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4;
  out.setInt32(at, (DIGITS[value] as number) >>> (32 - 8 * length), true);
  return at + length;
}

/** Nanoseconds of a second: six places when they are whole microseconds, else nine. */
export function writeFraction(out: DataView, at: number, nanoseconds: number): number {
  const micro = (nanoseconds / 1000) >>> 0;
  const rest = nanoseconds - micro * 1000;
  const high = (micro / 100) >>> 0;
  out.setInt32(at, DIGITS[high] as number, true);
  out.setInt32(at + 4, (DIGITS[micro - high * 100] as number) >>> 16, true);
  if (rest === 0) return at + 6;
  out.setInt32(at + 6, (DIGITS[rest] as number) >>> 8, true);
  return at + 9;
}

/** The same, always nine places. */
export function writeNanoseconds(out: DataView, at: number, nanoseconds: number): number {
  if (writeFraction(out, at, nanoseconds) === at + 6) out.setInt32(at + 6, 0x303030, true);
  return at + 9;
}
