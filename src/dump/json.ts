/**
 * JSON (RFC 8259) with the line of every object kept, several values in one file, and what precedes an error still
 * usable: a truncated list keeps its whole elements. Of equal keys in one object the first counts, because iproute2
 * repeats a route's `dst` inside its encapsulation.
 */
import type { Issue } from '../base/issue.ts';
import { DEFAULT_LIMITS, type InputLimits, limitIssue } from '../base/limits.ts';

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

export interface JsonDocument {
  /** The values of the file in order; `ip -j` may print several lists. */
  readonly values: readonly JsonValue[];
  /** `limit`: it is no error, but deeper than is read. */
  readonly error?: { readonly line: number; readonly text: string; readonly limit?: Issue };
}

const LINE = Symbol('line');

/** Line on which the object begins, from 1. */
export function lineOf(object: JsonObject): number {
  return (object as { [LINE]?: number })[LINE] ?? 1;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN = /[^"\\\n]*/y;
const LITERALS: ReadonlyMap<string, JsonValue> = new Map<string, JsonValue>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

export function parseJson(
  text: string,
  limits: Pick<InputLimits, 'jsonDepth'> = DEFAULT_LIMITS,
): JsonDocument {
  let at = 0;
  let line = 1;
  let error: { line: number; text: string; limit?: Issue } | undefined;

  const fail = (expected: string): undefined => {
    const found = at >= text.length ? 'the file ends' : `\`${text.slice(at, at + 12).split('\n')[0]}\``;
    error ??= { line, text: `${found} where ${expected} was expected` };
    return undefined;
  };

  const tooDeep = (): undefined => {
    const found = `lists and objects stand in more than ${limits.jsonDepth} others`;
    const limit = limitIssue('jsonDepth', limits, found, 'only the records before it are used', { line });
    error ??= { line, text: limit.text, limit };
    return undefined;
  };

  const skipSpace = (): void => {
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 10) line++;
      else if (code !== 32 && code !== 9 && code !== 13) return;
    }
  };

  const string = (): string | undefined => {
    at++;
    let out = '';
    for (;;) {
      PLAIN.lastIndex = at;
      const run = PLAIN.exec(text)?.[0] ?? '';
      out += run;
      at += run.length;
      const char = text[at];
      if (char === '"') {
        at++;
        return out;
      }
      if (char !== '\\') return fail('the end of a string');
      const code = text[at + 1] ?? '';
      const plain = ESCAPES.get(code);
      if (plain !== undefined) {
        out += plain;
        at += 2;
      } else if (code === 'u' && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6))) {
        out += String.fromCharCode(Number.parseInt(text.slice(at + 2, at + 6), 16));
        at += 6;
      } else return fail('an escape');
    }
  };

  /** Undefined with `error` set, or what there is of a list or of the file's outermost object. */
  const value = (depth: number): JsonValue | undefined => {
    skipSpace();
    const char = text[at];
    if (char === '{') return depth < limits.jsonDepth ? object(depth) : tooDeep();
    if (char === '[') return depth < limits.jsonDepth ? list(depth) : tooDeep();
    if (char === '"') return string();
    NUMBER.lastIndex = at;
    const number = NUMBER.exec(text)?.[0];
    if (number !== undefined) {
      at += number.length;
      return Number(number);
    }
    for (const [word, literal] of LITERALS) {
      if (!text.startsWith(word, at)) continue;
      at += word.length;
      return literal;
    }
    return fail('a value');
  };

  const list = (depth: number): JsonValue[] => {
    const items: JsonValue[] = [];
    at++;
    skipSpace();
    if (text[at] === ']') {
      at++;
      return items;
    }
    for (;;) {
      const item = value(depth + 1);
      if (item !== undefined) items.push(item);
      if (error) return items;
      skipSpace();
      const char = text[at];
      if (char !== ',' && char !== ']') {
        fail('`,` or `]`');
        return items;
      }
      at++;
      if (char === ']') return items;
    }
  };

  const object = (depth: number): JsonObject | undefined => {
    const result: JsonObject = Object.create(null);
    Object.defineProperty(result, LINE, { value: line });
    const broken = (): JsonObject | undefined => (depth === 0 ? result : undefined);
    at++;
    skipSpace();
    if (text[at] === '}') {
      at++;
      return result;
    }
    for (;;) {
      skipSpace();
      if (text[at] !== '"') {
        fail('a key');
        return broken();
      }
      const key = string();
      if (key === undefined) return broken();
      skipSpace();
      if (text[at] !== ':') {
        fail('`:`');
        return broken();
      }
      at++;
      const item = value(depth + 1);
      if (item !== undefined && !(key in result)) result[key] = item;
      if (error) return broken();
      skipSpace();
      const char = text[at];
      if (char !== ',' && char !== '}') {
        fail('`,` or `}`');
        return broken();
      }
      at++;
      if (char === '}') return result;
    }
  };

  const values: JsonValue[] = [];
  for (skipSpace(); at < text.length && !error; skipSpace()) {
    const item = value(0);
    if (item !== undefined) values.push(item);
  }
  return error ? { values, error } : { values };
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);
