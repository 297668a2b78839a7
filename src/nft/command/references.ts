/** What rules and elements refer to by name, wherever in them it stands. */

/** Names that verdicts jump to. */
export function chainsIn(value: unknown): Set<string> {
  return namesIn(value, ({ kind, chain }) => (kind === 'jump' || kind === 'goto' ? chain : undefined));
}

/** Named sets that are looked up or changed. */
export function setsIn(value: unknown): Set<string> {
  return namesIn(value, ({ kind, name, set }) =>
    kind === 'set-ref' ? name : kind === 'update' ? set : undefined,
  );
}

function namesIn(value: unknown, nameOf: (node: Readonly<Record<string, unknown>>) => unknown): Set<string> {
  const names = new Set<string>();
  const left: unknown[] = [value];
  while (left.length > 0) {
    const each = left.pop();
    if (typeof each !== 'object' || each === null) continue;
    const name = nameOf(each as Readonly<Record<string, unknown>>);
    if (typeof name === 'string') names.add(name);
    left.push(...Object.values(each));
  }
  return names;
}
