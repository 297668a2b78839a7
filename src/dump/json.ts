/**
 * JSON (RFC 8259) with the line of every object kept, several values in one file, and what is beside an error still
 * usable: a list keeps its whole elements before it, and those behind it from the next one that begins as others do. Of
 * equal keys in one object the first counts, because iproute2 repeats a route's `dst` inside its encapsulation.
 */
import type { Issue } from '../base/issue.ts';
import { DEFAULT_LIMITS, type InputLimits, limitIssue } from '../base/limits.ts';
import {
  endsOutermost,
  fieldsOf,
  firstKeys,
  type Known,
  objectsWithin,
  type Place,
  usualFields,
} from './json-records.ts';

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

export interface JsonDocument {
  /** The values of the file in order; `ip -j` may print several lists. */
  readonly values: readonly JsonValue[];
  readonly errors: readonly JsonError[];
}

export interface JsonError {
  readonly line: number;
  readonly text: string;
  /** It is no error, but deeper than is read. */
  readonly limit?: Issue;
  /** Line on which what was read next begins; absent: nothing behind it was. */
  resumed?: number;
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

/** A text with more of them is none. */
const MOST_ERRORS = 100;
/** Beginnings that looked as if reading could go on there, and it couldn't. */
const MOST_ATTEMPTS = 1000;
/** Readings of the whole rest for the place where reading can go on, and for whether a list of records ends. */
const MOST_SCANS = 8;

export function parseJson(
  text: string,
  limits: Pick<InputLimits, 'jsonDepth'> = DEFAULT_LIMITS,
): JsonDocument {
  let at = 0;
  let line = 1;
  const errors: JsonError[] = [];
  let attempts = 0;
  let scans = 0;
  let ends = 0;
  /** The last of the errors, as long as nothing is read. */
  let error: JsonError | undefined;
  /** What the value begins with that stands in nothing. */
  let outermost: string | undefined;

  const stop = (found: JsonError): undefined => {
    if (error) return undefined;
    error = found;
    errors.push(error);
    return undefined;
  };

  const fail = (expected: string): undefined => {
    const found = at >= text.length ? 'the file ends' : `\`${text.slice(at, at + 12).split('\n')[0]}\``;
    return stop({ line, text: `${found} where ${expected} was expected` });
  };

  const tooDeep = (): undefined => {
    const found = `lists and objects stand in more than ${limits.jsonDepth} others`;
    const limit = limitIssue('jsonDepth', limits, found, 'only the records before it are used', { line });
    return stop({ line, text: limit.text, limit });
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

  const goOnAt = (next: number): void => {
    for (let i = at; i < next; i++) if (text.charCodeAt(i) === 10) line++;
    at = next;
    if (error) error.resumed = line;
    error = undefined;
  };

  /** The records of a file: its outermost list, or one in its outermost object. */
  const isOfRecords = (depth: number): boolean => depth === (outermost === '{' ? 1 : 0);

  /** Whether the records can end with the bracket at `at`; one that doesn't belong there ends them early. */
  const canEnd = (depth: number): boolean => {
    if (!isOfRecords(depth)) return true;
    const end = depth === 0 ? END_OF_LIST : END_IN_OBJECT;
    end.lastIndex = at;
    return end.test(text) && (depth === 0 || ends++ >= MOST_SCANS || endsOutermost(text, at));
  };

  const isBeforeObject = (): boolean => {
    BEFORE_OBJECT.lastIndex = at;
    return text[at] === ']' || BEFORE_OBJECT.test(text);
  };

  /** An element that begins at `next`, behind which the list goes on or ends; one that stands before the error has to be `isOne`. */
  const elementAt = (
    from: Place,
    next: number,
    depth: number,
    isOne: (item: JsonValue) => boolean,
  ): JsonValue | undefined => {
    const before = error;
    const end = at;
    const kept = errors.length;
    const place = { at, line };
    ({ at, line } = from);
    goOnAt(next);
    const item = value(depth + 1);
    skipSpace();
    const isFollowed = text[at] === ',' || (text[at] === ']' && canEnd(depth));
    if (item !== undefined && !error && isFollowed && (at > end || (isBeforeObject() && isOne(item))))
      return item;
    // It was something else, or is broken as well.
    attempts++;
    errors.length = kept;
    error = before;
    if (error) delete error.resumed;
    ({ at, line } = place);
    return undefined;
  };

  /**
   * Behind the beginning of an element with an error, the next one of the list: an object that stands in as many brackets,
   * counted from the end of the text, or else one whose first key an element of the list has. An open string may have swallowed
   * its beginning, and brackets that are missing make all that follows a part of the broken one: what stands before the error
   * has to look as the others do.
   */
  const nextElement = (begin: Place, known: Known, depth: number): JsonValue | undefined => {
    const canTry = () => errors.length < MOST_ERRORS && attempts < MOST_ATTEMPTS;
    if (scans++ < MOST_SCANS) {
      const places = objectsWithin(text, begin.at + 1, depth + 1);
      const usual = usualFields(text, places, known.fields);
      for (const next of places) {
        if (!canTry()) break;
        const item = elementAt(begin, next, depth, (found) =>
          fieldsOf(found).some((name) => usual.has(name)),
        );
        if (item !== undefined) return item;
      }
    }
    if (known.keys.size === 0) return undefined;
    const names = [...known.keys].map((key) => key.replace(/[^\w-]/g, '\\$&')).join('|');
    const beginning = new RegExp(`\\{\\s*"(?:${names})"\\s*:`, 'g');
    beginning.lastIndex = begin.at + 1;
    for (let found = beginning.exec(text); found && canTry(); found = beginning.exec(text)) {
      const item = elementAt(begin, found.index, depth, () => false);
      if (item !== undefined) return item;
    }
    return undefined;
  };

  const list = (depth: number): JsonValue[] => {
    const items: JsonValue[] = [];
    const known: Known = { keys: new Set(), fields: new Set() };
    at++;
    skipSpace();
    if (text[at] === ']' && canEnd(depth)) {
      at++;
      return items;
    }
    for (;;) {
      skipSpace();
      const begin = { at, line };
      const [key, field] = isOfRecords(depth) ? firstKeys(text, at) : [];
      if (key !== undefined) known.keys.add(key);
      if (field !== undefined) known.fields.add(field);
      let item = value(depth + 1);
      skipSpace();
      if (!error && text[at] !== ',' && text[at] !== ']') fail('`,` or `]`');
      if (!error && text[at] === ']' && !canEnd(depth)) fail('the end of the list');
      // A list that breaks off among records holds those behind it.
      const isHolder = error !== undefined && isOfRecords(depth) && Array.isArray(item);
      if (item !== undefined && !isHolder) items.push(item);
      if (error) {
        item = isOfRecords(depth) ? nextElement(begin, known, depth) : undefined;
        if (item === undefined) return items;
        items.push(item);
      }
      if (text[at++] === ']') return items;
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
  for (skipSpace(); at < text.length; skipSpace()) {
    outermost = text[at];
    const item = value(0);
    if (item !== undefined) values.push(item);
    if (!error) continue;
    // Another value may begin on a line of its own.
    BEGINNING.lastIndex = at;
    const next = errors.length < MOST_ERRORS ? BEGINNING.exec(text) : null;
    if (!next) break;
    goOnAt(next.index + 1);
  }
  return { values, errors };
}

/** Behind the outermost list: nothing, or another value on a line of its own. */
const END_OF_LIST = /\][ \t\r]*(?:$|\n)/y;
/** Behind a list in the outermost object: more of that, or its end. */
const END_IN_OBJECT = /\]\s*(?:,\s*"|\}[ \t\r]*(?:$|\n))/y;
const BEFORE_OBJECT = /,\s*\{/y;
const BEGINNING = /\n(?=[[{])/g;

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
