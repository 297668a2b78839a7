/** snat, dnat, masquerade, redirect and tproxy: where to, and how. */
import { isConcat } from '../build.ts';
import type { Expression } from '../expression.ts';
import type { Parts, Scope } from '../scope.ts';
import type { Nat, Statement } from '../statement.ts';
import { type Cursor, expectSymbol, fail, isSymbol, peek, peekWord, skipSymbol, skipWord } from './cursor.ts';
import { expression } from './expression.ts';

const IPV4 = { type: 'ipv4_addr', bits: 32 } as const;
const IPV6 = { type: 'ipv6_addr', bits: 128 } as const;
const PORT = { type: 'inet_service', bits: 16 } as const;

type Family = 'ip' | 'ip6';

export function nat(cursor: Cursor, scope: Scope, type: Nat['type']): Statement {
  const family = takeFamily(cursor);
  // `addr . port`, `prefix` and `interval` say what a map gives; the map's own data says it too.
  let concat = false;
  let prefix = false;
  for (;;) {
    if (peekWord(cursor) === 'addr' && isSymbol(cursor, '.', 1) && peekWord(cursor, 2) === 'port') {
      cursor.at += 3;
      concat = true;
    } else if (skipWord(cursor, 'prefix')) prefix = true;
    else if (!skipWord(cursor, 'interval')) break;
  }
  const wanted = family ?? (scope.family === 'ip' || scope.family === 'ip6' ? scope.family : undefined);
  const target =
    type === 'masquerade' || type === 'redirect' ? ports(cursor, scope) : to(cursor, scope, wanted);
  return {
    kind: 'nat',
    type,
    ...(family ? { family } : {}),
    ...target,
    ...(concat || (target.address && isConcat(scope, target.address)) ? { concat: true } : {}),
    ...(prefix ? { prefix: true } : {}),
    flags: flags(cursor),
  };
}

interface Target {
  readonly address?: Expression;
  readonly port?: Expression;
}

/** `to :80`, also without the colon. */
function ports(cursor: Cursor, scope: Scope): Target {
  if (!skipWord(cursor, 'to')) return {};
  skipSymbol(cursor, ':');
  return { port: expression(cursor, scope, 'selector', [PORT]) };
}

function to(cursor: Cursor, scope: Scope, family: Family | undefined): Target {
  if (!skipWord(cursor, 'to')) {
    fail(cursor, '`to`');
    return {};
  }
  const address = isSymbol(cursor, ':') ? undefined : takeAddress(cursor, scope, family);
  const port = skipSymbol(cursor, ':') ? expression(cursor, scope, 'selector', [PORT]) : undefined;
  return { ...(address ? { address } : {}), ...(port ? { port } : {}) };
}

function takeAddress(cursor: Cursor, scope: Scope, family: Family | undefined): Expression {
  if (isSymbol(cursor, '[')) return bracketed(cursor, scope);
  const parts: Parts = [family === 'ip' ? IPV4 : family === 'ip6' || isIpv6(cursor) ? IPV6 : IPV4, PORT];
  return expression(cursor, scope, 'selector', parts);
}

function isIpv6(cursor: Cursor): boolean {
  return peek(cursor)?.kind === 'word' && (peekWord(cursor) ?? '').includes(':');
}

/** `[fe80::1]`, `[fe80::1]-[fe80::9]`, `[fe80::1-fe80::9]`; firewalld doubles the brackets. */
function bracketed(cursor: Cursor, scope: Scope): Expression {
  const inside = (): Expression => {
    expectSymbol(cursor, '[');
    const doubled = skipSymbol(cursor, '[');
    const address = expression(cursor, scope, 'value', [IPV6]);
    expectSymbol(cursor, ']');
    if (doubled) fail(cursor, 'an address in single brackets');
    return address;
  };
  const from = inside();
  return skipSymbol(cursor, '-') ? { kind: 'range', from, to: inside() } : from;
}

function takeFamily(cursor: Cursor): Family | undefined {
  const next = peekWord(cursor, 1);
  const isFamily = next === 'to' || next === 'addr' || next === 'prefix' || next === 'interval';
  if (!isFamily) return undefined;
  return skipWord(cursor, 'ip') ? 'ip' : skipWord(cursor, 'ip6') ? 'ip6' : undefined;
}

const FLAGS: readonly Nat['flags'][number][] = ['random', 'fully-random', 'persistent'];

function flags(cursor: Cursor): Nat['flags'] {
  const all = new Set<Nat['flags'][number]>();
  for (;;) {
    const flag = FLAGS.find((each) => each === peekWord(cursor));
    if (!flag) break;
    all.add(flag);
    cursor.at++;
    if (!skipSymbol(cursor, ',')) break;
  }
  return FLAGS.filter((flag) => all.has(flag));
}

export function tproxy(cursor: Cursor, scope: Scope): Statement {
  const family = takeFamily(cursor);
  const wanted = family ?? (scope.family === 'ip' || scope.family === 'ip6' ? scope.family : undefined);
  return { kind: 'tproxy', ...(family ? { family } : {}), ...to(cursor, scope, wanted) };
}
