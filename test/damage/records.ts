/** The records of what was read, whatever it is: every object that tells its place, without those inside it. */
import type { Span } from '../../src/base/span.ts';

export interface Found {
  readonly line: number;
  /** The record around it. */
  readonly around: Found | undefined;
  /** Where it stands among the fields, and itself as JSON without places. */
  text: string;
}

/** Of any plain data; what stands under a key of a map is told apart by that. */
export function recordsOf(data: unknown): Found[] {
  const found: Found[] = [];
  const visit = (value: unknown, name: string, around: Found | undefined): unknown => {
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof Map)
      return [...value]
        .map(([key, item]) => [key, visit(item, `${name} ${String(key)}`, around)])
        .filter(([, item]) => item !== undefined);
    if (value instanceof Set || Array.isArray(value))
      return [...value].map((item) => visit(item, name, around)).filter((item) => item !== undefined);
    const line = placeOf(value);
    const record = line === undefined ? undefined : { line, around, text: '' };
    const rest: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      if (key === 'span' || key === 'line' || key === 'path') continue;
      // Connections are numbered by us.
      if (key === 'id' && name === 'entry') continue;
      // Whether `*` and `:::` stand for both families is told by the lines around.
      if (key === 'family' && name === 'sockets') continue;
      rest[key] = visit(item, key, record ?? around);
    }
    if (!record) return rest;
    record.text = `${name} ${JSON.stringify(rest)}`;
    found.push(record);
    return undefined;
  };
  visit(data, '', undefined);
  return found;
}

function placeOf(value: object): number | undefined {
  const { span, line } = value as { span?: Span; line?: unknown };
  return span?.line ?? (typeof line === 'number' ? line : undefined);
}

/** Those of `wanted` that `read` doesn't have as often. */
export function missing(wanted: readonly string[], read: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const text of read) left.set(text, (left.get(text) ?? 0) + 1);
  return wanted.filter((text) => {
    const count = left.get(text) ?? 0;
    left.set(text, count - 1);
    return count <= 0;
  });
}
