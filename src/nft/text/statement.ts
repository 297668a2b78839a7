/** One statement of a rule (stmt of src/parser_bison.y in nftables). */
import { wordTable } from '../../base/word-table.ts';
import { matchOf, partsOf, rejectOf } from '../build.ts';
import type { Expression } from '../expression.ts';
import type { Parts, Scope } from '../scope.ts';
import type { ObjectKind } from '../set.ts';
import type { Log, Operator, Reject, SetTarget, Statement } from '../statement.ts';
import { symbolValue } from '../symbols.ts';
import {
  type Cursor,
  expectSymbol,
  expectWord,
  fail,
  isSymbol,
  peek,
  peekWord,
  skipSymbol,
  skipWord,
  takeName,
  takeNumber,
  takeWord,
} from './cursor.ts';
import { element } from './element.ts';
import { expression, list, setOrReference, setParts } from './expression.ts';
import { nat, tproxy } from './nat.ts';
import { isStateful, NAME, stateful } from './stateful.ts';
import { isVerdict, verdict } from './verdict.ts';

export function statement(cursor: Cursor, scope: Scope): readonly Statement[] {
  const word = peekWord(cursor);
  if (isVerdict(cursor)) return [{ kind: 'verdict', verdict: verdict(cursor, scope) }];
  if (isStateful(cursor)) return [stateful(cursor, scope)];
  const special = word === undefined ? undefined : keyword(cursor, scope, word);
  return special ? [special] : [relation(cursor, scope)];
}

/** Undefined: it begins with an expression. */
function keyword(cursor: Cursor, scope: Scope, word: string): Statement | undefined {
  const next = peekWord(cursor, 1);
  switch (word) {
    case 'log':
      cursor.at++;
      return log(cursor);
    case 'reject':
      cursor.at++;
      return reject(cursor, scope);
    case 'notrack':
      cursor.at++;
      return { kind: 'notrack' };
    case 'snat':
    case 'dnat':
    case 'masquerade':
    case 'redirect':
      cursor.at++;
      return nat(cursor, scope, word);
    case 'tproxy':
      cursor.at++;
      return tproxy(cursor, scope);
    case 'dup':
      cursor.at++;
      return duplicate(cursor, scope);
    case 'fwd':
      cursor.at++;
      return forward(cursor, scope);
    case 'queue':
      cursor.at++;
      return queue(cursor, scope);
    case 'synproxy':
      cursor.at++;
      if (skipWord(cursor, 'name')) {
        return { kind: 'object', object: 'synproxy', name: expression(cursor, scope, 'selector', NAME) };
      }
      return { kind: 'synproxy', ...synproxy(cursor) };
    case 'flow':
      if (next !== 'add' && next !== 'offload') return undefined;
      cursor.at += 2;
      expectSymbol(cursor, '@');
      return { kind: 'flow', flowtable: takeName(cursor, 'a flowtable') };
    case 'add':
    case 'update':
    case 'delete':
      cursor.at++;
      return update(cursor, scope, word);
    case 'set':
      return oldUpdate(cursor, scope);
    case 'meter':
      cursor.at++;
      return meter(cursor, scope);
    case 'reset':
      return reset(cursor, scope);
    case 'xt':
      return xt(cursor);
    case 'ct': {
      const object = objectOf(next);
      return object && peekWord(cursor, 2) === 'set' ? assignment(cursor, scope, object) : undefined;
    }
    default:
      return undefined;
  }
}

function objectOf(word: string | undefined): ObjectKind | undefined {
  return word === 'helper' || word === 'timeout' || word === 'expectation' ? `ct ${word}` : undefined;
}

/** `ct helper set "ftp"` */
function assignment(cursor: Cursor, scope: Scope, object: ObjectKind): Statement {
  cursor.at += 3;
  return { kind: 'object', object, name: expression(cursor, scope, 'selector', NAME) };
}

const OPERATORS: readonly Operator[] = ['==', '!=', '<=', '>=', '<', '>', '!'];
const WORD_OPERATORS = wordTable<Operator>({
  eq: '==',
  ne: '!=',
  lt: '<',
  gt: '>',
  le: '<=',
  ge: '>=',
});

