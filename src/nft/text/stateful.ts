/** Statements that keep a state, in rules, sets and objects: counter, quota, limit, ct count, last. */
import { wordTable } from '../../base/word-table.ts';
import type { Scope } from '../scope.ts';
import type { ConnectionLimit, Counter, Limit, Quota, Statement } from '../statement.ts';
import {
  type Cursor,
  expectSymbol,
  fail,
  peekWord,
  skipSymbol,
  skipWord,
  takeNumber,
  takeWord,
} from './cursor.ts';
import { duration } from './element.ts';
import { expression } from './expression.ts';

export function isStateful(cursor: Cursor): boolean {
  const word = peekWord(cursor);
  if (word === 'ct') return peekWord(cursor, 1) === 'count';
  return word === 'counter' || word === 'quota' || word === 'limit' || word === 'last';
}

export function stateful(cursor: Cursor, scope: Scope): Statement {
  const word = takeWord(cursor, 'a statement');
  if ((word === 'counter' || word === 'quota' || word === 'limit') && skipWord(cursor, 'name')) {
    return { kind: 'object', object: word, name: expression(cursor, scope, 'selector', NAME) };
  }
  switch (word) {
    case 'counter':
      return counter(cursor);
    case 'quota':
      return quota(cursor);
    case 'limit':
      expectRate(cursor);
      return limit(cursor);
    case 'last':
      return last(cursor);
    default:
      cursor.at++;
      return connectionLimit(cursor);
  }
}

export const NAME = [{ type: 'string', bits: 0 }] as const;

/** `packets 3 bytes 4`, which need not be there. */
export function counter(cursor: Cursor): Counter {
  if (!skipWord(cursor, 'packets')) return { kind: 'counter' };
  const packets = takeNumber(cursor);
  if (!skipWord(cursor, 'bytes')) fail(cursor, '`bytes`');
  return { kind: 'counter', packets, bytes: takeNumber(cursor) };
}

function last(cursor: Cursor): Statement {
  if (!skipWord(cursor, 'used')) return { kind: 'last' };
  if (skipWord(cursor, 'never')) return { kind: 'last' };
  return { kind: 'last', used: duration(cursor) };
}

/** `over 25 mbytes used 3 bytes` */
export function quota(cursor: Cursor): Quota {
  const over = skipWord(cursor, 'over');
  if (!over) skipWord(cursor, 'until');
  const bytes = byteCount(cursor);
  const used = skipWord(cursor, 'used') ? byteCount(cursor) : undefined;
  return { kind: 'quota', over, bytes, ...(used === undefined ? {} : { used }) };
}

const UNITS = wordTable<number>({
  bytes: 1,
  kbytes: 1024,
  mbytes: 1024 ** 2,
  gbytes: 1024 ** 3,
});

function unit(cursor: Cursor): number {
  const word = peekWord(cursor) ?? '';
  const factor = Object.hasOwn(UNITS, word) ? UNITS[word] : undefined;
  if (factor === undefined) fail(cursor, 'bytes, kbytes or mbytes');
  else cursor.at++;
  return factor ?? 1;
}

function byteCount(cursor: Cursor): number {
  const value = takeNumber(cursor);
  return value * unit(cursor);
}

const SECONDS = wordTable<Limit['per']>({
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86400,
  week: 604800,
});

export function expectRate(cursor: Cursor): void {
  if (!skipWord(cursor, 'rate')) fail(cursor, '`rate`');
}

/** Behind `rate`: `over 10 kbytes/second burst 5 packets`. */
export function limit(cursor: Cursor): Limit {
  const over = skipWord(cursor, 'over');
  if (!over) skipWord(cursor, 'until');
  const amount = takeNumber(cursor);
  const isBytes = peekWord(cursor) !== undefined;
  const rate = isBytes ? amount * unit(cursor) : amount;
  expectSymbol(cursor, '/');
  const word = takeWord(cursor, 'second, minute, hour, day or week');
  const per = Object.hasOwn(SECONDS, word) ? SECONDS[word] : undefined;
  if (per === undefined) fail(cursor, 'second, minute, hour, day or week');
  return {
    kind: 'limit',
    over,
    rate,
    unit: isBytes ? 'bytes' : 'packets',
    per: per ?? 1,
    burst: skipWord(cursor, 'burst') ? burst(cursor) : isBytes ? 0 : 5,
  };
}

function burst(cursor: Cursor): number {
  const value = takeNumber(cursor);
  return skipWord(cursor, 'packets') ? value : value * unit(cursor);
}

function connectionLimit(cursor: Cursor): ConnectionLimit {
  const over = skipWord(cursor, 'over');
  skipSymbol(cursor, '=');
  return { kind: 'ct count', over, count: takeNumber(cursor) };
}
