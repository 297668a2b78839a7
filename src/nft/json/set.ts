/** Sets and maps of a table. */
import type { Span } from '../../base/span.ts';
import { partsOf } from '../build.ts';
import type { Parts, Scope } from '../scope.ts';
import type { KeyPart, NftSet, ObjectKind, SetFlag } from '../set.ts';
import { OBJECT_KINDS } from '../text/object.ts';
import { partOfType } from '../text/set.ts';
import { NAME } from '../text/stateful.ts';
import { elementsOf } from './element.ts';
import { expressionOf } from './expression.ts';
import { statementOf } from './statement.ts';
import { isObject, type Json, type JsonObject, listOf, numberOf, textOf, words } from './value.ts';

const FLAGS: readonly SetFlag[] = ['constant', 'interval', 'timeout', 'dynamic'];

/** `typeof` is not told by nft before 1.1: its types are. */
export function setOf(object: JsonObject, kind: 'set' | 'map', scope: Scope, span: Span): NftSet {
  const key = typesOf(object.type, scope);
  const data = kind === 'map' ? dataOf(object.map, scope) : undefined;
  const parts: Parts = data?.kind === 'value' ? data.type : data?.kind === 'object' ? NAME : undefined;
  const seconds = (name: string) => {
    const value = numberOf(object, name);
    return value === undefined ? undefined : value * 1000;
  };
  const [timeout, gcInterval, size] = [seconds('timeout'), seconds('gc-interval'), numberOf(object, 'size')];
  const [comment, handle] = [textOf(object, 'comment'), numberOf(object, 'handle')];
  const given = words(object.flags);
  return {
    name: textOf(object, 'name') ?? '',
    key,
    ...(data ? { data } : {}),
    flags: FLAGS.filter((flag) => given.includes(flag)),
    ...(object['auto-merge'] === true ? { autoMerge: true } : {}),
    ...(timeout === undefined ? {} : { timeout }),
    ...(gcInterval === undefined ? {} : { gcInterval }),
    ...(size === undefined ? {} : { size }),
    ...(textOf(object, 'policy') === 'memory' ? { policy: 'memory' as const } : {}),
    statements: listOf(object.stmt).map((each) => statementOf(each, scope)),
    elements: elementsOf(listOf(object.elem), scope, key.length > 0 ? key : undefined, parts, 0),
    ...(comment === undefined ? {} : { comment }),
    ...(handle === undefined ? {} : { handle }),
    span,
  };
}

/** A name, several of a concatenation, `a . b`, or `{"typeof": …}`. */
function typesOf(value: Json | undefined, scope: Scope): KeyPart[] {
  if (isObject(value)) return [...(partsOf(expressionOf(value.typeof ?? null, scope, undefined)) ?? [])];
  return words(value).flatMap((text) => text.split(' . ').map(partOfType));
}

function dataOf(value: Json | undefined, scope: Scope): NftSet['data'] {
  if (value === 'verdict') return { kind: 'verdict' };
  const object = OBJECT_KINDS.find((each) => each === value) as ObjectKind | undefined;
  return object ? { kind: 'object', object } : { kind: 'value', type: typesOf(value, scope) };
}
