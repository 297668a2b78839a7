/**
 * A table that words of an input are looked up in. A plain object also has what every object has: `constructor` and `toString` would
 * be found in it, and be no value of the table's.
 */
export function wordTable<T>(entries: Record<string, T>): Readonly<Record<string, T>> {
  return Object.setPrototypeOf(entries, null) as Readonly<Record<string, T>>;
}
