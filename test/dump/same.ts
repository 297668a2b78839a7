import { expect } from 'vitest';
import type { Dump, DumpContent } from '../../src/dump/dump.ts';
import { recogniseDump } from '../../src/dump/recognise.ts';

/** The dump, or a failed test. */
export function read(path: string, text: string, hint?: string): Dump {
  const dump = recogniseDump(path, text, hint);
  if (!dump) throw new Error(`${path} was not recognised`);
  return dump;
}

export function contentOf<K extends DumpContent['kind']>(
  dump: Dump,
  kind: K,
): Extract<DumpContent, { kind: K }> {
  expect(dump.content.kind).toBe(kind);
  return dump.content as Extract<DumpContent, { kind: K }>;
}

/** A content without what depends on the form it was read from: the places, the lines themselves. */
export function bare(value: unknown, without: readonly string[] = []): unknown {
  const dropped = new Set(['span', 'text', 'line', 'path', ...without]);
  const visit = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(visit);
    if (item instanceof Map) return [...item].map(visit);
    if (item instanceof Set) return [...item].map(visit);
    if (typeof item !== 'object' || item === null) return item;
    return Object.fromEntries(
      Object.entries(item)
        .filter(([key, field]) => !dropped.has(key) && field !== undefined)
        .map(([key, field]) => [key, visit(field)]),
    );
  };
  return visit(value);
}
