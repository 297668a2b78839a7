/** counter, quota, limit, ct count and last, in rules, sets and objects. */
import { wordTable } from '../../base/word-table.ts';
import type { Scope } from '../scope.ts';
import type { ConnectionLimit, Counter, Limit, Quota, Statement } from '../statement.ts';
import { NAME } from '../text/stateful.ts';
import { expressionOf } from './expression.ts';
import { isObject, type Json, type JsonObject, numberOf, textOf } from './value.ts';

/** Undefined: no such statement, or one that can't be read. */
export function statefulOf(kind: string, value: Json, scope: Scope): Statement | undefined {
  if (kind === 'counter' || kind === 'quota' || kind === 'limit') {
    const names =
      typeof value === 'string' || (isObject(value) && (isObject(value.map) || 'concat' in value));
    if (names) return { kind: 'object', object: kind, name: expressionOf(value, scope, NAME) };
  }
  switch (kind) {
    case 'counter':
      return counterOf(isObject(value) ? value : {});
    case 'quota':
      return isObject(value) ? quotaOf(value) : undefined;
    case 'limit':
      return isObject(value) ? limitOf(value) : undefined;
    case 'ct count':
      return isObject(value) ? connectionLimit(value) : undefined;
    case 'last': {
      const used = isObject(value) ? numberOf(value, 'used') : undefined;
      return { kind: 'last', ...(used === undefined ? {} : { used }) };
    }
    default:
      return undefined;
  }
}

export function counterOf(value: JsonObject): Counter {
  const [packets, bytes] = [numberOf(value, 'packets'), numberOf(value, 'bytes')];
  return packets === undefined || bytes === undefined
    ? { kind: 'counter' }
    : { kind: 'counter', packets, bytes };
}

const UNITS = wordTable<number>({
  bytes: 1,
  kbytes: 1024,
  mbytes: 1024 ** 2,
  gbytes: 1024 ** 3,
});

function factor(value: JsonObject, key: string): number {
  return UNITS[textOf(value, key) ?? 'bytes'] ?? 1;
}

/** `val` with its unit in rules, `bytes` in objects. */
export function quotaOf(value: JsonObject): Quota | undefined {
  const val = numberOf(value, 'val');
  const bytes = val === undefined ? numberOf(value, 'bytes') : val * factor(value, 'val_unit');
  if (bytes === undefined) return undefined;
  const used = (numberOf(value, 'used') ?? 0) * factor(value, 'used_unit');
  return { kind: 'quota', over: value.inv === true, bytes, ...(used > 0 ? { used } : {}) };
}

const SECONDS = wordTable<Limit['per']>({
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86400,
  week: 604800,
});

export function limitOf(value: JsonObject): Limit | undefined {
  const rate = numberOf(value, 'rate');
  const word = textOf(value, 'per') ?? 'second';
  const per = Object.hasOwn(SECONDS, word) ? SECONDS[word] : undefined;
  if (rate === undefined || per === undefined) return undefined;
  const isBytes = (textOf(value, 'rate_unit') ?? 'packets') !== 'packets';
  const burst = numberOf(value, 'burst');
  return {
    kind: 'limit',
    over: value.inv === true,
    rate: rate * (isBytes ? factor(value, 'rate_unit') : 1),
    unit: isBytes ? 'bytes' : 'packets',
    per,
    burst: burst === undefined ? (isBytes ? 0 : 5) : burst * (isBytes ? factor(value, 'burst_unit') : 1),
  };
}

function connectionLimit(value: JsonObject): ConnectionLimit | undefined {
  const count = numberOf(value, 'val');
  return count === undefined ? undefined : { kind: 'ct count', over: value.inv === true, count };
}
