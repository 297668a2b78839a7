/** accept, drop, continue, return, jump and goto; and `jump { … }`, a chain without a name. */
import type { NftRule } from '../ruleset.ts';
import type { Scope } from '../scope.ts';
import type { Verdict } from '../verdict.ts';
import { type Cursor, expectSymbol, isSymbol, peek, peekWord, skipSymbol, takeName } from './cursor.ts';
import { rule } from './rule.ts';

const WORDS = new Set(['accept', 'drop', 'continue', 'return', 'jump', 'goto']);

export function isVerdict(cursor: Cursor): boolean {
  return WORDS.has(peekWord(cursor) ?? '');
}

export function verdict(cursor: Cursor, scope: Scope): Verdict {
  const word = peekWord(cursor);
  const line = peek(cursor)?.line ?? 1;
  cursor.at++;
  if (word !== 'jump' && word !== 'goto') return { kind: word as 'accept' | 'drop' | 'continue' | 'return' };
  if (!isSymbol(cursor, '{')) return { kind: word, chain: takeName(cursor, 'a chain') };
  return { kind: word, chain: inner(cursor, scope, line) };
}

function inner(cursor: Cursor, scope: Scope, line: number): string {
  expectSymbol(cursor, '{');
  cursor.depth++;
  const rules: NftRule[] = [];
  while (peek(cursor) && !isSymbol(cursor, '}') && cursor.depth < 8) {
    if (peek(cursor)?.kind === 'newline' || skipSymbol(cursor, ';')) {
      if (peek(cursor)?.kind === 'newline') cursor.at++;
      continue;
    }
    const before = cursor.at;
    rules.push(rule(cursor, scope));
    if (cursor.at === before) break;
  }
  cursor.depth--;
  expectSymbol(cursor, '}');
  return scope.addChain({ rules, span: { path: scope.path, line } });
}
