/** Statements of libnftables-json(5). */
import { isConcat, matchOf, partsOf, rejectOf } from '../build.ts';
import type { Expression } from '../expression.ts';
import type { Parts, Scope } from '../scope.ts';
import type { Log, Nat, Operator, Reject, Statement } from '../statement.ts';
import { symbolValue } from '../symbols.ts';
import { cursorOf } from '../text/cursor.ts';
import { setParts } from '../text/expression.ts';
import { tokenize } from '../text/lexer.ts';
import { NAME } from '../text/stateful.ts';
import { isTarget, statement as textStatement } from '../text/statement.ts';
import { elementOf } from './element.ts';
import { expressionOf, setOf } from './expression.ts';
import { statefulOf } from './stateful.ts';
import { isObject, type Json, type JsonObject, listOf, numberOf, single, textOf, words } from './value.ts';
import { isVerdictKey, verdictOf } from './verdict.ts';

/** Of a statement that no reader knows: one of kind `unknown`, with its JSON. */
export function statementOf(value: Json, scope: Scope): Statement {
  const entry = isObject(value) ? single(value) : undefined;
  const made = typeof value === 'string' ? written(value, scope) : entry && known(entry[0], entry[1], scope);
  const lost = made === undefined || holdsUnknown(made);
  return lost ? { kind: 'unknown', text: JSON.stringify(value).slice(0, 400), why: 'not known' } : made;
}

/** What nft has no JSON for it prints as text: `"jump { … }"`. */
function written(text: string, scope: Scope): Statement | undefined {
  const cursor = cursorOf(text, tokenize(text));
  const [first] = textStatement(cursor, scope);
  return cursor.fault === undefined ? first : undefined;
}

/** An expression that is not understood makes its whole statement so. */
function holdsUnknown(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsUnknown);
  if (typeof value !== 'object' || value === null) return false;
  if ((value as { kind?: unknown }).kind === 'unknown') return true;
  return Object.values(value).some(holdsUnknown);
}

const DEVICE: Parts = [{ type: 'iface_index', bits: 32 }];
const PORT: Parts = [{ type: 'inet_service', bits: 16 }];
const QUEUE: Parts = [{ type: 'integer', bits: 16 }];

function known(kind: string, value: Json, scope: Scope): Statement | undefined {
  if (isVerdictKey(kind)) {
    const verdict = verdictOf(kind, value);
    return verdict && { kind: 'verdict', verdict };
  }
  const stateful = statefulOf(kind, value, scope);
  if (stateful) return stateful;
  const object = isObject(value) ? value : {};
  switch (kind) {
    case 'match':
      return match(object, scope);
    case 'vmap': {
      const key = expressionOf(object.key ?? null, scope, undefined);
      return { kind: 'vmap', key, data: setOf(object.data ?? null, scope, partsOf(key), undefined) };
    }
    case 'mangle': {
      const target = expressionOf(object.key ?? null, scope, undefined);
      if (!isTarget(target)) return undefined;
      return { kind: 'set', target, value: expressionOf(object.value ?? null, scope, partsOf(target)) };
    }
    case 'ct helper':
    case 'ct timeout':
    case 'ct expectation':
      return { kind: 'object', object: kind, name: expressionOf(value, scope, NAME) };
    case 'notrack':
      return { kind: 'notrack' };
    case 'log':
      return log(object);
    case 'reject':
      return reject(object, scope);
    case 'snat':
    case 'dnat':
    case 'masquerade':
    case 'redirect':
      return nat(kind, object, scope);
    case 'tproxy':
      return { kind: 'tproxy', ...familyOf(object), ...target(object, scope) };
    case 'dup':
      return duplicate(object, scope);
    case 'fwd':
      return {
        kind: 'fwd',
        device: expressionOf(object.dev ?? null, scope, DEVICE),
        ...familyOf(object),
        ...(object.addr === undefined
          ? {}
          : { address: expressionOf(object.addr, scope, addressParts(textOf(object, 'family'), '')) }),
      };
    case 'queue':
      return {
        kind: 'queue',
        number: expressionOf(object.num ?? 0, scope, QUEUE),
        flags: (['bypass', 'fanout'] as const).filter((flag) => words(object.flags).includes(flag)),
      };
    case 'set':
    case 'map':
      return update(object, scope);
    case 'meter':
      return meter(object, scope);
    case 'synproxy':
      if (typeof value === 'string' || isObject(object.map)) {
        return { kind: 'object', object: 'synproxy', name: expressionOf(value, scope, NAME) };
      }
      return { kind: 'synproxy', ...synproxyOf(object) };
    case 'flow':
      return { kind: 'flow', flowtable: (textOf(object, 'flowtable') ?? '').replace(/^@/, '') };
    case 'reset': {
      const option = expressionOf(value, scope, undefined);
      return option.kind === 'option' ? { kind: 'reset', option } : undefined;
    }
    case 'xt': {
      const [type, name] = [textOf(object, 'type'), textOf(object, 'name')];
      return (type === 'match' || type === 'target' || type === 'watcher') && name !== undefined
        ? { kind: 'xt', type, name }
        : undefined;
    }
    default:
      return undefined;
  }
}

const OPERATORS: readonly Operator[] = ['==', '!=', '<', '>', '<=', '>=', '!'];

function match(value: JsonObject, scope: Scope): Statement | undefined {
  const word = textOf(value, 'op') ?? '==';
  const op = word === 'in' ? 'implicit' : OPERATORS.find((each) => each === word);
  if (!op) return undefined;
  const left = expressionOf(value.left ?? null, scope, undefined);
  return matchOf(op, left, expressionOf(value.right ?? null, scope, partsOf(left)));
}

