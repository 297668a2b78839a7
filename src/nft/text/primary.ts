/** What a rule asks of packets (primary_expr of src/parser_bison.y in nftables). */
import type { Expression } from '../expression.ts';
import { EXTENSION_HEADERS } from '../extension-header.ts';
import { HEADERS } from '../header.ts';
import type { Scope } from '../scope.ts';
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
import {
  type Cursor,
  expectSymbol,
  expectWord,
  fail,
  isSymbol,
  peekWord,
  skipSymbol,
  skipWord,
  takeNumber,
  takeWord,
} from './cursor.ts';

/** Keys of `meta` that stand without it. */
const BARE_META = new Set(
  'mark iif iifname iiftype iifgroup iifkind oif oifname oiftype oifgroup oifkind skuid skgid nftrace rtclassid ibrname obrname ibriport obriport pkttype cpu cgroup sdif sdifname'.split(
    ' ',
  ),
);

/** Undefined: no selector begins here, and nothing was taken. */
export function selector(cursor: Cursor, scope: Scope, nested: () => Expression): Expression | undefined {
  const word = peekWord(cursor);
  if (word === undefined) return isSymbol(cursor, '@') ? raw(cursor) : undefined;
  const next = peekWord(cursor, 1);
  switch (word) {
    case 'meta':
      cursor.at++;
      return found(cursor, metaOf(takeWord(cursor, 'a key of meta')), 'a key of meta');
    case 'ct':
      return ct(cursor, scope);
    case 'fib':
      return fib(cursor);
    case 'socket':
      return socket(cursor);
    case 'osf':
      return osf(cursor);
    case 'numgen':
      return numgen(cursor);
    case 'jhash':
      return jhash(cursor, nested);
    case 'symhash':
      cursor.at++;
      return { kind: 'symhash', ...modulus(cursor) };
    case 'exthdr':
      cursor.at++;
      return found(
        cursor,
        extensionOf(takeWord(cursor, 'an extension header'), undefined),
        'an extension header',
      );
    case 'ipsec':
      if (next === 'in' || next === 'out') return ipsec(cursor);
      cursor.at++;
      return { kind: 'meta', key: 'ipsec' };
    case 'rt':
      if (/^(?:classid|nexthop|mtu|ipsec|ip|ip6)$/.test(next ?? '')) return route(cursor);
      return extension(cursor, word);
    case 'tcp':
    case 'ip':
    case 'dccp':
      if (next === 'option') return option(cursor, word);
      break;
    case 'sctp':
      if (next === 'chunk') return chunk(cursor);
      break;
    default:
      if (BARE_META.has(word)) {
        cursor.at++;
        return metaOf(word);
      }
  }
  if (Object.hasOwn(HEADERS(), word) && next !== undefined) {
    const fields = HEADERS()[word]?.fields ?? {};
    if (Object.hasOwn(fields, next)) {
      cursor.at += 2;
      return payloadOf(word, next);
    }
    const pair = `${next} ${peekWord(cursor, 2) ?? ''}`;
    if (Object.hasOwn(fields, pair)) {
      cursor.at += 3;
      return payloadOf(word, pair);
    }
  }
  return Object.hasOwn(EXTENSION_HEADERS(), word) && next !== undefined ? extension(cursor, word) : undefined;
}

function found(cursor: Cursor, expression: Expression | undefined, expected: string): Expression {
  if (expression) return expression;
  cursor.at--;
  fail(cursor, expected);
  cursor.at++;
  return { kind: 'unknown', text: '', why: expected };
}

/** `@th,16,16`; `@name` is for whoever reads constants. */
function raw(cursor: Cursor): Expression | undefined {
  if (!isSymbol(cursor, ',', 2)) return undefined;
  cursor.at++;
  const base = takeWord(cursor, 'll, nh, th or ih');
  expectSymbol(cursor, ',');
  const offset = takeNumber(cursor);
  expectSymbol(cursor, ',');
  return found(cursor, rawPayload(base, offset, takeNumber(cursor)), 'a payload');
}

const CT_WITH_FAMILY = new Set(['saddr', 'daddr']);

function ct(cursor: Cursor, scope: Scope): Expression {
  cursor.at++;
  const next = peekWord(cursor, 1);
  const first = peekWord(cursor);
  const isDirection = (first === 'original' || first === 'reply') && next !== undefined;
  const direction = isDirection ? takeWord(cursor, 'a direction') : undefined;
  const family = CT_WITH_FAMILY.has(peekWord(cursor, 1) ?? '') && skipWord(cursor, 'ip') ? 'ip ' : '';
  const other =
    family === '' && CT_WITH_FAMILY.has(peekWord(cursor, 1) ?? '') && skipWord(cursor, 'ip6')
      ? 'ip6 '
      : family;
  const key = takeWord(cursor, 'a key of ct');
  return found(cursor, ctOf(`${other}${key}`, direction, scope.family), 'a key of ct');
}

type Fib = Extract<Expression, { kind: 'fib' }>;
const FIB_FLAGS: readonly Fib['flags'][number][] = ['saddr', 'daddr', 'mark', 'iif', 'oif'];
const FIB_RESULTS: readonly Fib['result'][] = ['oif', 'oifname', 'type', 'check'];

