/** Places of rules by a hash of 32 bits, in one array: a look-up is one line of the processor's cache. */

/** An open-addressed table of pairs: the hash, and 1 + the only place of it, or -1 - the number of a list of places. 0: free. */
export class Places {
  #pairs: Int32Array;
  readonly #mask: number;
  readonly #lists: number[][] = [];

  constructor(members: number) {
    let slots = 4;
    while (slots < members * 2) slots *= 2;
    this.#pairs = new Int32Array(slots * 2);
    this.#mask = slots - 1;
  }

  /** Places come in ascending order; one that is there already is not added again. */
  add(hash: number, place: number): void {
    const pairs = this.#pairs;
    const at = this.#find(hash);
    const value = pairs[at + 1] as number;
    if (value === 0) {
      pairs[at] = hash;
      pairs[at + 1] = place + 1;
    } else if (value > 0) {
      if (value - 1 === place) return;
      this.#lists.push([value - 1, place]);
      pairs[at + 1] = -this.#lists.length;
    } else {
      const list = this.#lists[-value - 1] as number[];
      if (list.at(-1) !== place) list.push(place);
    }
  }

  get(hash: number): number | readonly number[] | undefined {
    const value = this.#pairs[this.#find(hash) + 1] as number;
    if (value === 0) return undefined;
    return value > 0 ? value - 1 : this.#lists[-value - 1];
  }

  #find(hash: number): number {
    const pairs = this.#pairs;
    const mask = this.#mask;
    let slot = (hash ^ (hash >>> 16)) & mask;
    while (pairs[slot * 2 + 1] !== 0 && pairs[slot * 2] !== hash) slot = (slot + 1) & mask;
    return slot * 2;
  }
}
