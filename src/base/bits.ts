/** A set of whole numbers that are given in about rising order, one bit each. */
export class Bits {
  #words = new Uint32Array(256);

  add(number: number): void {
    const word = Math.floor(number / 32);
    if (word >= this.#words.length) {
      const larger = new Uint32Array(Math.max(word + 1, this.#words.length * 2));
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words[word] = ((this.#words[word] as number) | (1 << (number % 32))) >>> 0;
  }

  get words(): Uint32Array<ArrayBuffer> {
    return this.#words;
  }

  static of(words: Uint32Array<ArrayBuffer>): Bits {
    const bits = new Bits();
    bits.#words = words;
    return bits;
  }

  has(number: number): boolean {
    return (((this.#words[Math.floor(number / 32)] ?? 0) >>> (number % 32)) & 1) !== 0;
  }
}
