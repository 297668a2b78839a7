/**
 * Sums of packets that are alike in three words, kept for a moment: conversations of the same hosts come one after the other, and who listens
 * wants to know of them together. A key has two slots to be in, and drives out what was there longer.
 */
const SLOTS = 1 << 12;

/** Words of a slot: the key, nothing, and the sum, a double. */
const SLOT = { one: 0, two: 1, three: 2, packets: 4, words: 8 } as const;

export type Told = (one: number, two: number, three: number, packets: number) => void;

export class AlikeSums {
  readonly #words = new Uint32Array(SLOTS * SLOT.words);
  readonly #doubles = new Float64Array(this.#words.buffer);
  readonly #told: Told;

  constructor(told: Told) {
    this.#told = told;
  }

  /** Words without a sign. */
  add(one: number, two: number, three: number, packets: number): void {
    const words = this.#words;
    const hash = Math.imul(Math.imul(one ^ (two >>> 13) ^ (two << 19), 0x9e3779b1) ^ three, 0x85ebca6b);
    // The upper bits depend on all of them; pairs of slots lie in two lines of the cache beside each other.
    const slot = (hash >>> 21) * 2 * SLOT.words;
    let own = slot;
    if (words[slot] !== one || words[slot + SLOT.two] !== two || words[slot + SLOT.three] !== three) {
      own = slot + SLOT.words;
      if (words[own] !== one || words[own + SLOT.two] !== two || words[own + SLOT.three] !== three) {
        this.#tell(own);
        words.copyWithin(own, slot, own);
        this.#doubles[(slot + SLOT.packets) >> 1] = 0;
        own = slot;
        words[own] = one;
        words[own + SLOT.two] = two;
        words[own + SLOT.three] = three;
      }
    }
    const sum = (own + SLOT.packets) >> 1;
    this.#doubles[sum] = (this.#doubles[sum] as number) + packets;
  }

  end(): void {
    const doubles = this.#doubles;
    for (let sum = SLOT.packets >> 1; sum < doubles.length; sum += SLOT.words >> 1)
      if (doubles[sum] !== 0) this.#tell((sum << 1) - SLOT.packets);
  }

  #tell(slot: number): void {
    const sum = (slot + SLOT.packets) >> 1;
    const packets = this.#doubles[sum] as number;
    if (packets === 0) return;
    this.#doubles[sum] = 0;
    const words = this.#words;
    this.#told(
      words[slot] as number,
      words[slot + SLOT.two] as number,
      words[slot + SLOT.three] as number,
      packets,
    );
  }
}
