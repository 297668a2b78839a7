/** Expressions and statements in their one normal form, whichever way they were written. */
import { DATATYPES, type Datatype } from './datatype.ts';
import type { Constant, Expression } from './expression.ts';
import type { NftFamily } from './ruleset.ts';
import { dataParts, type Parts, type Scope } from './scope.ts';
import type { Operator, Reject, Statement } from './statement.ts';
import { typeOf } from './type-of.ts';

export type BinaryOp = Extract<Expression, { kind: 'binary' }>['op'];

/** The types of an expression's parts, to read what is held against it. */
export function partsOf(expression: Expression): Parts {
  if (expression.kind === 'concat') {
    const parts = expression.parts.flatMap(
      (part) => partsOf(part) ?? [{ type: 'integer' as const, bits: 0 }],
    );
    return parts;
  }
  if (expression.kind === 'map') return undefined;
  const type = typeOf(expression);
  return type && [type];
}

/** Bits that are all constants are one constant. */
export function listOf(items: readonly Expression[]): Expression {
  const [first] = items;
  if (items.length === 1 && first) return first;
  const constants = items.filter((item): item is Constant => item.kind === 'constant');
  if (
    constants.length !== items.length ||
    !constants.every((item) => DATATYPES[item.type].base === 'bitmask')
  ) {
    return { kind: 'list', items };
  }
  return merge(constants);
}

function merge(constants: readonly Constant[]): Constant {
  const type: Datatype = constants[0]?.type ?? 'integer';
  return { kind: 'constant', type, value: constants.reduce((sum, item) => sum | item.value, 0n) };
}

/** Of constants: their value. */
export function binaryOf(op: BinaryOp, left: Expression, right: Expression): Expression {
  if (left.kind !== 'constant' || right.kind !== 'constant') return { kind: 'binary', op, left, right };
  const [a, b] = [left.value, right.value];
  const shift = b > 256n ? 256n : b;
  const value =
    op === '&' ? a & b : op === '|' ? a | b : op === '^' ? a ^ b : op === '<<' ? a << shift : a >> shift;
  return { ...left, value };
}

/** `implicit` is kept where it means something of its own: any of the bits. */
export function matchOf(op: Operator, left: Expression, right: Expression): Statement {
  const type = typeOf(left)?.type;
  const asksBits =
    left.kind !== 'binary' &&
    type !== undefined &&
    DATATYPES[type].base === 'bitmask' &&
    (right.kind === 'constant' || right.kind === 'list' || right.kind === 'text');
  return {
    kind: 'match',
    op: op === 'implicit' && !asksBits ? '==' : op,
    left: addressed(left, right),
    right,
  };
}

/** `ct original saddr 10.0.0.1` says by its address which family it means. */
function addressed(left: Expression, right: Expression): Expression {
  if (left.kind !== 'ct' || left.family !== undefined || (left.key !== 'saddr' && left.key !== 'daddr'))
    return left;
  const first = right.kind === 'prefix' ? right.address : right.kind === 'range' ? right.from : right;
  if (first.kind !== 'constant' || first.type !== 'ipv6_addr') return left;
  return { ...left, family: first.value >> 32n === 0xffffn ? 'ip' : 'ip6' };
}

/** A bare `reject` is the family's port unreachable, which nft prints as `reject` alone where it is of all families. */
export function rejectOf(family: NftFamily, reject: Reject): Reject {
  const usual =
    family === 'ip'
      ? { with: 'icmp', code: 3 }
      : family === 'ip6'
        ? { with: 'icmpv6', code: 4 }
        : { with: 'icmpx', code: 1 };
  return reject.with === usual.with && reject.code === usual.code
    ? { kind: 'reject', with: 'default' }
    : reject;
}

/** Does the address come with a port: `dnat ip to … map { … : 10.0.0.1 . 80 }`? */
export function isConcat(scope: Scope, address: Expression): boolean {
  if (address.kind === 'concat') return true;
  if (address.kind !== 'map') return false;
  if (address.data.kind === 'set') return address.data.elements.some(({ data }) => data?.kind === 'concat');
  if (address.data.kind !== 'set-ref') return false;
  return (dataParts(scope.sets.get(address.data.name))?.length ?? 0) > 1;
}
