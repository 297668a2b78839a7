import type { Issue } from '../base/issue.ts';

/** if_tsresol and if_tsoffset: draft-ietf-opsawg-pcapng section 4.2. */
export interface Clock {
  /** Units a second, up to 2^127; exact as a double up to 10^22 and for all powers of two. */
  readonly unit: number;
  readonly bigUnit: bigint;
  /** Nanoseconds a unit when that is whole, else 0. */
  readonly nanoseconds: number;
  /** Seconds to add. */
  readonly offset: number;
}

export const MICROSECONDS: Clock = clockOf(6, 0);

/** Seconds beyond this have no exact sum with a stamp's: 140 million years. */
const MOST_OFFSET = 2 ** 52;

/** Of an offset that can't be one, which is to be left out. */
export function offsetIssue(offset: number): Issue | undefined {
  if (Math.abs(offset) <= MOST_OFFSET) return undefined;
  const text = `an interface's times are to be moved by ${offset} seconds, which no clock is off by: they are left as they are`;
  return { severity: 'warning', code: 'pcapng-time-offset', text };
}

/** `resolution`: the option's byte, a negative power of 10, or of 2 with the high bit. */
export function clockOf(resolution: number, offset: number): Clock {
  const power = resolution & 0x7f;
  const bigUnit = resolution & 0x80 ? 2n ** BigInt(power) : 10n ** BigInt(power);
  const unit = Number(bigUnit);
  const whole = bigUnit <= 1_000_000_000n && 1_000_000_000n % bigUnit === 0n;
  return { unit, bigUnit, nanoseconds: whole ? 1e9 / unit : 0, offset };
}

/** Sets the time of a stamp of 64 bits, cut to whole nanoseconds; no allocation for the resolutions that occur. */
export function setTime(
  frame: { seconds: number; nanoseconds: number },
  clock: Clock,
  high: number,
  low: number,
): void {
  const { unit } = clock;
  if (clock.nanoseconds > 0) {
    // Long division by 16 bits at a time: every step stays below 2^53.
    const first = high % unit;
    let seconds = (high - first) / unit;
    const second = first * 0x10000 + (low >>> 16);
    let rest = second % unit;
    seconds = seconds * 0x10000 + (second - rest) / unit;
    const third = rest * 0x10000 + (low & 0xffff);
    rest = third % unit;
    frame.seconds = seconds * 0x10000 + (third - rest) / unit + clock.offset;
    frame.nanoseconds = rest * clock.nanoseconds;
    return;
  }
  const stamp = (BigInt(high) << 32n) | BigInt(low);
  frame.seconds = Number(stamp / clock.bigUnit) + clock.offset;
  frame.nanoseconds = Number(((stamp % clock.bigUnit) * 1_000_000_000n) / clock.bigUnit);
}
