/**
 * Sums of packets that came alike, kept for a moment: conversations between the same hosts come one after the other, and who listens
 * wants to know of them together.
 */
const SLOTS = 4096;

/** Of packets that one host sent another by one pair of MACs and with one TTL. */
export type Told = (source: number, destination: number, bits: number, kind: number, packets: number) => void;

export class AlikeSums {
  /** The ends' words, TTL and MACs as a side's `bits` has them, family and point as a kind has them. */
  readonly #source = new Uint32Array(SLOTS);
  readonly #destination = new Uint32Array(SLOTS);
  readonly #bits = new Uint32Array(SLOTS);
  readonly #kind = new Uint32Array(SLOTS);
  readonly #packets = new Float64Array(SLOTS);
  readonly #told: Told;

  constructor(told: Told) {
    this.#told = told;
  }

  add(source: number, destination: number, bits: number, kind: number, packets: number): void {
    const hash = Math.imul(source ^ (destination << 7) ^ (destination >>> 25) ^ bits ^ kind, 0x9e3779b1);
    const slot = hash >>> 20;
    const isSame =
      this.#source[slot] === source &&
      this.#destination[slot] === destination &&
      this.#bits[slot] === bits &&
      this.#kind[slot] === kind;
    if (!isSame) {
      this.#tell(slot);
      this.#source[slot] = source;
      this.#destination[slot] = destination;
      this.#bits[slot] = bits;
      this.#kind[slot] = kind;
    }
    this.#packets[slot] = (this.#packets[slot] as number) + packets;
  }

  end(): void {
    for (let slot = 0; slot < SLOTS; slot++) this.#tell(slot);
  }

  #tell(slot: number): void {
    const packets = this.#packets[slot] as number;
    if (packets === 0) return;
    this.#packets[slot] = 0;
    this.#told(
      this.#source[slot] as number,
      this.#destination[slot] as number,
      this.#bits[slot] as number,
      this.#kind[slot] as number,
      packets,
    );
  }
}
