/** Flows that were taken apart, and how many conversations the largest of them was of. */
export interface Parted {
  readonly flows: number;
  readonly largest: number;
}

/**
 * Conversations that are one flow: a union of sets that knows of each conversation whether its lower end (or the one that is its first) stands
 * on the side of its root's.
 */
export class Forest {
  readonly #parent: Int32Array;
  readonly #crossed: Uint8Array;

  constructor(count: number) {
    this.#parent = new Int32Array(count);
    for (let i = 0; i < count; i++) this.#parent[i] = i;
    this.#crossed = new Uint8Array(count);
  }

  /** The conversation that stands for the flow. */
  root(conversation: number): number {
    const parent = this.#parent;
    const up = parent[conversation] as number;
    return parent[up] === up ? up : this.#shorten(conversation);
  }

  /** 1: the root's lower end is on the side of this one's higher end. */
  crossed(conversation: number): number {
    this.root(conversation);
    return this.#crossed[conversation] as number;
  }

  /** False when they are one already, whatever `crossed` says. */
  unite(left: number, right: number, crossed: number): boolean {
    const one = this.root(left);
    const other = this.root(right);
    if (one === other) return false;
    // The conversation that was seen first stands for all, in whatever order they are joined.
    const up = Math.min(one, other);
    const down = Math.max(one, other);
    this.#crossed[down] = (this.#crossed[left] as number) ^ (this.#crossed[right] as number) ^ crossed;
    this.#parent[down] = up;
    return true;
  }

  /** Takes apart what more than `most` are one of, whatever joined them. */
  part(most: number): Parted {
    const parent = this.#parent;
    const sizes = new Uint32Array(parent.length);
    for (let i = 0; i < parent.length; i++) {
      const root = this.root(i);
      sizes[root] = (sizes[root] as number) + 1;
    }
    const large = (root: number) => (sizes[root] as number) > most;
    let flows = 0;
    let largest = 0;
    // Roots come before their others: no parent is looked at after it was taken out.
    for (let i = parent.length - 1; i >= 0; i--) {
      const root = parent[i] as number;
      if (!large(root)) continue;
      if (root === i) {
        flows++;
        largest = Math.max(largest, sizes[i] as number);
      }
      parent[i] = i;
      this.#crossed[i] = 0;
    }
    return { flows, largest };
  }

  /** Lets all on the way point to the root: long ways are gone once, however often they are asked for. */
  #shorten(conversation: number): number {
    const parent = this.#parent;
    const crossings = this.#crossed;
    let root = conversation;
    let crossed = 0;
    for (; parent[root] !== root; root = parent[root] as number) crossed ^= crossings[root] as number;
    for (let at = conversation; at !== root; ) {
      const up = parent[at] as number;
      const own = crossings[at] as number;
      parent[at] = root;
      crossings[at] = crossed;
      crossed ^= own;
      at = up;
    }
    return root;
  }
}
