/** Computes once for each object it is asked about, for as long as that object lives. */
export function once<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    const value = known.get(key);
    if (value !== undefined || known.has(key)) return value as V;
    const made = compute(key);
    known.set(key, made);
    return made;
  };
}

/** Makes its value when it is asked for the first time: what a table costs, only those pay whose input needs it. */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
