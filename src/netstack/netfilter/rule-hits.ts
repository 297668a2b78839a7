/** Packets and bytes that rules counted in one world. Rules are numbered through all tables of a family, in the order of the dump. */

/** A hit is only noted: most worlds see a few packets, and nobody asks for their counters. */
export class RuleHits {
  readonly #rules: number;
  readonly #noted: number[] = [];
  readonly #bytes: number[] = [];
  /** The same of rules that counted a packet together. */
  readonly #notedAll: (readonly number[])[] = [];
  readonly #bytesAll: number[] = [];
  /** Packets and bytes of each rule; undefined before the first reckoning. */
  #counters: Float64Array | undefined;

  /** `rules`: how many there are. */
  constructor(rules: number) {
    this.#rules = rules;
  }

  add(rule: number, bytes: number): void {
    if (this.#noted.length >= MOST_NOTED) this.#reckon();
    this.#noted.push(rule);
    this.#bytes.push(bytes);
  }

  /** `rules` stays as it is. */
  addAll(rules: readonly number[], bytes: number): void {
    if (rules.length === 0) return;
    if (this.#notedAll.length >= MOST_NOTED) this.#reckon();
    this.#notedAll.push(rules);
    this.#bytesAll.push(bytes);
  }

  packets(rule: number): number {
    return this.#reckon()[rule * 2] ?? 0;
  }

  bytes(rule: number): number {
    return this.#reckon()[rule * 2 + 1] ?? 0;
  }

  #reckon(): Float64Array {
    this.#counters ??= new Float64Array(this.#rules * 2);
    const counters = this.#counters;
    for (let i = 0; i < this.#noted.length; i++)
      reckonOne(counters, this.#noted[i] as number, this.#bytes[i] as number);
    for (let i = 0; i < this.#notedAll.length; i++) {
      const rules = this.#notedAll[i] as readonly number[];
      for (let j = 0; j < rules.length; j++)
        reckonOne(counters, rules[j] as number, this.#bytesAll[i] as number);
    }
    for (const noted of [this.#noted, this.#bytes, this.#notedAll, this.#bytesAll]) noted.length = 0;
    return counters;
  }
}

function reckonOne(counters: Float64Array, rule: number, bytes: number): void {
  const at = rule * 2;
  counters[at] = (counters[at] as number) + 1;
  counters[at + 1] = (counters[at + 1] as number) + bytes;
}

const MOST_NOTED = 4096;
