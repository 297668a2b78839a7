/** What must hold, said by throwing: targets run without a test runner. */
import { isDeepStrictEqual } from 'node:util';

export function holds(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`doesn't hold: ${what}`);
}

/** `what`: of what the two are, in words that are the same for every input. */
export function same(what: string, actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  const [is, should] = [textOf(actual), textOf(expected)];
  let at = 0;
  while (at < is.length && is[at] === should[at]) at++;
  const from = Math.max(0, at - 200);
  const part = (text: string) => text.slice(from, at + 200);
  throw new Error(`not the same: ${what}\nfrom ${from}\nis       ${part(is)}\nexpected ${part(should)}`);
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part)) ?? 'undefined';
}
