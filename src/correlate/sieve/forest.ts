/**
 * Conversations that are one flow: a union of sets that knows of each conversation whether its lower end stands on the side of its
 * root's lower end.
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
    let at = conversation;
    while (this.#parent[at] !== at) at = this.#parent[at] as number;
    return at;
  }

  /** 1: the root's lower end is on the side of this one's higher end. */
  crossed(conversation: number): number {
    let crossed = 0;
    for (let at = conversation; this.#parent[at] !== at; at = this.#parent[at] as number) {
      crossed ^= this.#crossed[at] as number;
    }
    return crossed;
  }

  /** False when they are one already, whatever `crossed` says. */
  unite(left: number, right: number, crossed: number): boolean {
    const one = this.root(left);
    const other = this.root(right);
    if (one === other) return false;
    // The conversation that was seen first stands for all, in whatever order they are joined.
    const up = Math.min(one, other);
    const down = Math.max(one, other);
    this.#crossed[down] = this.crossed(left) ^ this.crossed(right) ^ crossed;
    this.#parent[down] = up;
    return true;
  }
}
