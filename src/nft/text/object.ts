/** Stateful objects and flowtables of a table: `counter NAME { … }`, `ct helper NAME { … }`, `flowtable NAME { … }`. */
import type { Span } from '../../base/span.ts';
import { protocolNumber } from '../../xtables/names/protocols.ts';
import type { NftObject } from '../object.ts';
import { priorityOf } from '../priority.ts';
import type { Flowtable, NftFamily } from '../ruleset.ts';
import type { Statement } from '../statement.ts';
import {
  type Cursor,
  expectSymbol,
  fail,
  isSymbol,
  peek,
  skipNewlines,
  skipSymbol,
  skipWord,
  takeName,
  takeNumber,
  takeWord,
} from './cursor.ts';
import { duration } from './element.ts';
import { counter, limit, quota } from './stateful.ts';
import { synproxy } from './statement.ts';

export const OBJECT_KINDS: readonly NftObject['kind'][] = [
  'counter',
  'quota',
  'limit',
  'ct helper',
  'ct timeout',
  'ct expectation',
  'secmark',
  'synproxy',
];

/** What the lines of an object's block say. */
export interface ObjectDraft {
  statement?: Statement;
  text?: string;
  protocol?: number;
  l3proto?: 'ip' | 'ip6' | 'inet';
  policy?: Record<string, number>;
  port?: number;
  timeout?: number;
  size?: number;
  comment?: string;
  handle?: number;
}

export function objectLine(cursor: Cursor, kind: NftObject['kind'], draft: ObjectDraft): void {
  if (skipWord(cursor, 'comment')) {
    draft.comment = takeName(cursor, 'a comment');
    return;
  }
  switch (kind) {
    case 'counter':
      draft.statement = counter(cursor);
      return;
    case 'quota':
      draft.statement = quota(cursor);
      return;
    case 'limit':
      if (!skipWord(cursor, 'rate')) fail(cursor, '`rate`');
      draft.statement = limit(cursor);
      return;
    case 'secmark':
      draft.text = takeName(cursor, 'a context');
      return;
    case 'synproxy': {
      const known = draft.statement?.kind === 'synproxy' ? draft.statement : undefined;
      const more = synproxy(cursor);
      draft.statement = {
        kind: 'synproxy',
        ...known,
        ...more,
        flags: [...(known?.flags ?? []), ...more.flags],
      };
      return;
    }
    default:
      conntrackLine(cursor, draft);
  }
}

function conntrackLine(cursor: Cursor, draft: ObjectDraft): void {
  const word = takeWord(cursor, 'type, protocol, l3proto …');
  switch (word) {
    case 'type':
      draft.text = takeName(cursor, 'a helper');
      if (skipWord(cursor, 'protocol')) draft.protocol = protocol(cursor);
      return;
    case 'protocol':
      draft.protocol = protocol(cursor);
      return;
    case 'l3proto': {
      const family = takeWord(cursor, 'ip, ip6 or inet');
      if (family === 'ip' || family === 'ip6' || family === 'inet') draft.l3proto = family;
      return;
    }
    case 'dport':
      draft.port = takeNumber(cursor);
      return;
    case 'timeout':
      draft.timeout = duration(cursor);
      return;
    case 'size':
      draft.size = takeNumber(cursor);
      return;
    case 'policy':
      draft.policy = policy(cursor);
      return;
    default:
      cursor.at--;
      fail(cursor, 'type, protocol, l3proto …');
  }
}

function protocol(cursor: Cursor): number {
  const word = takeWord(cursor, 'a protocol');
  const number = protocolNumber(word) ?? (/^\d{1,3}$/.test(word) ? Number(word) : undefined);
  if (number === undefined) fail(cursor, 'a protocol');
  return number ?? 0;
}

/** `= { established : 100, close : 4s }` */
function policy(cursor: Cursor): Record<string, number> {
  skipSymbol(cursor, '=');
  expectSymbol(cursor, '{');
  const states: Record<string, number> = {};
  skipNewlines(cursor);
  while (cursor.fault === undefined && peek(cursor) && !isSymbol(cursor, '}')) {
    const state = takeWord(cursor, 'a state');
    expectSymbol(cursor, ':');
    if (state !== '__proto__') states[state] = duration(cursor) / 1000;
    skipNewlines(cursor);
    if (!skipSymbol(cursor, ',')) break;
    skipNewlines(cursor);
  }
  expectSymbol(cursor, '}');
  return states;
}

