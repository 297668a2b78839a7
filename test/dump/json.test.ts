import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isObject, type JsonValue, lineOf, parseJson } from '../../src/dump/json.ts';

const plain = (values: readonly JsonValue[]): unknown => JSON.parse(JSON.stringify(values));

describe('JSON with lines', () => {
  it.each<[string, string, unknown]>([
    [
      'values',
      '[1, -2.5e3, "a\\u00e4\\n\\"", true, false, null, {}, []]',
      [[1, -2500, 'aä\n"', true, false, null, {}, []]],
    ],
    ['several values in one file', '[{"a":1}]\n[{"b":2}]\n\n{"c":3}', [[{ a: 1 }], [{ b: 2 }], { c: 3 }]],
    ['of equal keys the first', '{"dst":"10.0.0.0/8","dst":"192.0.2.1"}', [{ dst: '10.0.0.0/8' }]],
    [
      'a key that objects have',
      '{"__proto__":{"x":1},"constructor":2}',
      [JSON.parse('{"__proto__":{"x":1},"constructor":2}')],
    ],
    ['nothing', ' \n ', []],
  ])('reads %s', (_, text, values) => {
    const document = parseJson(text);
    expect(document.errors).toEqual([]);
    expect(plain(document.values)).toEqual(values);
  });

  it.each<[string, string, unknown, number]>([
    ['a list that breaks off in an object', '[{"a":1},\n{"b":2},\n{"c":', [[{ a: 1 }, { b: 2 }]], 3],
    ['a list that breaks off in a string', '[{"a":1},{"b":"x', [[{ a: 1 }]], 1],
    ['a list within an object', '{"nftables":[{"table":1},\n{"chain"', [{ nftables: [{ table: 1 }] }], 2],
    ['a missing comma', '[{"a":1}\n["b",2]]', [[{ a: 1 }]], 2],
    ['text behind', '[1]\nroot@host:~# ', [[1]], 2],
    ['a bad escape', '["a", "\\x"]', [['a']], 1],
    ['a bad number', '[1, 02]', [[1, 0]], 1],
    ['not JSON at all', '[0:0] -A FORWARD', [[0]], 1],
  ])('keeps what precedes an error: %s', (_, text, values, line) => {
    const document = parseJson(text);
    expect(document.errors[0]?.line).toBe(line);
    expect(plain(document.values)).toEqual(values);
  });

  it.each<[string, string, unknown, [number, number | undefined][]]>([
    ['a word in a value', '[{"a":1,"b":x},\n{"a":2},{"a":3}]', [[{ a: 2 }, { a: 3 }]], [[1, 2]]],
    ['a missing quote', '[{"a":1},{"a":2,"b":"x},{"a":3}]', [[{ a: 1 }, { a: 3 }]], [[1, 1]]],
    ['a missing brace', '[{"a":1,"l":[{"c":1]},{"a":2}]', [[{ a: 2 }]], [[1, 1]]],
    ['a missing comma', '[{"a":1}{"a":2}]', [[{ a: 1 }, { a: 2 }]], [[1, 1]]],
    [
      'elements of several kinds',
      '{"l":[{"t":1},{"r":{"t":[{"t":0}]}},{"r":[},{"t":{"t":3}},{"r":4}]}',
      [{ l: [{ t: 1 }, { r: { t: [{ t: 0 }] } }, { t: { t: 3 } }, { r: 4 }] }],
      [[1, 1]],
    ],
    [
      'what only looks as an element does',
      '[{"a":1},{"a":!,"b":{"a":2,"c":3}},{"a":4}]',
      [[{ a: 1 }, { a: 4 }]],
      [[1, 1]],
    ],
    [
      'two errors',
      '[{"a":!},{"a":2},\n{"a":!},\n{"a":4}]',
      [[{ a: 2 }, { a: 4 }]],
      [
        [1, 1],
        [2, 3],
      ],
    ],
    ['one that nothing follows', '[{"a":1},{"a":!}]', [[{ a: 1 }]], [[1, undefined]]],
    [
      'a first element of nothing known',
      '[x},{"a":[{"b":1}]},{"b":2}]',
      [[{ a: [{ b: 1 }] }, { b: 2 }]],
      [[1, 1]],
    ],
    ['one before elements of another kind', '[{"a":1},{"a":!},{"b":2}]', [[{ a: 1 }, { b: 2 }]], [[1, 1]]],
    ['a quote that opens what follows', '[{"a":1},{"b":1,"c":"},{"b":2}]', [[{ a: 1 }, { b: 2 }]], [[1, 1]]],
    [
      'brackets that are missing, which make what follows a part of it',
      '[{"a":1},{"a":2,"l":[{"b":3},{"a":4},{"a":5}]',
      [[{ a: 1 }, { a: 4 }, { a: 5 }]],
      [[1, 1]],
    ],
    [
      'brackets that are missing in the first one',
      '{"r":[{"t":{"f":1,"l":[{"s":{"x":2}},{"s":{"x":3}},{"t":{"f":4}},{"t":{"f":5}}]}',
      [{ r: [{ t: { f: 4 } }, { t: { f: 5 } }] }],
      [[1, 1]],
    ],
    [
      'a brace that is missing beside what begins as the others do',
      '[{"a":1,"b":{"c":{"a":2},"d":3},{"a":4}]',
      [[{ a: 4 }]],
      [[1, 1]],
    ],
    [
      'a bracket that ends the list early',
      '[{"a":1},]{"a":2},{"a":3}]',
      [[{ a: 1 }, { a: 2 }, { a: 3 }]],
      [[1, 1]],
    ],
    [
      'a bracket that ends the file early',
      '{"l":[{"a":1}]},{"a":2},{"a":3}]}',
      [{ l: [{ a: 1 }, { a: 2 }, { a: 3 }] }],
      [[1, 1]],
    ],
    [
      'a bracket that opens a list around what follows',
      '[{"a":1},[{"a":2},{"a":3}]',
      [[{ a: 1 }, { a: 2 }, { a: 3 }]],
      [[1, 1]],
    ],
    ['values on lines of their own', '{"a":1}\n{"a":!\n{"a":3}', [{ a: 1 }, {}, { a: 3 }], [[2, 3]]],
  ])('goes on behind an error: %s', (_, text, values, places) => {
    const document = parseJson(text);
    expect(plain(document.values)).toEqual(values);
    expect(document.errors.map(({ line, resumed }) => [line, resumed])).toEqual(places);
  });

  it('knows the line of each object', () => {
    const document = parseJson('[{"a":\n  {"b": 1}},\r\n\n {"c":1},{"d":1}]');
    const [list] = document.values;
    const objects = Array.isArray(list) ? list.filter(isObject) : [];
    expect(objects.map(lineOf)).toEqual([1, 4, 4]);
    const [first] = objects;
    expect(first && isObject(first.a) ? lineOf(first.a) : 0).toBe(2);
  });

  it('refuses nesting that could exhaust the stack', () => {
    const document = parseJson('['.repeat(1_000_000));
    expect(document.errors[0]?.text).toContain('levels');
  });

  it('agrees with JSON.parse', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(undefined, 1, '\t'), (text, space) => {
        const value: unknown = JSON.parse(text);
        const document = parseJson(JSON.stringify(value, null, space));
        expect(document.errors).toEqual([]);
        expect(plain(document.values)).toEqual([JSON.parse(text)]);
      }),
    );
  });

  it('never throws on any text', () => {
    const sample = readFileSync('test/dump/recorded/ip-route-all.json', 'utf8').slice(0, 3000);
    fc.assert(
      fc.property(fc.nat(sample.length), fc.nat(sample.length), fc.string(), (from, to, between) => {
        parseJson(sample.slice(0, from) + between + sample.slice(to));
      }),
    );
  });
});
