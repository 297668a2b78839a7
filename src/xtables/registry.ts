/** Matches or targets by name and family. Most of them no rule ever has: a definition is made when a rule does. */
import type { Family } from '../net/ip.ts';

/** How a definition is found before it is made: what it says of itself. Without families it is of both. */
export type Registered<D> = readonly [
  definition: () => D,
  name: string,
  families?: readonly Family[],
  ...aliases: readonly string[],
];

export class Registry<D> {
  readonly rows: readonly Registered<D>[];
  readonly #byName = new Map<string, () => D>();
  #all: readonly D[] | undefined;

  constructor(rows: readonly Registered<D>[]) {
    this.rows = rows;
    for (const [definition, name, families = BOTH, ...aliases] of rows)
      for (const family of families)
        for (const each of [name, ...aliases]) this.#byName.set(`${family} ${each}`, definition);
  }

  has(name: string, family: Family): boolean {
    return this.#byName.has(`${family} ${name}`);
  }

  find(name: string, family: Family): D | undefined {
    return this.#byName.get(`${family} ${name}`)?.();
  }

  all(): readonly D[] {
    this.#all ??= this.rows.map(([definition]) => definition());
    return this.#all;
  }
}

const BOTH: readonly Family[] = [4, 6];