export function finishObject(
  kind: NftObject['kind'],
  name: string,
  draft: ObjectDraft,
  span: Span,
): NftObject | undefined {
  const named = {
    name,
    ...(draft.comment === undefined ? {} : { comment: draft.comment }),
    ...(draft.handle === undefined ? {} : { handle: draft.handle }),
    span,
  };
  const l3proto = draft.l3proto ? { l3proto: draft.l3proto } : {};
  const { statement } = draft;
  switch (kind) {
    case 'counter':
      return { ...named, kind, value: statement?.kind === 'counter' ? statement : { kind: 'counter' } };
    case 'quota':
      return statement?.kind === 'quota' ? { ...named, kind, value: statement } : undefined;
    case 'limit':
      return statement?.kind === 'limit' ? { ...named, kind, value: statement } : undefined;
    case 'secmark':
      return { ...named, kind, context: draft.text ?? '' };
    case 'synproxy': {
      const { kind: _, ...rest } = statement?.kind === 'synproxy' ? statement : { kind, flags: [] };
      return { ...named, kind, ...rest };
    }
    case 'ct helper':
      return { ...named, kind, helper: draft.text ?? '', protocol: draft.protocol ?? 0, ...l3proto };
    case 'ct timeout':
      return { ...named, kind, protocol: draft.protocol ?? 0, ...l3proto, policy: draft.policy ?? {} };
    case 'ct expectation':
      return {
        ...named,
        kind,
        protocol: draft.protocol ?? 0,
        ...l3proto,
        port: draft.port ?? 0,
        timeout: draft.timeout ?? 0,
        size: draft.size ?? 0,
      };
  }
}

export interface FlowtableDraft {
  priority: number;
  devices: string[];
  flags: Flowtable['flags'][number][];
  handle?: number;
}

export function flowtableLine(cursor: Cursor, family: NftFamily, draft: FlowtableDraft): void {
  const word = takeWord(cursor, 'hook, devices or flags');
  if (word === 'hook') {
    takeWord(cursor, 'ingress');
    if (skipWord(cursor, 'priority')) draft.priority = priority(cursor, family) ?? 0;
  } else if (word === 'devices' || word === 'device') {
    draft.devices = devices(cursor);
  } else if (word === 'flags') {
    do {
      const flag = takeWord(cursor, 'offload or counter');
      if (flag === 'offload' || flag === 'counter') draft.flags.push(flag);
    } while (skipSymbol(cursor, ','));
  } else if (word === 'counter') draft.flags.push('counter');
  else {
    cursor.at--;
    fail(cursor, 'hook, devices or flags');
  }
}

/** `= { eth0, eth1 }`, or one name. */
export function devices(cursor: Cursor): string[] {
  skipSymbol(cursor, '=');
  if (!skipSymbol(cursor, '{')) return [takeName(cursor, 'a device')];
  const names: string[] = [];
  skipNewlines(cursor);
  while (cursor.fault === undefined && peek(cursor) && !isSymbol(cursor, '}')) {
    names.push(takeName(cursor, 'a device'));
    skipNewlines(cursor);
    if (!skipSymbol(cursor, ',')) break;
    skipNewlines(cursor);
  }
  expectSymbol(cursor, '}');
  return names;
}

/** `-150`, `filter`, `filter + 10`. Undefined, with a fault, where it is neither. */
export function priority(cursor: Cursor, family: NftFamily): number | undefined {
  const token = peek(cursor);
  const negative = skipSymbol(cursor, '-');
  if (negative || /^\d/.test(token?.text ?? '')) {
    const value = takeNumber(cursor, 'a priority');
    return negative ? -value : value;
  }
  const name = takeName(cursor, 'a priority');
  const base = priorityOf(name, family);
  if (base === undefined) {
    cursor.at--;
    fail(cursor, 'a priority');
    return undefined;
  }
  if (skipSymbol(cursor, '+')) return base + takeNumber(cursor);
  return skipSymbol(cursor, '-') ? base - takeNumber(cursor) : base;
}
