/** `set NAME { … }` and `map NAME { … }` of a table. */

import type { Span } from '../../base/span.ts';
import { wordTable } from '../../base/word-table.ts';
import { partsOf } from '../build.ts';
import { DATATYPES, isDatatype } from '../datatype.ts';
import type { Parts, Scope } from '../scope.ts';
import type { KeyPart, NftSet, ObjectKind, SetElement, SetFlag } from '../set.ts';
import type { Statement } from '../statement.ts';
import {
  type Cursor,
  fail,
  isSymbol,
  peekWord,
  skipNewlines,
  skipSymbol,
  skipWord,
  slice,
  takeName,
  takeNumber,
  takeWord,
} from './cursor.ts';
import { duration, elements } from './element.ts';
import { expression } from './expression.ts';
import { isStateful, NAME, stateful } from './stateful.ts';

type Draft = { -readonly [K in keyof NftSet]: NftSet[K] } & { statements: Statement[]; flags: SetFlag[] };

export function draftSet(name: string, span: Span): Draft {
  return { name, key: [], flags: [], statements: [], elements: [], span };
}

const FLAGS: readonly SetFlag[] = ['constant', 'interval', 'timeout', 'dynamic'];

/** One line of the block. */
export function setLine(cursor: Cursor, scope: Scope, draft: Draft): void {
  if (isStateful(cursor)) {
    draft.statements.push(stateful(cursor, scope));
    return;
  }
  const word = takeWord(cursor, 'type, flags, elements …');
  switch (word) {
    case 'type':
      typed(cursor, draft);
      return;
    case 'typeof':
      typedOf(cursor, scope, draft);
      return;
    case 'flags':
      do {
        const name = takeWord(cursor, 'constant, interval, timeout or dynamic');
        const flag = FLAGS.find((each) => each === name);
        if (flag) draft.flags.push(flag);
        else fail(cursor, 'constant, interval, timeout or dynamic');
      } while (skipSymbol(cursor, ','));
      return;
    case 'timeout':
      draft.timeout = duration(cursor);
      return;
    case 'gc-interval':
      draft.gcInterval = duration(cursor);
      return;
    case 'size':
      draft.size = takeNumber(cursor);
      return;
    case 'policy': {
      const policy = takeWord(cursor, 'performance or memory');
      if (policy === 'memory') draft.policy = policy;
      return;
    }
    case 'auto-merge':
      draft.autoMerge = true;
      return;
    case 'comment':
      draft.comment = takeName(cursor, 'a comment');
      return;
    case 'elements': {
      if (!skipSymbol(cursor, '=')) fail(cursor, '`=`');
      skipNewlines(cursor);
      const data = draft.data;
      const parts: Parts = data?.kind === 'value' ? data.type : data?.kind === 'object' ? NAME : undefined;
      draft.elements = elements(
        cursor,
        scope,
        draft.key.length > 0 ? draft.key : undefined,
        parts,
      ) as SetElement[];
      return;
    }
    default:
      cursor.at--;
      fail(cursor, 'type, flags, elements …');
  }
}

/** `type ipv4_addr . inet_service : verdict` */
function typed(cursor: Cursor, draft: Draft): void {
  draft.key = typeNames(cursor);
  if (!skipSymbol(cursor, ':')) return;
  draft.data = objectData(cursor) ?? { kind: 'value', type: typeNames(cursor) };
}

function typeNames(cursor: Cursor): KeyPart[] {
  skipWord(cursor, 'interval');
  const parts: KeyPart[] = [];
  do parts.push(partOfType(takeWord(cursor, 'a type')));
  while (skipSymbol(cursor, '.'));
  return parts;
}

/** A type that is not known is as good as a number. */
export function partOfType(name: string): KeyPart {
  return isDatatype(name) ? { type: name, bits: DATATYPES[name].bits } : { type: 'integer', bits: 0 };
}

const OBJECTS: readonly ObjectKind[] = ['counter', 'quota', 'limit', 'secmark', 'synproxy'];
const CT_OBJECTS = wordTable<ObjectKind>({
  helper: 'ct helper',
  timeout: 'ct timeout',
  expectation: 'ct expectation',
});

function objectData(cursor: Cursor): NftSet['data'] {
  if (skipWord(cursor, 'verdict')) return { kind: 'verdict' };
  const object = OBJECTS.find((each) => each === peekWord(cursor));
  if (object) {
    cursor.at++;
    return { kind: 'object', object };
  }
  const next = peekWord(cursor, 1) ?? '';
  const known = peekWord(cursor) === 'ct' && Object.hasOwn(CT_OBJECTS, next) ? CT_OBJECTS[next] : undefined;
  if (!known || isSymbol(cursor, '.', 2)) return undefined;
  cursor.at += 2;
  return { kind: 'object', object: known };
}

/** `typeof ip saddr . meta mark : verdict` */
function typedOf(cursor: Cursor, scope: Scope, draft: Draft): void {
  const from = cursor.at;
  draft.key = partsOf(expression(cursor, scope, 'selector', undefined)) ?? [];
  const key = slice(cursor, from, cursor.at);
  if (!skipSymbol(cursor, ':')) {
    draft.typeof = { key };
    return;
  }
  skipWord(cursor, 'interval');
  const start = cursor.at;
  const object = objectData(cursor);
  draft.data = object ?? {
    kind: 'value',
    type: partsOf(expression(cursor, scope, 'selector', undefined)) ?? [],
  };
  draft.typeof = { key, data: slice(cursor, start, cursor.at) };
}

export function finishSet(draft: Draft): NftSet {
  return { ...draft };
}

export const SAME_TYPE = 'the type that it has above';

/** Of a set that is there already the kernel takes the elements, if its type is the same: otherwise it refuses it. */
export function addSet(sets: Map<string, NftSet>, made: NftSet, refuse: () => void): void {
  const older = sets.get(made.name);
  const typesOf = ({ key, data }: NftSet) => JSON.stringify([key, data]);
  if (!older || older.key.length === 0) sets.set(made.name, made);
  else if (typesOf(older) !== typesOf(made)) refuse();
  else for (const element of made.elements) (older.elements as SetElement[]).push(element);
}
