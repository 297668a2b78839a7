/** Elements of sets and maps: `key timeout 30s comment "x" : data`. */
import type { Expression } from '../expression.ts';
import type { Parts, Scope } from '../scope.ts';
import type { SetElement } from '../set.ts';
import type { Statement } from '../statement.ts';
import { parseDuration } from '../time.ts';
import {
  type Cursor,
  expectSymbol,
  fail,
  isSymbol,
  MAX_DEPTH,
  peek,
  peekWord,
  skipNewlines,
  skipSymbol,
  skipWord,
  takeName,
} from './cursor.ts';
import { expression, type Mode } from './expression.ts';
import { isStateful, stateful } from './stateful.ts';
import { isVerdict, verdict } from './verdict.ts';

/** From `{` to `}`, over many lines. */
export function elements(cursor: Cursor, scope: Scope, key: Parts, data: Parts): SetElement[] {
  expectSymbol(cursor, '{');
  cursor.depth++;
  if (cursor.depth > MAX_DEPTH) fail(cursor, `at most ${MAX_DEPTH} levels`);
  const all: SetElement[] = [];
  skipNewlines(cursor);
  while (cursor.fault === undefined && peek(cursor) && !isSymbol(cursor, '}')) {
    all.push(element(cursor, scope, 'value', key, data));
    skipNewlines(cursor);
    if (!skipSymbol(cursor, ',')) break;
    skipNewlines(cursor);
  }
  cursor.depth--;
  expectSymbol(cursor, '}');
  return all;
}

export function element(
  cursor: Cursor,
  scope: Scope,
  mode: Mode,
  parts: Parts,
  dataParts: Parts,
): SetElement {
  const key = expression(cursor, scope, mode, parts);
  const statements: Statement[] = [];
  let timeout: number | undefined;
  let expires: number | undefined;
  let comment: string | undefined;
  for (;;) {
    if (skipWord(cursor, 'timeout')) timeout = duration(cursor);
    else if (skipWord(cursor, 'expires')) expires = duration(cursor);
    else if (skipWord(cursor, 'comment')) comment = takeName(cursor, 'a comment');
    else if (isStateful(cursor)) statements.push(stateful(cursor, scope));
    else break;
    if (cursor.fault !== undefined) break;
  }
  skipNewlines(cursor);
  const value = skipSymbol(cursor, ':') ? dataOf(cursor, scope, mode, dataParts) : undefined;
  return {
    key,
    ...(value ? { data: value } : {}),
    ...(timeout === undefined ? {} : { timeout }),
    ...(expires === undefined ? {} : { expires }),
    ...(statements.length > 0 ? { statements } : {}),
    ...(comment === undefined ? {} : { comment }),
  };
}

function dataOf(cursor: Cursor, scope: Scope, mode: Mode, parts: Parts): Expression {
  skipNewlines(cursor);
  if (isVerdict(cursor)) return { kind: 'verdict', verdict: verdict(cursor, scope) };
  return expression(cursor, scope, mode, parts);
}

/** Milliseconds. */
export function duration(cursor: Cursor): number {
  const value = parseDuration(peekWord(cursor) ?? '');
  if (value === undefined) fail(cursor, 'a time such as 30s');
  else cursor.at++;
  return value ?? 0;
}
