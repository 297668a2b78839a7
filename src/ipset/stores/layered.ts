/** A map of a dump, which all worlds have in common, and over it what became of some values in one. */
export class Layered<K, V> {
  /** All of a map that nothing lies under; `undefined`: what lies under it went. */
  readonly #own = new Map<K, V | undefined>();
  readonly #under: ReadonlyMap<K, V>;
  readonly #copy: (value: V) => V;
  #size: number;

  constructor(under: ReadonlyMap<K, V>, copy: (value: V) => V) {
    this.#under = under;
    this.#copy = copy;
    this.#size = under.size;
  }

  get size(): number {
    return this.#size;
  }

  /** Of one that nothing lies under. */
  get own(): ReadonlyMap<K, V> {
    if (this.#under.size > 0) throw new Error('a map that lies over another');
    return this.#own as ReadonlyMap<K, V>;
  }

  has(key: K): boolean {
    return this.#own.has(key) ? this.#own.get(key) !== undefined : this.#under.has(key);
  }

  /** May be changed: a value that is shared is copied. */
  get(key: K): V | undefined {
    const own = this.#own.get(key);
    if (own !== undefined || this.#own.has(key)) return own;
    const under = this.#under.get(key);
    if (under === undefined) return undefined;
    const copy = this.#copy(under);
    this.#own.set(key, copy);
    return copy;
  }

  set(key: K, value: V): void {
    if (!this.has(key)) this.#size++;
    this.#own.set(key, value);
  }

  delete(key: K): void {
    if (!this.has(key)) return;
    this.#size--;
    if (this.#under.has(key)) this.#own.set(key, undefined);
    else this.#own.delete(key);
  }

  clear(): void {
    for (const [key] of [...this.entries()]) this.delete(key);
  }

  *entries(): Generator<[K, V]> {
    for (const [key, value] of this.#under) if (!this.#own.has(key)) yield [key, this.#copy(value)];
    for (const [key, value] of this.#own) if (value !== undefined) yield [key, value];
  }
}
