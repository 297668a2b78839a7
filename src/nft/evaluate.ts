/** Expressions on a packet: the eval functions of net/netfilter/nft_*.c. */
import { jhashBytes, scaleHash } from '../base/jhash.ts';
import { isUnknown, type Unknown, unknown } from '../base/ternary.ts';
import type { NftContext } from './context.ts';
import { loadCt } from './ct.ts';
import { DATATYPES } from './datatype.ts';
import { combine, constantOf } from './elements.ts';
import type { Expression } from './expression.ts';
import { loadFib } from './fib.ts';
import { type Found, lookup, lookupHere } from './lookup.ts';
import { loadMeta } from './meta.ts';
import { loadExtension, loadOption } from './option-load.ts';
import { loadPayload } from './payload.ts';
import type { KeyPart, NftSet, SetElement } from './set.ts';
import { recordOf } from './state.ts';
import { updateElement } from './stateful.ts';
import { typeOf } from './type-of.ts';
import { isValue, type Loaded, maskOfBits, registerBytes, type Value } from './value.ts';

export function evaluate(ctx: NftContext, expression: Expression): Loaded {
  switch (expression.kind) {
    case 'constant':
    case 'text':
    case 'list':
      return constantOf(expression) ?? unknown('a constant that is no number');
    case 'concat':
      return allOf(expression.parts.map((part) => evaluate(ctx, part)));
    case 'payload':
      return loadPayload(ctx, expression);
    case 'exthdr':
      return loadExtension(ctx, expression);
    case 'option':
      return loadOption(ctx, expression);
    case 'meta':
      return loadMeta(ctx, expression.key);
    case 'ct':
      return loadCt(ctx, expression);
    case 'fib':
      return loadFib(ctx, expression);
    case 'rt':
      return loadRoute(ctx, expression);
    case 'socket':
      return loadSocket(ctx, expression.key);
    case 'numgen':
      return generate(ctx, expression);
    case 'jhash':
      return hash(ctx, expression);
    case 'symhash':
      return expression.mod === 1 ? BigInt(expression.offset) : unknown('a hash that is keyed at random');
    case 'binary':
      return calculate(ctx, expression);
    case 'map':
      return mapped(ctx, expression);
    case 'ipsec':
      return undefined;
    case 'osf':
      return unknown('the operating system’s fingerprint (nfnl_osf)');
    case 'verdict':
    case 'range':
    case 'prefix':
    case 'any':
    case 'set':
    case 'set-ref':
      return unknown(`a ${expression.kind} where a value is expected`);
    case 'unknown':
      return unknown(expression.why);
  }
}

/** nft_socket_eval() */
function loadSocket(
  { skb, hook, namespace }: NftContext,
  key: Extract<Expression, { kind: 'socket' }>['key'],
): Loaded {
  const why = 'the socket that the packet belongs to (ss -tunape --inet-sockopt)';
  if (key === 'cgroupv2' || hook === 'output') return unknown(why);
  const found = namespace.socket ? namespace.socket(skb) : unknown(why);
  if (!found || isUnknown(found)) return found;
  if (key === 'wildcard') return found.wildcard ? 1n : 0n;
  if (key === 'mark') return typeof found.mark === 'number' ? BigInt(found.mark) : found.mark;
  return typeof found.transparent === 'boolean' ? (found.transparent ? 1n : 0n) : found.transparent;
}

/** What isn't there ends the rule, whatever else is unknown. */
function allOf(parts: readonly Loaded[]): Loaded {
  if (parts.includes(undefined)) return undefined;
  const open = parts.find((part) => part !== undefined && isUnknown(part));
  return open ?? (parts as Value[]);
}

function loadRoute(
  { route, skb, namespace }: NftContext,
  { key }: Extract<Expression, { kind: 'rt' }>,
): Loaded {
  if (!route) return undefined;
  switch (key) {
    case 'ipsec':
      return 0n;
    case 'nexthop':
      return BigInt(route.nexthop);
    case 'classid':
      return realmOf(namespace.realms());
    case 'mtu': {
      const mtu = namespace.pathMtu?.(skb);
      if (mtu === undefined) return unknown('the MTU of the route (ip route, ip link)');
      return isUnknown(mtu) ? mtu : BigInt(Math.max(0, mtu - (skb.family === 4 ? 40 : 60)));
    }
  }
}

