import { MOST_DIGITS, writeDecimal } from './digits.ts';

const WIDTH = 8;
const NINE = 0x39;
const ZERO = 0x30;
const SPACE = 0x20;

/** Numbers that mostly count up by one, in eight columns or what they need: the digits of the last one are counted up in place. */
export class Counter {
  private readonly digits = new DataView(new ArrayBuffer(MOST_DIGITS + 4));
  private value = Number.NaN;
  private length = 0;

  /** Gives the offset behind it; may scribble over what MOST_DIGITS leave. */
  write(out: DataView, at: number, value: number): number {
    const { digits } = this;
    if (value !== this.value + 1 || !this.increment(this.length - 1)) this.set(value);
    this.value = value;
    out.setInt32(at, digits.getInt32(0));
    out.setInt32(at + 4, digits.getInt32(4));
    if (this.length > WIDTH) {
      out.setInt32(at + 8, digits.getInt32(8));
      out.setInt32(at + 12, digits.getInt32(12));
    }
    return at + this.length;
  }

  /** False when there is no room for one digit more. */
  private increment(last: number): boolean {
    const { digits } = this;
    let at = last;
    while (at >= 0 && digits.getUint8(at) === NINE) digits.setUint8(at--, ZERO);
    if (at < 0) return false;
    const digit = digits.getUint8(at);
    digits.setUint8(at, digit === SPACE ? ZERO + 1 : digit + 1);
    return true;
  }

  private set(value: number): void {
    const { digits } = this;
    const length = writeDecimal(digits, 0, value);
    this.length = Math.max(WIDTH, length);
    for (let back = 1; back <= this.length; back++) {
      const digit = back <= length ? digits.getUint8(length - back) : SPACE;
      digits.setUint8(this.length - back, digit);
    }
  }
}
