/** The prefix lengths in use, the longest first: mtype_add_cidr(), mtype_del_cidr(), net/netfilter/ipset/ip_set_hash_gen.h. */
export class Lengths {
  readonly #counts: Map<number, number>;
  #descending: readonly number[];

  /** `others`: what is there from the beginning. */
  constructor(others?: Lengths) {
    this.#counts = new Map(others ? others.#counts : []);
    this.#descending = others?.descending ?? [];
  }

  get descending(): readonly number[] {
    return this.#descending;
  }

  get longest(): number | undefined {
    return this.#descending[0];
  }

  add(length: number): void {
    const count = this.#counts.get(length) ?? 0;
    this.#counts.set(length, count + 1);
    if (count === 0) this.#sort();
  }

  delete(length: number): void {
    const count = this.#counts.get(length) ?? 0;
    if (count > 1) this.#counts.set(length, count - 1);
    else {
      this.#counts.delete(length);
      this.#sort();
    }
  }

  #sort(): void {
    this.#descending = [...this.#counts.keys()].toSorted((a, b) => b - a);
  }
}
