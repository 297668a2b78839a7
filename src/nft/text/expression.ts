/** Expressions of nft's text: operators by precedence, constants read as what they are held against. */
import { type BinaryOp, binaryOf, listOf, partsOf } from '../build.ts';
import { readConstant } from '../constant.ts';
import { DATATYPES } from '../datatype.ts';
import type { Expression } from '../expression.ts';
import { dataParts, type Parts, type Scope } from '../scope.ts';
import type { KeyPart } from '../set.ts';
import {
  type Cursor,
  expectSymbol,
  fail,
  isSymbol,
  MAX_DEPTH,
  peek,
  peekWord,
  skipSymbol,
  skipWord,
  takeName,
} from './cursor.ts';
import { elements } from './element.ts';
import { selector } from './primary.ts';

/** `value`: what stands right of a comparison; there `tcp` is the protocol, not the beginning of `tcp dport`. */
export type Mode = 'selector' | 'value';

const LEVELS: readonly (readonly (readonly [string, BinaryOp])[])[] = [
  [
    ['|', '|'],
    ['or', '|'],
  ],
  [
    ['^', '^'],
    ['xor', '^'],
  ],
  [
    ['&', '&'],
    ['and', '&'],
  ],
  [
    ['<<', '<<'],
    ['>>', '>>'],
    ['lshift', '<<'],
    ['rshift', '>>'],
  ],
];

/** `a . b`, each with its operators, and behind it `map { … }`. `parts`: what constants are read as. */
export function expression(cursor: Cursor, scope: Scope, mode: Mode, parts: Parts): Expression {
  cursor.depth++;
  const result =
    cursor.depth > MAX_DEPTH
      ? tooDeep(cursor)
      : withMap(cursor, scope, concat(cursor, scope, mode, parts), parts);
  cursor.depth--;
  return result;
}

function tooDeep(cursor: Cursor): Expression {
  fail(cursor, `at most ${MAX_DEPTH} levels`);
  return { kind: 'unknown', text: '', why: 'too many levels' };
}

function withMap(cursor: Cursor, scope: Scope, key: Expression, parts: Parts): Expression {
  if (!skipWord(cursor, 'map')) return key;
  return { kind: 'map', key, data: setOrReference(cursor, scope, partsOf(key), parts) };
}

/** What stands behind `map` and `vmap`. */
export function setOrReference(cursor: Cursor, scope: Scope, key: Parts, data: Parts): Expression {
  if (isSymbol(cursor, '{')) return { kind: 'set', elements: elements(cursor, scope, key, data) };
  if (skipSymbol(cursor, '@')) return { kind: 'set-ref', name: takeName(cursor, 'a set') };
  fail(cursor, 'a set or `@` with its name');
  return { kind: 'unknown', text: '', why: 'no set' };
}

function concat(cursor: Cursor, scope: Scope, mode: Mode, parts: Parts): Expression {
  if (isSymbol(cursor, '{')) return { kind: 'set', elements: elements(cursor, scope, parts, undefined) };
  const first = span(cursor, scope, mode, parts?.[0]);
  if (!isSymbol(cursor, '.')) return first;
  const all = [first];
  while (skipSymbol(cursor, '.')) all.push(span(cursor, scope, mode, parts?.[all.length]));
  return { kind: 'concat', parts: all };
}

/** `a-b`, `a/n`, or one alone. */
function span(cursor: Cursor, scope: Scope, mode: Mode, part: KeyPart | undefined): Expression {
  const first = operators(cursor, scope, mode, part, 0);
  if (isSymbol(cursor, '-')) {
    cursor.at++;
    return { kind: 'range', from: first, to: operators(cursor, scope, mode, part, 0) };
  }
  if (first.kind === 'constant' && isSymbol(cursor, '/') && /^\d{1,3}$/.test(peekWord(cursor, 1) ?? '')) {
    if (DATATYPES[first.type].base === 'bitmask') return first;
    const length = Number(peekWord(cursor, 1));
    cursor.at += 2;
    return prefixOf(first, length);
  }
  return first;
}

/** The host's bits are no part of a prefix. */
export function prefixOf(address: Expression, length: number): Expression {
  if (address.kind !== 'constant') return { kind: 'prefix', address, length };
  const bits = DATATYPES[address.type].bits;
  const host = bits > length ? (1n << BigInt(bits - length)) - 1n : 0n;
  return { kind: 'prefix', address: { ...address, value: address.value & ~host }, length };
}

function operators(
  cursor: Cursor,
  scope: Scope,
  mode: Mode,
  part: KeyPart | undefined,
  level: number,
): Expression {
  const ops = LEVELS[level];
  if (!ops) return primary(cursor, scope, mode, part);
  let left = operators(cursor, scope, mode, part, level + 1);
  let taken = 0;
  for (;;) {
    const token = peek(cursor);
    const op = token && token.kind !== 'string' ? ops.find(([text]) => text === token.text)?.[1] : undefined;
    if (op === undefined || cursor.fault !== undefined) return left;
    if (++taken > MAX_DEPTH) return tooDeep(cursor);
    cursor.at++;
    const type =
      op === '<<' || op === '>>' ? { type: 'integer' as const, bits: 0 } : (partsOf(left)?.[0] ?? part);
    left = binaryOf(op, left, operators(cursor, scope, mode, type, level + 1));
  }
}

function primary(cursor: Cursor, scope: Scope, mode: Mode, part: KeyPart | undefined): Expression {
  if (isSymbol(cursor, '(')) {
    cursor.at++;
    const inner = list(cursor, scope, mode, part && [part]);
    expectSymbol(cursor, ')');
    return inner;
  }
  const selected =
    mode === 'selector'
      ? selector(cursor, scope, () => expression(cursor, scope, 'selector', undefined))
      : undefined;
  if (selected) return selected;
  if (skipSymbol(cursor, '@')) return { kind: 'set-ref', name: takeName(cursor, 'a set') };
  if (skipSymbol(cursor, '*')) return { kind: 'any' };
  return constant(cursor, part);
}

function constant(cursor: Cursor, part: KeyPart | undefined): Expression {
  const token = peek(cursor);
  if (token?.kind !== 'word' && token?.kind !== 'string') {
    fail(cursor, 'a value');
    return { kind: 'unknown', text: '', why: 'no value' };
  }
  const value = readConstant(token.text, /^(?:exists|missing)$/.test(token.text) ? BOOLEAN : part);
  if (!value) {
    fail(cursor, `a value of type ${part?.type ?? 'any'}`);
    return { kind: 'unknown', text: token.text, why: 'no value of its type' };
  }
  cursor.at++;
  return value;
}

const BOOLEAN: KeyPart = { type: 'boolean', bits: 8 };

/** `a,b`: bits of one bitmask. */
export function list(cursor: Cursor, scope: Scope, mode: Mode, parts: Parts): Expression {
  const items = [expression(cursor, scope, mode, parts)];
  while (isSymbol(cursor, ',')) {
    cursor.at++;
    items.push(expression(cursor, scope, mode, parts));
  }
  return listOf(items);
}

/** Key types of the set that is meant, to read elements by. */
export function setParts(scope: Scope, name: string): { readonly key: Parts; readonly data: Parts } {
  const set = scope.sets.get(name);
  return { key: set?.key, data: dataParts(set) };
}