function fib(cursor: Cursor): Expression {
  cursor.at++;
  const flags: Fib['flags'][number][] = [];
  do {
    const word = takeWord(cursor, 'saddr, daddr, mark, iif or oif');
    const flag = FIB_FLAGS.find((each) => each === word);
    if (!flag) return found(cursor, undefined, 'saddr, daddr, mark, iif or oif');
    flags.push(flag);
  } while (skipSymbol(cursor, '.'));
  const word = takeWord(cursor, 'oif, oifname or type');
  const result = FIB_RESULTS.find((each) => each === word);
  return result ? { kind: 'fib', flags, result } : found(cursor, undefined, 'oif, oifname or type');
}

function family(cursor: Cursor): { readonly family?: 'ip' | 'ip6' } {
  if (skipWord(cursor, 'ip')) return { family: 'ip' };
  return skipWord(cursor, 'ip6') ? { family: 'ip6' } : {};
}

function route(cursor: Cursor): Expression {
  cursor.at++;
  const of = family(cursor);
  const word = takeWord(cursor, 'classid, nexthop, mtu or ipsec');
  if (word === 'classid' || word === 'nexthop' || word === 'mtu' || word === 'ipsec') {
    return { kind: 'rt', key: word, ...of };
  }
  return found(cursor, undefined, 'classid, nexthop, mtu or ipsec');
}

function socket(cursor: Cursor): Expression {
  cursor.at++;
  const word = takeWord(cursor, 'transparent, mark, wildcard or cgroupv2');
  if (word === 'cgroupv2') {
    expectWord(cursor, 'level');
    return { kind: 'socket', key: word, level: takeNumber(cursor) };
  }
  if (word === 'transparent' || word === 'mark' || word === 'wildcard') return { kind: 'socket', key: word };
  return found(cursor, undefined, 'transparent, mark, wildcard or cgroupv2');
}

function osf(cursor: Cursor): Expression {
  cursor.at++;
  const ttl = skipWord(cursor, 'ttl') ? takeWord(cursor, 'loose or skip') : undefined;
  const word = takeWord(cursor, 'name or version');
  if (word !== 'name' && word !== 'version') return found(cursor, undefined, 'name or version');
  return { kind: 'osf', key: word, ...(ttl === 'loose' || ttl === 'skip' ? { ttl } : {}) };
}

function ipsec(cursor: Cursor): Expression {
  cursor.at++;
  const direction = takeWord(cursor, 'in or out') === 'out' ? 'out' : 'in';
  const spnum = skipWord(cursor, 'spnum') ? takeNumber(cursor) : 0;
  const of = family(cursor);
  const word = takeWord(cursor, 'reqid, spi, saddr or daddr');
  if (word === 'reqid' || word === 'spi' || word === 'saddr' || word === 'daddr') {
    return { kind: 'ipsec', direction, spnum, key: word, ...of };
  }
  return found(cursor, undefined, 'reqid, spi, saddr or daddr');
}

function modulus(cursor: Cursor): { readonly mod: number; readonly offset: number } {
  expectWord(cursor, 'mod');
  const mod = takeNumber(cursor);
  return { mod, offset: skipWord(cursor, 'offset') ? takeNumber(cursor) : 0 };
}

function numgen(cursor: Cursor): Expression {
  cursor.at++;
  const word = takeWord(cursor, 'inc or random');
  if (word !== 'inc' && word !== 'random') return found(cursor, undefined, 'inc or random');
  return { kind: 'numgen', mode: word, ...modulus(cursor) };
}

function jhash(cursor: Cursor, nested: () => Expression): Expression {
  cursor.at++;
  const expression = nested();
  expectWord(cursor, 'mod');
  const mod = takeNumber(cursor);
  const seed = skipWord(cursor, 'seed') ? takeNumber(cursor) : undefined;
  const offset = skipWord(cursor, 'offset') ? takeNumber(cursor) : 0;
  return { kind: 'jhash', expression, mod, ...(seed === undefined ? {} : { seed }), offset };
}

function extension(cursor: Cursor, name: string): Expression {
  cursor.at++;
  let field = takeWord(cursor, `a field of ${name}`);
  if (isSymbol(cursor, '[') && isSymbol(cursor, ']', 2)) {
    field += `[${peekWord(cursor, 1) ?? ''}]`;
    cursor.at += 3;
  }
  return found(cursor, extensionOf(name, field), `a field of ${name}`);
}

function chunk(cursor: Cursor): Expression {
  cursor.at += 2;
  const name = takeWord(cursor, 'a chunk');
  const next = peekWord(cursor) ?? '';
  const withField = chunkOf(name, next);
  if (withField) cursor.at++;
  return withField ?? found(cursor, chunkOf(name, undefined), 'a chunk');
}

function option(cursor: Cursor, header: 'tcp' | 'ip' | 'dccp'): Expression {
  cursor.at += 2;
  if (skipSymbol(cursor, '@')) {
    const number = takeNumber(cursor);
    expectSymbol(cursor, ',');
    const offset = takeNumber(cursor);
    expectSymbol(cursor, ',');
    return rawOption(header, number, offset, takeNumber(cursor));
  }
  let name = takeWord(cursor, 'an option');
  // `sack 0 left` is an old way to write `sack0 left`.
  if (name === 'sack' && /^[0-3]$/.test(peekWord(cursor) ?? '')) name += takeWord(cursor, 'a block');
  const withField = optionOf(header, name, peekWord(cursor) ?? '');
  if (withField) cursor.at++;
  return withField ?? found(cursor, optionOf(header, name, undefined), 'an option');
}
