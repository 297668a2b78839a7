/** A seeded generator of 32-bit numbers (Mulberry32): the same seed gives the same traffic on every machine. */
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** 0 … 2^32-1. */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** 0 … limit-1. */
  below(limit) {
    return Math.floor((this.next() / 0x100000000) * limit);
  }

  between(least, most) {
    return least + this.below(most - least + 1);
  }
}
