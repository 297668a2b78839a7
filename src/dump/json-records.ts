/** What the records of a JSON file have in common, to find the next one behind a broken one. */
import type { JsonValue } from './json.ts';

export interface Place {
  readonly at: number;
  readonly line: number;
}

/** Where objects begin, from `from` on, that stand in so many lists and objects by the brackets behind them; at most as many as are tried. */
export function objectsWithin(text: string, from: number, depth: number): number[] {
  const found: number[] = [];
  let level = 0;
  let isString = false;
  for (let at = text.length - 1; at >= from; at--) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      let escapes = 0;
      while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes++;
      if (escapes % 2 === 0) isString = !isString;
      at -= escapes;
    } else if (isString) {
      if (char === NEWLINE) isString = false;
    } else if (char === CLOSE_OBJECT || char === CLOSE_LIST) level++;
    else if (char === OPEN_OBJECT || char === OPEN_LIST) {
      level--;
      if (char === OPEN_OBJECT && level === depth) found.push(at);
    }
  }
  return found.reverse();
}

/** Whether what stands behind the end of a list at `at` in the outermost object goes on to the end of that, and nothing is behind it on its line. */
export function endsOutermost(text: string, at: number): boolean {
  let level = 1;
  let isString = false;
  for (let next = at + 1; next < text.length; next++) {
    const char = text.charCodeAt(next);
    if (isString) {
      if (char === BACKSLASH) next++;
      else if (char === QUOTE) isString = false;
    } else if (char === QUOTE) isString = true;
    else if (char === OPEN_OBJECT || char === OPEN_LIST) level++;
    else if (char === CLOSE_OBJECT || char === CLOSE_LIST) level--;
    if (level === 0) return /^[ \t\r]*(?:$|\n)/.test(text.slice(next + 1));
  }
  return true;
}

const QUOTE = 34;
const BACKSLASH = 92;
const NEWLINE = 10;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** Of the elements of a list, broken ones as well. */
export interface Known {
  /** Their first keys. */
  readonly keys: Set<string>;
  /** The first key that tells of something: of `{"rule": {"family": …}}` it is `family`. */
  readonly fields: Set<string>;
}

const KEYS = /\{\s*"([^"\\\n]+)"\s*:\s*(?:\{\s*"([^"\\\n]+)"\s*:)?/y;

/** Of the object that begins there its first key, and the first that tells of something. */
export function firstKeys(text: string, at: number): [string?, string?] {
  KEYS.lastIndex = at;
  const [, key, inner] = KEYS.exec(text) ?? [];
  return key === undefined ? [] : [key, inner ?? key];
}

/** Keys that tell of something, of one that was read. */
export function fieldsOf(item: JsonValue): string[] {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return [];
  const keys = Object.keys(item);
  const only = keys.length === 1 ? item[keys[0] as string] : undefined;
  return typeof only === 'object' && only !== null && !Array.isArray(only) ? Object.keys(only) : keys;
}

/** Those that elements are known to begin with, or where none of the objects at `places` does so, what most of them begin with. */
export function usualFields(
  text: string,
  places: readonly number[],
  known: ReadonlySet<string>,
): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const place of places) {
    const [, field] = firstKeys(text, place);
    if (field === undefined) continue;
    if (known.has(field)) return known;
    counts.set(field, (counts.get(field) ?? 0) + 1);
  }
  const [most] = [...counts].toSorted(([, one], [, other]) => other - one);
  return new Set(most ? [most[0]] : []);
}
