import { randomSeed } from '../base/random-seed.ts';
import { RECORD, RECORD_WORDS } from './records.ts';

/** Rows of words, each of which begins with a key as a record does. */
export interface Keyed {
  readonly words: Uint32Array;
  readonly count: number;
}

/**
 * Open addressing over the records' keys: a slot is 8 bits of the hash over 24 bits of the record's number plus one, so that a probe
 * that misses touches no record.
 */
export class RecordIndex {
  slots: Uint32Array;
  readonly #records: Keyed;
  readonly #stride: number;
  #room: number;
  /** Of its hashes. */
  readonly seed: number;

  /** `slots`: those of an index over the same records, made with that seed, or empty ones; `stride`: words of a row. */
  constructor(
    records: Keyed,
    slots: Uint32Array = new Uint32Array(1 << 12),
    stride = RECORD_WORDS,
    seed = randomSeed(),
  ) {
    this.seed = seed;
    this.#records = records;
    this.#stride = stride;
    this.slots = slots;
    this.#room = MOST_LOAD * slots.length;
  }

  /** From now on these are its slots: all its records are in them. */
  place(slots: Uint32Array): void {
    this.slots = slots;
    this.#room = MOST_LOAD * slots.length;
  }

  hash(low: number, high: number, ports: number, kind: number): number {
    return hashOf(low, high, ports, kind, this.seed);
  }

  /** Number of the record with that key, -1 when there is none. */
  find(hash: number, low: number, high: number, ports: number, kind: number): number {
    const { slots } = this;
    const mask = slots.length - 1;
    const tag = hash >>> 24;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = slots[at] as number;
      if (slot === 0) return -1;
      if (slot >>> 24 !== tag) continue;
      const number = (slot & 0xffffff) - 1;
      const { words } = this.#records;
      const base = number * this.#stride;
      if (
        words[base + RECORD.low] === low &&
        words[base + RECORD.high] === high &&
        words[base + RECORD.ports] === ports &&
        words[base + RECORD.kind] === kind
      )
        return number;
    }
  }

  /** A record that isn't in it yet. */
  insert(hash: number, number: number): void {
    if (this.#records.count > this.#room) this.#grow();
    this.#place(hash, number);
  }

  /** Of records that have other numbers now; they are to be inserted again. */
  clear(): void {
    this.slots.fill(0);
  }

  #place(hash: number, number: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let at = hash & mask;
    while (slots[at] !== 0) at = (at + 1) & mask;
    slots[at] = ((hash & 0xff000000) | (number + 1)) >>> 0;
  }

  #grow(): void {
    const size = this.slots.length * 2;
    this.slots = new Uint32Array(size);
    this.#room = size * MOST_LOAD;
    // The newest isn't in yet: whoever inserts it places it.
    const { words } = this.#records;
    for (let number = 0; number < this.#records.count - 1; number++) {
      const base = number * this.#stride;
      this.#place(
        hashOf(
          words[base + RECORD.low] as number,
          words[base + RECORD.high] as number,
          words[base + RECORD.ports] as number,
          words[base + RECORD.kind] as number,
          this.seed,
        ),
        number,
      );
    }
  }
}

export const MOST_LOAD = 5 / 8;

/** Records that a slot has room for. */
export const MOST_RECORDS = (1 << 24) - 1;

/** Every bit of the key reaches the low bits (the slot) and the high ones (the tag). */
export function hashOf(low: number, high: number, ports: number, kind: number, seed = 0): number {
  let hash = Math.imul(low ^ (high >>> 16) ^ (high << 16) ^ seed, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ ports, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ high ^ kind, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