/** A match, a verdict map, or `… set …`. */
function relation(cursor: Cursor, scope: Scope): Statement {
  const left = expression(cursor, scope, 'selector', undefined);
  if (left.kind === 'constant' || left.kind === 'text' || left.kind === 'set' || left.kind === 'set-ref') {
    cursor.at--;
    fail(cursor, 'a statement');
  }
  if (skipWord(cursor, 'vmap')) {
    return { kind: 'vmap', key: left, data: setOrReference(cursor, scope, partsOf(left), undefined) };
  }
  if (peekWord(cursor) === 'set' && isTarget(left)) {
    cursor.at++;
    return { kind: 'set', target: left, value: list(cursor, scope, 'selector', partsOf(left)) };
  }
  const op = operator(cursor);
  const parts = partsOf(left);
  const right = list(cursor, scope, 'value', parts);
  // `tcp flags syn / syn,ack`: of these bits, exactly those.
  if (isSymbol(cursor, '/')) {
    cursor.at++;
    const mask = list(cursor, scope, 'value', parts);
    return matchOf(op === 'implicit' ? '==' : op, { kind: 'binary', op: '&', left, right: mask }, right);
  }
  return matchOf(op, left, right);
}

export function isTarget(expression: Expression): expression is SetTarget {
  return ['payload', 'meta', 'ct', 'option', 'exthdr'].includes(expression.kind);
}

function operator(cursor: Cursor): Operator {
  const token = peek(cursor);
  if (token?.kind === 'symbol') {
    const op = OPERATORS.find((each) => each === token.text);
    if (op) cursor.at++;
    return op ?? 'implicit';
  }
  const named =
    token?.kind === 'word' && Object.hasOwn(WORD_OPERATORS, token.text)
      ? WORD_OPERATORS[token.text]
      : undefined;
  if (named) cursor.at++;
  return named ?? 'implicit';
}

function log(cursor: Cursor): Log {
  let made: Log = { kind: 'log', flags: [] };
  for (;;) {
    if (skipWord(cursor, 'prefix')) made = { ...made, prefix: takeName(cursor, 'a prefix') };
    else if (skipWord(cursor, 'group')) made = { ...made, group: takeNumber(cursor) };
    else if (skipWord(cursor, 'snaplen')) made = { ...made, snaplen: takeNumber(cursor) };
    else if (skipWord(cursor, 'queue-threshold')) made = { ...made, queueThreshold: takeNumber(cursor) };
    else if (skipWord(cursor, 'level')) {
      const level = takeWord(cursor, 'a level');
      if (level !== 'warn') made = { ...made, level };
    } else if (skipWord(cursor, 'flags')) made = { ...made, flags: [...made.flags, ...logFlags(cursor)] };
    else return made;
    if (cursor.fault !== undefined) return made;
  }
}

/** `all`, `skuid`, `ether`, `ip options`, `tcp sequence,options` */
function logFlags(cursor: Cursor): string[] {
  const word = takeWord(cursor, 'all, skuid, ether, ip or tcp');
  if (word !== 'tcp' && word !== 'ip') return [word];
  const flags: string[] = [];
  do flags.push(`${word} ${takeWord(cursor, 'sequence or options')}`);
  while (skipSymbol(cursor, ','));
  return flags;
}

function reject(cursor: Cursor, scope: Scope): Reject {
  if (!skipWord(cursor, 'with')) return { kind: 'reject', with: 'default' };
  const word = takeWord(cursor, 'icmp, icmpv6, icmpx or tcp reset');
  if (word === 'tcp') {
    expectWord(cursor, 'reset');
    return { kind: 'reject', with: 'tcp reset' };
  }
  if (word !== 'icmp' && word !== 'icmpv6' && word !== 'icmpx') {
    fail(cursor, 'icmp, icmpv6, icmpx or tcp reset');
    return { kind: 'reject', with: 'default' };
  }
  skipWord(cursor, 'type');
  skipWord(cursor, 'code');
  return rejectOf(scope.family, { kind: 'reject', with: word, code: rejectCode(cursor, word) });
}

function rejectCode(cursor: Cursor, protocol: 'icmp' | 'icmpv6' | 'icmpx'): number {
  const word = peekWord(cursor) ?? '';
  const code = symbolValue(`${protocol}_code`, word) ?? (/^\d{1,3}$/.test(word) ? Number(word) : undefined);
  if (code === undefined) fail(cursor, 'a code');
  else cursor.at++;
  return code ?? 0;
}

const DEVICE: Parts = [{ type: 'iface_index', bits: 32 }];

function addressParts(family: string | undefined): Parts {
  if (family === 'ip') return [{ type: 'ipv4_addr', bits: 32 }];
  return family === 'ip6' ? [{ type: 'ipv6_addr', bits: 128 }] : undefined;
}

/** An address in tables of IP, a device in those of netdev. */
function duplicate(cursor: Cursor, scope: Scope): Statement {
  expectWord(cursor, 'to');
  if (scope.family === 'netdev') {
    return { kind: 'dup', device: expression(cursor, scope, 'selector', DEVICE) };
  }
  const address = expression(cursor, scope, 'selector', addressParts(scope.family));
  if (!skipWord(cursor, 'device')) return { kind: 'dup', address };
  return { kind: 'dup', address, device: expression(cursor, scope, 'selector', DEVICE) };
}