function log(value: JsonObject): Log {
  const [prefix, group, snaplen] = [
    textOf(value, 'prefix'),
    numberOf(value, 'group'),
    numberOf(value, 'snaplen'),
  ];
  const [queueThreshold, level] = [numberOf(value, 'queue-threshold'), textOf(value, 'level')];
  return {
    kind: 'log',
    flags: words(value.flags),
    ...(prefix === undefined ? {} : { prefix }),
    ...(group === undefined ? {} : { group }),
    ...(snaplen === undefined ? {} : { snaplen }),
    ...(queueThreshold === undefined ? {} : { queueThreshold }),
    ...(level === undefined || level === 'warn' ? {} : { level }),
  };
}

function reject(value: JsonObject, scope: Scope): Reject | undefined {
  const type = textOf(value, 'type');
  if (type === undefined) return { kind: 'reject', with: 'default' };
  if (type === 'tcp reset') return { kind: 'reject', with: 'tcp reset' };
  if (type !== 'icmp' && type !== 'icmpv6' && type !== 'icmpx') return undefined;
  const code = value.expr;
  const number = typeof code === 'number' ? code : symbolValue(`${type}_code`, String(code));
  return number === undefined
    ? undefined
    : rejectOf(scope.family, { kind: 'reject', with: type, code: number });
}

function familyOf(value: JsonObject): { readonly family?: 'ip' | 'ip6' } {
  const family = textOf(value, 'family');
  return family === 'ip' || family === 'ip6' ? { family } : {};
}

/** Address, and port in a concatenation; by the text where nothing says the family. */
function addressParts(family: string | undefined, sample: string): Parts {
  const isIpv6 = family === 'ip6' || (family === undefined && sample.includes(':'));
  return [
    isIpv6 ? { type: 'ipv6_addr', bits: 128 } : { type: 'ipv4_addr', bits: 32 },
    { type: 'inet_service', bits: 16 },
  ];
}

interface Target {
  readonly address?: Expression;
  readonly port?: Expression;
}

function target(value: JsonObject, scope: Scope): Target {
  const own = scope.family === 'ip' || scope.family === 'ip6' ? scope.family : undefined;
  const family = textOf(value, 'family') ?? own;
  const { addr, port } = value;
  const parts = addressParts(family, typeof addr === 'string' ? addr : '');
  return {
    ...(addr === undefined ? {} : { address: expressionOf(addr, scope, parts) }),
    ...(port === undefined ? {} : { port: expressionOf(port, scope, PORT) }),
  };
}

function nat(type: Nat['type'], value: JsonObject, scope: Scope): Nat {
  const made = target(value, scope);
  const kinds = [...words(value.flags), ...words(value.type_flags)];
  const concat = kinds.includes('concat') || (made.address !== undefined && isConcat(scope, made.address));
  const prefix = kinds.includes('prefix') || (kinds.includes('netmap') && made.address?.kind === 'map');
  return {
    kind: 'nat',
    type,
    ...familyOf(value),
    ...made,
    ...(concat ? { concat: true } : {}),
    ...(prefix ? { prefix: true } : {}),
    flags: (['random', 'fully-random', 'persistent'] as const).filter((flag) => kinds.includes(flag)),
  };
}

/** A device in tables of netdev, there called `addr` all the same. */
function duplicate(value: JsonObject, scope: Scope): Statement {
  if (scope.family === 'netdev')
    return { kind: 'dup', device: expressionOf(value.addr ?? value.dev ?? null, scope, DEVICE) };
  return {
    kind: 'dup',
    address: expressionOf(value.addr ?? null, scope, addressParts(scope.family, '')),
    ...(value.dev === undefined ? {} : { device: expressionOf(value.dev, scope, DEVICE) }),
  };
}

function update(value: JsonObject, scope: Scope): Statement | undefined {
  const op = textOf(value, 'op');
  if (op !== 'add' && op !== 'update' && op !== 'delete') return undefined;
  const set = (textOf(value, 'set') ?? textOf(value, 'map') ?? '').replace(/^@/, '');
  const { key, data } = setParts(scope, set);
  const element = elementOf(value.elem ?? null, value.data, scope, key, data);
  const statements = listOf(value.stmt).map((each) => statementOf(each, scope));
  const all = [...(element.statements ?? []), ...statements];
  return { kind: 'update', op, set, element: all.length > 0 ? { ...element, statements: all } : element };
}

function meter(value: JsonObject, scope: Scope): Statement {
  const size = numberOf(value, 'size');
  const { key, timeout } = elementOf(value.key ?? null, undefined, scope, undefined, undefined);
  return {
    kind: 'meter',
    name: textOf(value, 'name') ?? '',
    ...(size === undefined ? {} : { size }),
    key,
    ...(timeout === undefined ? {} : { timeout }),
    statements: listOf(value.stmt).map((each) => statementOf(each, scope)),
  };
}

export function synproxyOf(value: JsonObject): {
  readonly mss?: number;
  readonly wscale?: number;
  readonly flags: readonly ('timestamp' | 'sack-perm')[];
} {
  const [mss, wscale] = [numberOf(value, 'mss'), numberOf(value, 'wscale')];
  return {
    ...(mss === undefined ? {} : { mss }),
    ...(wscale === undefined ? {} : { wscale }),
    flags: (['timestamp', 'sack-perm'] as const).filter((flag) => words(value.flags).includes(flag)),
  };
}
