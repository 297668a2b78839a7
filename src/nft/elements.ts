/** A set's elements as they are looked up: single keys by hash, intervals and prefixes by search (nft_set_hash, _rbtree, _pipapo). */
import type { Datatype } from './datatype.ts';
import type { Expression } from './expression.ts';
import type { SetElement } from './set.ts';
import { keyText, maskOfBits, type Value } from './value.ts';

/** What one part of a key may be. */
type Part =
  | { readonly kind: 'exact'; readonly value: bigint | string }
  | { readonly kind: 'between'; readonly from: bigint; readonly to: bigint }
  | { readonly kind: 'begins'; readonly prefix: string };

export interface Elements {
  readonly exact: ReadonlyMap<string, SetElement>;
  /** Of one part, in ascending order. */
  readonly intervals: readonly { readonly from: bigint; readonly to: bigint; readonly element: SetElement }[];
  readonly others: readonly { readonly parts: readonly Part[]; readonly element: SetElement }[];
  /** `*` */
  readonly rest?: SetElement;
}

const KNOWN = new WeakMap<readonly SetElement[], Elements>();

export function indexOf(elements: readonly SetElement[]): Elements {
  const known = KNOWN.get(elements);
  if (known) return known;
  const made = build(elements);
  KNOWN.set(elements, made);
  return made;
}

function build(elements: readonly SetElement[]): Elements {
  const exact = new Map<string, SetElement>();
  const intervals: { from: bigint; to: bigint; element: SetElement }[] = [];
  const others: { parts: readonly Part[]; element: SetElement }[] = [];
  let rest: SetElement | undefined;
  for (const element of elements) {
    if (element.key.kind === 'any') {
      rest = element;
      continue;
    }
    const parts = partsOf(element.key);
    if (!parts) continue;
    const [first] = parts;
    if (parts.every((part) => part.kind === 'exact')) exact.set(exactText(parts), element);
    else if (parts.length === 1 && first?.kind === 'between') {
      intervals.push({ from: first.from, to: first.to, element });
    } else others.push({ parts, element });
  }
  intervals.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  return { exact, intervals, others, ...(rest ? { rest } : {}) };
}

function exactText(parts: readonly Part[]): string {
  const values = parts.flatMap((part) => (part.kind === 'exact' ? [part.value] : []));
  return keyText(values.length === 1 ? (values[0] ?? 0n) : values);
}

/** Undefined for keys that no reader understood. */
function partsOf(key: Expression): Part[] | undefined {
  if (key.kind !== 'concat') {
    const part = partOf(key);
    return part && [part];
  }
  const parts = key.parts.map(partOf);
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

function partOf(key: Expression): Part | undefined {
  if (key.kind === 'text' && key.wildcard) return { kind: 'begins', prefix: key.value };
  if (key.kind === 'range') {
    const [from, to] = [constantOf(key.from), constantOf(key.to)];
    return typeof from === 'bigint' && typeof to === 'bigint' ? { kind: 'between', from, to } : undefined;
  }
  if (key.kind === 'prefix') return prefixRange(key);
  const value = constantOf(key);
  return value === undefined || Array.isArray(value)
    ? undefined
    : { kind: 'exact', value: value as bigint | string };
}

/** First and last value under a prefix, of a value of `bits` where its datatype doesn't say. */
export function prefixRange(
  prefix: Extract<Expression, { kind: 'prefix' }>,
  bits?: number,
): { readonly kind: 'between'; readonly from: bigint; readonly to: bigint } | undefined {
  const address = constantOf(prefix.address);
  if (typeof address !== 'bigint' || prefix.address.kind !== 'constant') return undefined;
  const width = bits || widthOf(prefix.address.type);
  const host = maskOfBits(Math.max(0, width - prefix.length));
  return { kind: 'between', from: address & ~host, to: address | host };
}

function widthOf(type: Datatype): number {
  switch (type) {
    case 'ipv6_addr':
      return 128;
    case 'ether_addr':
      return 48;
    case 'inet_service':
    case 'ether_type':
      return 16;
    default:
      return 32;
  }
}

/** The value of an expression that no packet is needed for. */
export function constantOf(expression: Expression): Value | undefined {
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'text':
      return expression.wildcard ? undefined : expression.value;
    case 'list': {
      const items = expression.items.map(constantOf);
      return items.every((item) => typeof item === 'bigint') ? items.reduce((a, b) => a | b, 0n) : undefined;
    }
    case 'concat': {
      const parts = expression.parts.map(constantOf);
      return parts.every((part) => part !== undefined) ? parts : undefined;
    }
    case 'binary': {
      const [left, right] = [constantOf(expression.left), constantOf(expression.right)];
      if (typeof left !== 'bigint' || typeof right !== 'bigint') return undefined;
      return combine(expression.op, left, right);
    }
    default:
      return undefined;
  }
}

export function combine(op: '&' | '|' | '^' | '<<' | '>>', left: bigint, right: bigint): bigint {
  switch (op) {
    case '&':
      return left & right;
    case '|':
      return left | right;
    case '^':
      return left ^ right;
    case '<<':
      return right > 256n ? 0n : left << right;
    case '>>':
      return right > 256n ? 0n : left >> right;
  }
}

/** The element that a key is, or lies in; `rest` apart. */
export function findElement({ exact, intervals, others }: Elements, key: Value): SetElement | undefined {
  const found = exact.get(keyText(key));
  if (found) return found;
  if (typeof key === 'bigint' && intervals.length > 0) {
    let [low, high] = [0, intervals.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const interval = intervals[middle];
      if (!interval) break;
      if (key < interval.from) high = middle - 1;
      else if (key > interval.to) low = middle + 1;
      else return interval.element;
    }
  }
  const values = Array.isArray(key) ? (key as readonly Value[]) : [key];
  return others.find(({ parts }) => parts.every((part, i) => partHolds(part, values[i])))?.element;
}

function partHolds(part: Part, value: Value | undefined): boolean {
  switch (part.kind) {
    case 'exact':
      return part.value === value;
    case 'between':
      return typeof value === 'bigint' && value >= part.from && value <= part.to;
    case 'begins':
      return typeof value === 'string' && value.startsWith(part.prefix);
  }
}