function forward(cursor: Cursor, scope: Scope): Statement {
  const family = skipWord(cursor, 'ip') ? 'ip' : skipWord(cursor, 'ip6') ? 'ip6' : undefined;
  expectWord(cursor, 'to');
  if (family === undefined) return { kind: 'fwd', device: expression(cursor, scope, 'selector', DEVICE) };
  const address = expression(cursor, scope, 'selector', addressParts(family));
  expectWord(cursor, 'device');
  return { kind: 'fwd', device: expression(cursor, scope, 'selector', DEVICE), family, address };
}

const QUEUE: Parts = [{ type: 'integer', bits: 16 }];

/** `queue num 1-5 bypass,fanout`, `queue flags bypass to 5`. */
function queue(cursor: Cursor, scope: Scope): Statement {
  const flags: ('bypass' | 'fanout')[] = [];
  const takeFlags = () => {
    do {
      const word = peekWord(cursor);
      if (word !== 'bypass' && word !== 'fanout') return;
      flags.push(word);
      cursor.at++;
    } while (skipSymbol(cursor, ','));
  };
  if (skipWord(cursor, 'flags')) takeFlags();
  const hasNumber = skipWord(cursor, 'num', 'to');
  const number: Expression = hasNumber
    ? expression(cursor, scope, 'selector', QUEUE)
    : { kind: 'constant', type: 'integer', value: 0n };
  takeFlags();
  return { kind: 'queue', number, flags: flags.sort() };
}

export interface Synproxy {
  readonly mss?: number;
  readonly wscale?: number;
  readonly flags: readonly ('timestamp' | 'sack-perm')[];
}

export function synproxy(cursor: Cursor): Synproxy {
  let made: Synproxy = { flags: [] };
  for (;;) {
    if (skipWord(cursor, 'mss')) made = { ...made, mss: takeNumber(cursor) };
    else if (skipWord(cursor, 'wscale')) made = { ...made, wscale: takeNumber(cursor) };
    else if (skipWord(cursor, 'timestamp')) made = { ...made, flags: [...made.flags, 'timestamp'] };
    else if (skipWord(cursor, 'sack-perm')) made = { ...made, flags: [...made.flags, 'sack-perm'] };
    else return made;
    if (cursor.fault !== undefined) return made;
  }
}

/** `add @set { key timeout 30s : data }` */
function update(cursor: Cursor, scope: Scope, op: 'add' | 'update' | 'delete'): Statement {
  expectSymbol(cursor, '@');
  const set = takeName(cursor, 'a set');
  const { key, data } = setParts(scope, set);
  expectSymbol(cursor, '{');
  const made = element(cursor, scope, 'selector', key, data);
  expectSymbol(cursor, '}');
  return { kind: 'update', op, set, element: made };
}

/** `set add ip saddr @set`, as nft wrote it once. */
function oldUpdate(cursor: Cursor, scope: Scope): Statement | undefined {
  const op = peekWord(cursor, 1);
  if (op !== 'add' && op !== 'update' && op !== 'delete') return undefined;
  cursor.at += 2;
  const made = element(cursor, scope, 'selector', undefined, undefined);
  expectSymbol(cursor, '@');
  return { kind: 'update', op, set: takeName(cursor, 'a set'), element: made };
}

function meter(cursor: Cursor, scope: Scope): Statement {
  const name = takeName(cursor, 'a name');
  const size = skipWord(cursor, 'size') ? takeNumber(cursor) : undefined;
  expectSymbol(cursor, '{');
  const made = element(cursor, scope, 'selector', undefined, undefined);
  expectSymbol(cursor, '}');
  return {
    kind: 'meter',
    name,
    ...(size === undefined ? {} : { size }),
    key: made.key,
    ...(made.timeout === undefined ? {} : { timeout: made.timeout }),
    statements: made.statements ?? [],
  };
}

function reset(cursor: Cursor, scope: Scope): Statement | undefined {
  cursor.at++;
  const option = expression(cursor, scope, 'selector', undefined);
  if (option.kind === 'option') return { kind: 'reset', option };
  fail(cursor, '`tcp option NAME`');
  return { kind: 'unknown', text: '', why: 'no option' };
}

/** `xt match "conntrack"`, `xt target CT`; what the extension asks for is not shown. */
function xt(cursor: Cursor): Statement {
  cursor.at++;
  const type = takeWord(cursor, 'match, target or watcher');
  const name = takeName(cursor, 'a name');
  if (type === 'match' || type === 'target' || type === 'watcher') return { kind: 'xt', type, name };
  fail(cursor, 'match, target or watcher');
  return { kind: 'unknown', text: '', why: 'no extension' };
}
