/** Comparisons: nft_cmp.c, nft_range.c, nft_bitwise.c and nft_lookup.c, as nft(8) puts them together. */
import { isUnknown, type Ternary, unknown } from '../base/ternary.ts';
import type { NftContext } from './context.ts';
import { DATATYPES } from './datatype.ts';
import { constantOf, prefixRange } from './elements.ts';
import { evaluate, findValue } from './evaluate.ts';
import type { Expression } from './expression.ts';
import type { Operator, Statement } from './statement.ts';
import { typeOf } from './type-of.ts';
import { isValue, keyText, type Value } from './value.ts';

export function matches(
  ctx: NftContext,
  { op, left, right }: Extract<Statement, { kind: 'match' }>,
): Ternary {
  const value = presence(ctx, left, right) ?? evaluate(ctx, left);
  if (value === undefined) return false;
  if (!isValue(value)) return value;
  if (right.kind === 'set' || right.kind === 'set-ref') {
    const found = findValue(ctx, value, right);
    if (found !== undefined && isUnknown(found)) return found;
    return (found !== undefined) !== isNegative(op);
  }
  return compare(ctx, value, op, left, right);
}

/** `fib … oif missing`: the question is only whether there is one (NFTA_FIB_F_PRESENT). */
function presence(ctx: NftContext, left: Expression, right: Expression) {
  if (left.kind !== 'fib' || right.kind !== 'constant' || right.type !== 'boolean') return undefined;
  return evaluate(ctx, { ...left, result: 'check' });
}

function isNegative(op: Operator): boolean {
  return op === '!=' || op === '!';
}

function compare(ctx: NftContext, value: Value, op: Operator, left: Expression, right: Expression): Ternary {
  if (right.kind === 'text' && right.wildcard) {
    return (typeof value === 'string' && value.startsWith(right.value)) !== isNegative(op);
  }
  if (right.kind === 'range' || right.kind === 'prefix') {
    const bounds = boundsOf(right, typeOf(left)?.bits);
    if (!bounds || typeof value !== 'bigint') return unknown('a range of something that is no number');
    return (value >= bounds.from && value <= bounds.to) !== isNegative(op);
  }
  const other = constantOf(right) ?? evaluate(ctx, right);
  if (other === undefined) return false;
  if (!isValue(other)) return other;
  const wanted = typeof value === 'string' && typeof other === 'bigint' ? nameOf(ctx, other) : other;
  if (typeof value === 'bigint' && typeof wanted === 'bigint') {
    return compareNumbers(value, wanted, op, isBitmask(left, right));
  }
  if (typeof value === 'bigint' && typeof wanted === 'string') {
    return unknown(`the number of "${wanted}"`);
  }
  const equal = keyText(value) === keyText(wanted);
  return isNegative(op) ? !equal : equal;
}

/** `iif 2`: interfaces are compared by name in the model. */
function nameOf({ namespace }: NftContext, index: bigint): Value {
  if (index === 0n) return '';
  return namespace.deviceName(Number(index)) ?? index;
}

function compareNumbers(left: bigint, right: bigint, op: Operator, bitmask: boolean): boolean {
  switch (op) {
    case 'implicit':
      return bitmask ? (left & right) !== 0n : left === right;
    case '!':
      return bitmask ? (left & right) === 0n : left !== right;
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '>':
      return left > right;
    case '<=':
      return left <= right;
    case '>=':
      return left >= right;
  }
}

/** A mask that was already applied is compared as a whole. */
function isBitmask(left: Expression, right: Expression): boolean {
  if (left.kind === 'binary') return false;
  const type = typeOf(left)?.type ?? typeOf(right)?.type;
  return right.kind === 'list' || (type !== undefined && DATATYPES[type].base === 'bitmask');
}

function boundsOf(
  right: Extract<Expression, { kind: 'range' | 'prefix' }>,
  bits: number | undefined,
): { readonly from: bigint; readonly to: bigint } | undefined {
  if (right.kind === 'prefix') return prefixRange(right, bits);
  const [from, to] = [constantOf(right.from), constantOf(right.to)];
  return typeof from === 'bigint' && typeof to === 'bigint' ? { from, to } : undefined;
}
