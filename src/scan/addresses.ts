import { randomSeed } from '../base/random-seed.ts';

/** A table as plain data. */
interface Parts<Words, Index> {
  readonly words: Words;
  readonly index: Index;
  readonly count: number;
  /** Of the index's hashes. */
  readonly seed: number;
}
export type AddressTableParts = Parts<Uint32Array<ArrayBuffer>, Int32Array<ArrayBuffer>>;

/** IPv6 addresses by number, in order of first sight: keys of flows are words, and 128 bits are none. */
export class AddressTable {
  #words = new Uint32Array(4 * 256);
  #index = new Int32Array(1024).fill(-1);
  #count = 0;
  #seed = randomSeed();

  get size(): number {
    return this.#count;
  }

  parts(): AddressTableParts {
    return { words: this.#words, index: this.#index, count: this.#count, seed: this.#seed };
  }

  static of({ words, index, count, seed }: AddressTableParts): AddressTable {
    const table = new AddressTable();
    table.#words = words;
    table.#index = index;
    table.#count = count;
    table.#seed = seed;
    return table;
  }

  /** The number of the address whose 16 bytes begin at `offset`. */
  number(view: DataView, offset: number): number {
    const a = view.getUint32(offset);
    const b = view.getUint32(offset + 4);
    const c = view.getUint32(offset + 8);
    const d = view.getUint32(offset + 12);
    const mask = this.#index.length - 1;
    const words = this.#words;
    for (let slot = mix(a ^ this.#seed, b, c, d) & mask; ; slot = (slot + 1) & mask) {
      const known = this.#index[slot] as number;
      if (known < 0) return this.#add(a, b, c, d, slot);
      const at = known * 4;
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return known;
    }
  }

  address(number: number): bigint {
    const at = number * 4;
    const [a = 0, b = 0, c = 0, d = 0] = this.#words.subarray(at, at + 4);
    return (BigInt(a) << 96n) | (BigInt(b) << 64n) | (BigInt(c) << 32n) | BigInt(d);
  }

  #add(a: number, b: number, c: number, d: number, slot: number): number {
    const number = this.#count++;
    if (number * 4 === this.#words.length) {
      const larger = new Uint32Array(this.#words.length * 2);
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words.set([a, b, c, d], number * 4);
    this.#index[slot] = number;
    if (this.#count * 2 > this.#index.length) this.#grow();
    return number;
  }

  #grow(): void {
    const index = new Int32Array(this.#index.length * 4).fill(-1);
    const mask = index.length - 1;
    for (let number = 0; number < this.#count; number++) {
      const [a = 0, b = 0, c = 0, d = 0] = this.#words.subarray(number * 4, number * 4 + 4);
      let slot = mix(a ^ this.#seed, b, c, d) & mask;
      while ((index[slot] as number) >= 0) slot = (slot + 1) & mask;
      index[slot] = number;
    }
    this.#index = index;
  }
}

function mix(a: number, b: number, c: number, d: number): number {
  let hash = Math.imul(a ^ (b >>> 7) ^ (b << 25), 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ c, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ d, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
