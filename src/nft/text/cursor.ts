/** A place among the tokens, and the first thing that was not understood. Readers go on after a fault: the statement it is in becomes unknown. */
import type { Token } from './lexer.ts';

export interface Cursor {
  readonly source: string;
  readonly tokens: readonly Token[];
  at: number;
  /** What was expected where something else was found. */
  fault?: string;
  /** Where a block was left open, which has been said; those around it are open there as well. */
  unclosed?: number;
  /** Open brackets of the expression being read. */
  depth: number;
}

export const MAX_DEPTH = 40;

export function cursorOf(source: string, tokens: readonly Token[]): Cursor {
  return { source, tokens, at: 0, depth: 0 };
}

export function peek(cursor: Cursor, ahead = 0): Token | undefined {
  return cursor.tokens[cursor.at + ahead];
}

/** The bare word here; quoted strings and symbols are none. */
export function peekWord(cursor: Cursor, ahead = 0): string | undefined {
  const token = peek(cursor, ahead);
  return token?.kind === 'word' ? token.text : undefined;
}

export function isSymbol(cursor: Cursor, symbol: string, ahead = 0): boolean {
  const token = peek(cursor, ahead);
  return token?.kind === 'symbol' && token.text === symbol;
}

export function skipSymbol(cursor: Cursor, symbol: string): boolean {
  if (!isSymbol(cursor, symbol)) return false;
  cursor.at++;
  return true;
}

export function skipWord(cursor: Cursor, ...words: readonly string[]): boolean {
  const word = peekWord(cursor);
  if (word === undefined || !words.includes(word)) return false;
  cursor.at++;
  return true;
}

export function skipNewlines(cursor: Cursor): void {
  while (peek(cursor)?.kind === 'newline') cursor.at++;
}

/** A name, quoted or not. */
export function takeName(cursor: Cursor, expected: string): string {
  const token = peek(cursor);
  if (token?.kind === 'word' || token?.kind === 'string') {
    cursor.at++;
    return token.text;
  }
  fail(cursor, expected);
  return '';
}

export function takeWord(cursor: Cursor, expected: string): string {
  const word = peekWord(cursor);
  if (word === undefined) fail(cursor, expected);
  else cursor.at++;
  return word ?? '';
}

export function takeNumber(cursor: Cursor, expected = 'a number'): number {
  const word = peekWord(cursor);
  if (word === undefined || !/^(?:0x[0-9a-fA-F]{1,13}|\d{1,15})$/.test(word)) {
    fail(cursor, expected);
    return 0;
  }
  cursor.at++;
  return Number(word);
}

export function expectSymbol(cursor: Cursor, symbol: string): void {
  if (!skipSymbol(cursor, symbol)) fail(cursor, `\`${symbol}\``);
}

export function expectWord(cursor: Cursor, word: string): void {
  if (!skipWord(cursor, word)) fail(cursor, `\`${word}\``);
}

/** The first fault counts. */
export function fail(cursor: Cursor, expected: string): void {
  if (cursor.fault !== undefined) return;
  const token = peek(cursor);
  const found =
    token === undefined || token.kind === 'newline' ? 'the end' : `\`${token.text.slice(0, 30)}\``;
  cursor.fault = `${found} where ${expected} was expected`;
}

/** The text from one token to before another, with its line breaks and indentation made single spaces. */
export function slice(cursor: Cursor, from: number, to: number): string {
  const first = cursor.tokens[from];
  const last = cursor.tokens[to - 1];
  if (!first || !last || to <= from) return '';
  return cursor.source.slice(first.start, last.end).replace(/\s+/g, ' ').trim();
}

/** Does a statement end here? */
export function atEnd(cursor: Cursor): boolean {
  const token = peek(cursor);
  if (!token || token.kind === 'newline' || token.kind === 'handle') return true;
  return token.kind === 'symbol' && (token.text === ';' || token.text === '}');
}
