/**
 * Sums of packets that came alike, kept for a moment: conversations between the same hosts come one after the other, and who listens
 * wants to know of them together.
 */
const SLOTS = 1 << 16;

/** Words of a slot: the ends' words, TTL and MACs as a side's `bits` has them, family and point as a kind has them, and the sum, a double. */
const SLOT = { source: 0, destination: 1, bits: 2, kind: 3, packets: 4, words: 8 } as const;

/** Of packets that one host sent another by one pair of MACs and with one TTL. */
export type Told = (source: number, destination: number, bits: number, kind: number, packets: number) => void;

export class AlikeSums {
  readonly #words = new Uint32Array(SLOTS * SLOT.words);
  readonly #doubles = new Float64Array(this.#words.buffer);
  readonly #told: Told;

  constructor(told: Told) {
    this.#told = told;
  }

  add(source: number, destination: number, bits: number, kind: number, packets: number): void {
    const words = this.#words;
    const hash = Math.imul(source ^ (destination << 7) ^ (destination >>> 25) ^ bits ^ kind, 0x9e3779b1);
    const slot = (hash >>> 16) * SLOT.words;
    const isSame =
      words[slot + SLOT.source] === source &&
      words[slot + SLOT.destination] === destination &&
      words[slot + SLOT.bits] === bits &&
      words[slot + SLOT.kind] === kind;
    const sum = (slot + SLOT.packets) >> 1;
    if (!isSame) {
      this.#tell(slot);
      words[slot + SLOT.source] = source;
      words[slot + SLOT.destination] = destination;
      words[slot + SLOT.bits] = bits;
      words[slot + SLOT.kind] = kind;
    }
    this.#doubles[sum] = (this.#doubles[sum] as number) + packets;
  }

  end(): void {
    for (let slot = 0; slot < SLOTS * SLOT.words; slot += SLOT.words) {
      if (this.#doubles[(slot + SLOT.packets) >> 1] !== 0) this.#tell(slot);
    }
  }

  #tell(slot: number): void {
    const sum = (slot + SLOT.packets) >> 1;
    const packets = this.#doubles[sum] as number;
    if (packets === 0) return;
    this.#doubles[sum] = 0;
    const words = this.#words;
    this.#told(
      words[slot + SLOT.source] as number,
      words[slot + SLOT.destination] as number,
      words[slot + SLOT.bits] as number,
      words[slot + SLOT.kind] as number,
      packets,
    );
  }
}
