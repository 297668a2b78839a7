import type { Value } from '../extension.ts';

export function text(max: number, expected = `a text of at most ${max} characters`): Value<string> {
  return {
    words: 1,
    expected,
    read: ([word = '']) => (new TextEncoder().encode(word).length <= max ? word : undefined),
  };
}

/** A text that is cut at `max` bytes instead of refused; empty ones are. */
export function cutText(max: number): Value<string> {
  return {
    words: 1,
    expected: 'a text',
    read([word = '']) {
      const bytes = new TextEncoder().encode(word);
      if (bytes.length === 0) return undefined;
      return bytes.length <= max
        ? word
        : new TextDecoder().decode(bytes.subarray(0, max)).replace(/\ufffd+$/, '');
    },
  };
}

export function name(max: number, what = 'a name'): Value<string> {
  return {
    words: 1,
    expected: `${what} of 1 to ${max} characters`,
    read: ([word = '']) =>
      word.length > 0 && new TextEncoder().encode(word).length <= max ? word : undefined,
  };
}

/** One of a table's names, compared without case; the value is what the table says. */
export function oneOf<T>(names: Readonly<Record<string, T>>, what = 'one of'): Value<T> {
  let byName: Map<string, T> | undefined;
  return {
    words: 1,
    expected: `${what} ${Object.keys(names).join(', ')}`,
    read([word = '']) {
      byName ??= new Map(Object.entries(names).map(([key, value]) => [key.toLowerCase(), value]));
      return byName.get(word.toLowerCase());
    },
  };
}

/** A comma list of names, or their beginnings when `abbreviated`; a set in the order of `names`. */
export function setOf<T extends string>(
  names: readonly T[],
  { abbreviated = false }: { readonly abbreviated?: boolean } = {},
): Value<readonly T[]> {
  function find(word: string): T | undefined {
    const lower = word.toLowerCase();
    if (lower === '') return undefined;
    return (
      names.find((key) => key.toLowerCase() === lower) ??
      (abbreviated ? names.find((key) => key.toLowerCase().startsWith(lower)) : undefined)
    );
  }
  return {
    words: 1,
    expected: `one or more of ${names.join(', ')}, separated by commas`,
    read([word = '']) {
      const given = word.split(',').map(find);
      return given.includes(undefined) ? undefined : names.filter((key) => given.includes(key));
    },
  };
}
