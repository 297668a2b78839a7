/** Analyses as strangers would have them. */

/** Ends elements, attributes and scripts, drives terminals, turns text around. */
export const EVIL = `"'><img src=x onerror=alert(1)></script></style><!--\${x}\x1b[2J\u202e\u2028`;

/** Keys whose values are words of the format itself. */
const WORDS: ReadonlySet<string> = new Set(
  'schema status severity kind hook verdict direction decision action manip state orderBy was became'.split(
    ' ',
  ),
);

/** The same with something of strangers' in every text that is no word of the format's own. */
export function poisoned<T>(value: T, evil: string, key = ''): T {
  if (typeof value === 'string') return (WORDS.has(key) ? value : `${value}${evil}`) as T;
  if (Array.isArray(value)) return value.map((each) => poisoned(each, evil, key)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as object).map(([name, each]) => [name, poisoned(each, evil, name)]),
  ) as T;
}
