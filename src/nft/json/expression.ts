/** Expressions of libnftables-json(5), read into the same form as those of the text. */
import { type BinaryOp, binaryOf, listOf as bitsOf, partsOf } from '../build.ts';
import { readConstant } from '../constant.ts';
import type { Expression } from '../expression.ts';
import type { Parts, Scope } from '../scope.ts';
import {
  chunkOf,
  ctOf,
  extensionOf,
  metaOf,
  optionOf,
  payloadOf,
  rawOption,
  rawPayload,
} from '../selector.ts';
import type { KeyPart } from '../set.ts';
import { prefixOf } from '../text/expression.ts';
import { elementsOf } from './element.ts';
import { isObject, type Json, type JsonObject, numberOf, single, textOf, words } from './value.ts';
import { isVerdictKey, verdictOf } from './verdict.ts';

const MAX_DEPTH = 40;

export function unknownExpression(value: Json, why: string): Expression {
  return { kind: 'unknown', text: JSON.stringify(value).slice(0, 400), why };
}

export function expressionOf(value: Json, scope: Scope, parts: Parts, depth = 0): Expression {
  if (depth > MAX_DEPTH) return unknownExpression(null, 'too many levels');
  if (typeof value === 'string') return word(value, parts?.[0]);
  if (typeof value === 'number') return number(value, parts?.[0]);
  if (typeof value === 'boolean') return { kind: 'constant', type: 'boolean', value: value ? 1n : 0n };
  if (Array.isArray(value)) return bitsOf(value.map((item) => expressionOf(item, scope, parts, depth + 1)));
  const entry = value === null ? undefined : single(value);
  return (entry && object(entry[0], entry[1], scope, parts, depth)) ?? unknownExpression(value, 'not known');
}

function word(value: string, part: KeyPart | undefined): Expression {
  if (value === '*' && part?.type !== 'ifname' && part?.type !== 'string') return { kind: 'any' };
  if (value === '*') return { kind: 'any' };
  if (value.startsWith('@')) return { kind: 'set-ref', name: value.slice(1) };
  return readConstant(value, part) ?? unknownExpression(value, `no ${part?.type ?? 'value'}`);
}

function number(value: number, part: KeyPart | undefined): Expression {
  if (!Number.isInteger(value) || value < 0) return unknownExpression(value, 'no natural number');
  return (
    readConstant(BigInt(value).toString(), part) ?? unknownExpression(value, `no ${part?.type ?? 'value'}`)
  );
}

const BINARY: readonly BinaryOp[] = ['&', '|', '^', '<<', '>>'];

function object(key: string, value: Json, scope: Scope, parts: Parts, depth: number): Expression | undefined {
  const inner = (each: Json, part: Parts = parts) => expressionOf(each, scope, part, depth + 1);
  const op = BINARY.find((each) => each === key);
  if (op) return Array.isArray(value) ? operators(op, value, scope, parts, depth) : undefined;
  if (isVerdictKey(key)) {
    const verdict = verdictOf(key, value);
    return verdict && { kind: 'verdict', verdict };
  }
  if (key === 'concat' && Array.isArray(value)) {
    return {
      kind: 'concat',
      parts: value.map((each, i) => inner(each, parts?.[i] && [parts[i] as KeyPart])),
    };
  }
  if (key === 'set') {
    const list = Array.isArray(value) ? value : [value];
    return { kind: 'set', elements: elementsOf(list, scope, parts, undefined, depth + 1) };
  }
  if (key === 'range' && Array.isArray(value) && value.length === 2) {
    return { kind: 'range', from: inner(value[0] ?? null), to: inner(value[1] ?? null) };
  }
  if (!isObject(value)) return key === 'symhash' || key === 'numgen' ? undefined : undefined;
  switch (key) {
    case 'prefix': {
      const length = numberOf(value, 'len') ?? 0;
      return length >= 0 && length <= 128 && Number.isInteger(length)
        ? prefixOf(inner(value.addr ?? null), length)
        : undefined;
    }
    case 'map': {
      const from = inner(value.key ?? null, undefined);
      return {
        kind: 'map',
        key: from,
        data: setOf(value.data ?? null, scope, partsOf(from), parts, depth + 1),
      };
    }
    case 'elem':
      return inner(value.val ?? null);
    default:
      return selector(key, value, scope, depth);
  }
}

/** What stands behind `map` and `vmap`. */
export function setOf(value: Json, scope: Scope, key: Parts, data: Parts, depth = 0): Expression {
  if (typeof value === 'string' && value.startsWith('@')) return { kind: 'set-ref', name: value.slice(1) };
  const elements = isObject(value) ? value.set : undefined;
  if (!Array.isArray(elements)) return unknownExpression(value, 'no set');
  return { kind: 'set', elements: elementsOf(elements, scope, key, data, depth + 1) };
}