function realmOf(realms: number | Unknown): Loaded {
  return typeof realms === 'number' ? BigInt(realms) : realms;
}

/** nft_ng_inc_gen(): begins with the last, so that the first packet gets 0. */
function generate(ctx: NftContext, expression: Extract<Expression, { kind: 'numgen' }>): Loaded {
  const { mode, mod, offset } = expression;
  if (mod <= 1) return BigInt(offset);
  if (mode === 'random') return unknown('the kernel draws a random number');
  const record = recordOf(ctx.state, expression, '', () => ({ next: 0 }));
  const value = record.next;
  record.next = (value + 1) % mod;
  return BigInt(value + offset);
}

function hash(ctx: NftContext, of: Extract<Expression, { kind: 'jhash' }>): Loaded {
  const value = evaluate(ctx, of.expression);
  if (!isValue(value)) return value;
  if (of.mod === 1) return BigInt(of.offset);
  if (of.seed === undefined) return unknown('the seed of jhash, which the kernel drew at random');
  const hashed = jhashBytes(registerBytes(value, partsOf(of.expression)), of.seed);
  return BigInt((of.mod === 0 ? hashed : scaleHash(hashed, of.mod)) + of.offset);
}

function partsOf(expression: Expression): KeyPart[] {
  const parts = expression.kind === 'concat' ? expression.parts : [expression];
  return parts.map((part) => typeOf(part) ?? { type: 'integer', bits: 32 });
}

function calculate(ctx: NftContext, of: Extract<Expression, { kind: 'binary' }>): Loaded {
  const both = allOf([evaluate(ctx, of.left), evaluate(ctx, of.right)]);
  if (!isValue(both)) return both;
  const [left, right] = both as readonly Value[];
  if (typeof left !== 'bigint' || typeof right !== 'bigint') return unknown('arithmetic with names');
  const type = typeOf(of.left) ?? typeOf(of.right);
  const bits = type && (type.bits || DATATYPES[type.type].bits);
  const value = combine(of.op, left, right);
  return bits ? value & maskOfBits(Math.max(bits, of.op === '<<' ? 32 : bits)) : value;
}

function mapped(ctx: NftContext, { key, data }: Extract<Expression, { kind: 'map' }>): Loaded {
  const found = findIn(ctx, key, data);
  if (found === undefined || isUnknown(found)) return found;
  if (!found.data) return undefined;
  if (isValue(found.data as Value)) return found.data as Value;
  if (typeof found.data === 'object' && 'expression' in found.data) {
    return evaluateData(ctx, found.data.expression);
  }
  return unknown('a verdict where a value is expected');
}

/** Ranges and prefixes are data of nat maps; they stay what they are until nat takes them apart. */
function evaluateData(ctx: NftContext, expression: Expression): Loaded {
  return evaluate(ctx, expression);
}

/** The element of a set or map that the packet's key meets; its statements (counters, limits) have seen the packet then. */
export function findIn(ctx: NftContext, key: Expression, data: Expression): Found | Unknown | undefined {
  const value = evaluate(ctx, key);
  if (!isValue(value)) return value;
  return findValue(ctx, value, data);
}

export function findValue(ctx: NftContext, value: Value, data: Expression): Found | Unknown | undefined {
  const elements = elementsOf(ctx, data);
  if (isUnknown(elements)) return elements;
  const found = 'elements' in elements ? lookup(ctx, elements, value) : lookupHere(elements.here, value);
  if (!found) return undefined;
  return updateElement(ctx, found) ? found : undefined;
}

function elementsOf(
  { table }: NftContext,
  data: Expression,
): NftSet | { readonly here: readonly SetElement[] } | Unknown {
  if (data.kind === 'set') return { here: data.elements };
  if (data.kind !== 'set-ref') return unknown('a set that was not understood');
  return (
    table.sets.find(({ name }) => name === data.name) ??
    unknown(`set ${data.name} is not in the dump (nft list ruleset)`)
  );
}
