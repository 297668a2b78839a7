/** Elements of sets and maps: values, `{"elem": {"val": …, "timeout": …}}`, and pairs of those with their data. */
import type { Expression } from '../expression.ts';
import type { Parts, Scope } from '../scope.ts';
import type { SetElement } from '../set.ts';
import type { Statement } from '../statement.ts';
import { expressionOf } from './expression.ts';
import { statefulOf } from './stateful.ts';
import { isObject, type Json, numberOf, textOf } from './value.ts';

export function elementsOf(
  list: readonly Json[],
  scope: Scope,
  key: Parts,
  data: Parts,
  depth: number,
): SetElement[] {
  return list.map((each) =>
    Array.isArray(each) && each.length === 2
      ? elementOf(each[0] ?? null, each[1] ?? null, scope, key, data, depth)
      : elementOf(each, undefined, scope, key, data, depth),
  );
}

export function elementOf(
  value: Json,
  data: Json | undefined,
  scope: Scope,
  key: Parts,
  dataParts: Parts,
  depth = 0,
): SetElement {
  const made: Expression | undefined =
    data === undefined ? undefined : expressionOf(data, scope, dataParts, depth + 1);
  const wrapped = isObject(value) && isObject(value.elem) ? value.elem : undefined;
  if (!wrapped) {
    return { key: expressionOf(value, scope, key, depth + 1), ...(made ? { data: made } : {}) };
  }
  const seconds = (name: string) => {
    const number = numberOf(wrapped, name);
    return number === undefined ? undefined : number * 1000;
  };
  const [timeout, expires, comment] = [seconds('timeout'), seconds('expires'), textOf(wrapped, 'comment')];
  const statements: Statement[] = [];
  for (const name of ['counter', 'quota', 'limit', 'ct count', 'last']) {
    const statement = Object.hasOwn(wrapped, name)
      ? statefulOf(name, wrapped[name] ?? null, scope)
      : undefined;
    if (statement) statements.push(statement);
  }
  return {
    key: expressionOf(wrapped.val ?? null, scope, key, depth + 1),
    ...(made ? { data: made } : {}),
    ...(timeout === undefined ? {} : { timeout }),
    ...(expires === undefined ? {} : { expires }),
    ...(statements.length > 0 ? { statements } : {}),
    ...(comment === undefined ? {} : { comment }),
  };
}