/** Two operands, or more of them from left to right. */
function operators(op: BinaryOp, value: Json[], scope: Scope, parts: Parts, depth: number): Expression {
  if (value.length > MAX_DEPTH) return unknownExpression(null, 'too many operands');
  const [first = null, ...rest] = value;
  let left = expressionOf(first, scope, parts, depth + 1);
  for (const each of rest) {
    const type: Parts =
      op === '<<' || op === '>>' ? [{ type: 'integer', bits: 0 }] : (partsOf(left) ?? parts);
    left = binaryOf(op, left, expressionOf(each, scope, type, depth + 1));
  }
  return left;
}

function modulus(value: JsonObject): { readonly mod: number; readonly offset: number } {
  return { mod: numberOf(value, 'mod') ?? 0, offset: numberOf(value, 'offset') ?? 0 };
}

function family(value: JsonObject): { readonly family?: 'ip' | 'ip6' } {
  const name = textOf(value, 'family');
  return name === 'ip' || name === 'ip6' ? { family: name } : {};
}

function selector(kind: string, value: JsonObject, scope: Scope, depth: number): Expression | undefined {
  const field = textOf(value, 'field');
  const key = textOf(value, 'key') ?? '';
  const name = textOf(value, 'name') ?? '';
  switch (kind) {
    case 'payload': {
      const base = textOf(value, 'base');
      if (base !== undefined)
        return rawPayload(base, numberOf(value, 'offset') ?? 0, numberOf(value, 'len') ?? 0);
      return payloadOf(textOf(value, 'protocol') ?? '', field ?? '');
    }
    case 'meta':
      return metaOf(key);
    case 'ct':
      return ctOf(
        textOf(value, 'family') ? `${textOf(value, 'family')} ${key}` : key,
        textOf(value, 'dir'),
        scope.family,
      );
    case 'exthdr':
      return extensionOf(name, field);
    case 'sctp chunk':
      return chunkOf(name, field);
    case 'ip option':
      return optionOf('ip', name, field);
    case 'dccp option':
      return optionOf('dccp', textOf(value, 'type') ?? name, field);
    case 'tcp option':
      return tcpOption(value, name, field);
    case 'fib':
      return fib(value);
    case 'rt':
      return key === 'classid' || key === 'nexthop' || key === 'mtu' || key === 'ipsec'
        ? { kind: 'rt', key, ...family(value) }
        : undefined;
    case 'socket': {
      const level = numberOf(value, 'level');
      return key === 'transparent' || key === 'mark' || key === 'wildcard' || key === 'cgroupv2'
        ? { kind: 'socket', key, ...(level === undefined ? {} : { level }) }
        : undefined;
    }
    case 'osf': {
      const ttl = textOf(value, 'ttl');
      return key === 'name' || key === 'version'
        ? { kind: 'osf', key, ...(ttl === 'loose' || ttl === 'skip' ? { ttl } : {}) }
        : undefined;
    }
    case 'ipsec':
      if (key !== 'reqid' && key !== 'spi' && key !== 'saddr' && key !== 'daddr') return undefined;
      return {
        kind: 'ipsec',
        direction: textOf(value, 'dir') === 'out' ? 'out' : 'in',
        spnum: numberOf(value, 'spnum') ?? 0,
        key,
        ...family(value),
      };
    case 'numgen': {
      const mode = textOf(value, 'mode');
      return mode === 'inc' || mode === 'random' ? { kind: 'numgen', mode, ...modulus(value) } : undefined;
    }
    case 'symhash':
      return { kind: 'symhash', ...modulus(value) };
    case 'jhash': {
      const seed = numberOf(value, 'seed');
      const expression = expressionOf(value.expr ?? null, scope, undefined, depth + 1);
      const { mod, offset } = modulus(value);
      return { kind: 'jhash', expression, mod, ...(seed === undefined ? {} : { seed }), offset };
    }
    default:
      return undefined;
  }
}

/** `base`, `offset` and `len` are of options that nft has no name for; eight bits at 0 ask whether it is there. */
function tcpOption(value: JsonObject, name: string, field: string | undefined): Expression | undefined {
  const base = numberOf(value, 'base');
  if (base === undefined) return optionOf('tcp', name, field);
  const [offset, bits] = [numberOf(value, 'offset') ?? 0, numberOf(value, 'len') ?? 0];
  return offset === 0 && bits === 8
    ? rawOption('tcp', base, 0, 0, 'boolean')
    : rawOption('tcp', base, offset, bits);
}

type Fib = Extract<Expression, { kind: 'fib' }>;
const FIB_FLAGS: readonly Fib['flags'][number][] = ['saddr', 'daddr', 'mark', 'iif', 'oif'];
const FIB_RESULTS: readonly Fib['result'][] = ['oif', 'oifname', 'type', 'check'];

function fib(value: JsonObject): Expression | undefined {
  const given = words(value.flags);
  const flags = FIB_FLAGS.filter((flag) => given.includes(flag));
  const result = FIB_RESULTS.find((each) => each === textOf(value, 'result'));
  return result && flags.length === given.length ? { kind: 'fib', flags, result } : undefined;
}
