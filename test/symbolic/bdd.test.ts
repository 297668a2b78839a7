import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALL, Bdd, BddFull, NONE, type Node } from '../../src/symbolic/bdd.ts';
import {
  add,
  atLeast,
  atMost,
  differs,
  equals,
  inRange,
  unionOfPrefixes,
} from '../../src/symbolic/vector.ts';

/** A formula over six variables, and its value for each assignment. */
type Formula =
  | { readonly kind: 'variable'; readonly level: number }
  | { readonly kind: 'and' | 'or' | 'xor' | 'diff'; readonly left: Formula; readonly right: Formula };

const VARIABLES = 6;
const { formula } = fc.letrec<{ formula: Formula }>((tie) => ({
  formula: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.record({ kind: fc.constant('variable' as const), level: fc.nat(VARIABLES - 1) }),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const, 'xor' as const, 'diff' as const),
      left: tie('formula'),
      right: tie('formula'),
    }),
  ),
}));

function nodeOf(bdd: Bdd, formula: Formula): Node {
  if (formula.kind === 'variable') return bdd.variable(formula.level);
  return bdd[formula.kind](nodeOf(bdd, formula.left), nodeOf(bdd, formula.right));
}

function truthOf(formula: Formula, values: number): boolean {
  if (formula.kind === 'variable') return ((values >> formula.level) & 1) === 1;
  const left = truthOf(formula.left, values);
  const right = truthOf(formula.right, values);
  switch (formula.kind) {
    case 'and':
      return left && right;
    case 'or':
      return left || right;
    case 'xor':
      return left !== right;
    case 'diff':
      return left && !right;
  }
}

const assignments = Array.from({ length: 1 << VARIABLES }, (_, values) => values);
const holds = (bdd: Bdd, node: Node, values: number): boolean =>
  bdd.holds(node, (level) => ((values >> level) & 1) === 1);

describe('Bdd', () => {
  it('is the truth table', () => {
    fc.assert(
      fc.property(formula, (of) => {
        const bdd = new Bdd();
        const node = nodeOf(bdd, of);
        const table = assignments.map((values) => truthOf(of, values));
        expect(assignments.map((values) => holds(bdd, node, values))).toEqual(table);
        expect(bdd.share(node) * table.length).toBe(table.filter(Boolean).length);
        expect(bdd.not(bdd.not(node))).toBe(node);
      }),
    );
  });

  it('has one node for equal sets, however they came about', () => {
    fc.assert(
      fc.property(formula, formula, formula, (a, b, c) => {
        const bdd = new Bdd();
        const [x, y, z] = [a, b, c].map((each) => nodeOf(bdd, each)) as [Node, Node, Node];
        expect(bdd.and(x, bdd.or(y, z))).toBe(bdd.or(bdd.and(x, y), bdd.and(x, z)));
        expect(bdd.not(bdd.and(x, y))).toBe(bdd.or(bdd.not(x), bdd.not(y)));
        expect(bdd.xor(x, y)).toBe(bdd.or(bdd.diff(x, y), bdd.diff(y, x)));
        expect(bdd.ite(x, y, z)).toBe(bdd.or(bdd.and(x, y), bdd.and(bdd.not(x), z)));
        expect(bdd.or(bdd.diff(x, y), bdd.and(x, y))).toBe(x);
      }),
    );
  });

  it('quantifies and composes as the truth table does', () => {
    fc.assert(
      fc.property(formula, formula, fc.nat(VARIABLES - 1), (a, b, level) => {
        const bdd = new Bdd();
        const [x, y] = [nodeOf(bdd, a), nodeOf(bdd, b)];
        const bit = 1 << level;
        const some = bdd.exists(x, bdd.cube([level]));
        const composed = bdd.compose(x, new Map([[level, y]]));
        for (const values of assignments) {
          expect(holds(bdd, some, values)).toBe(truthOf(a, values | bit) || truthOf(a, values & ~bit));
          const replaced = truthOf(b, values) ? values | bit : values & ~bit;
          expect(holds(bdd, composed, values)).toBe(truthOf(a, replaced));
        }
      }),
    );
  });

  it('picks an assignment of the set, as it is preferred where there is a choice', () => {
    fc.assert(
      fc.property(formula, fc.nat(assignments.length - 1), (of, preferred) => {
        const bdd = new Bdd();
        const node = nodeOf(bdd, of);
        const prefers = (level: number): boolean => ((preferred >> level) & 1) === 1;
        const picked = bdd.pick(node, prefers);
        if (node === NONE) expect(picked).toBeUndefined();
        else expect(bdd.holds(node, (level) => picked?.get(level) ?? prefers(level))).toBe(true);
        if (truthOf(of, preferred))
          expect(bdd.holds(node, (level) => picked?.get(level) ?? prefers(level))).toBe(true);
      }),
    );
  });

  it('stops where more nodes or steps are needed than there may be', () => {
    const equality = (bdd: Bdd): Node =>
      Array.from({ length: 20 }, (_, i) => bdd.not(bdd.xor(bdd.variable(i), bdd.variable(i + 20)))).reduce(
        (all, each) => bdd.and(all, each),
        ALL,
      );
    expect(() => equality(new Bdd({ nodes: 1000, steps: 1e9 }))).toThrow(BddFull);
    expect(() => equality(new Bdd({ nodes: 1e9, steps: 1000 }))).toThrow('1000 steps');
  });
});

describe('vectors', () => {
  const bits = 6;
  const value = fc.nat(63);
  const setup = () => {
    const bdd = new Bdd();
    const vector = Array.from({ length: bits }, (_, i) => bdd.variable(i));
    const numbers = (node: Node): number[] =>
      Array.from({ length: 64 }, (_, number) => number).filter((number) =>
        bdd.holds(node, (level) => ((number >> (bits - 1 - level)) & 1) === 1),
      );
    return { bdd, vector, numbers };
  };

  it('compare numbers', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const { bdd, vector, numbers } = setup();
        const all = Array.from({ length: 64 }, (_, number) => number);
        expect(numbers(equals(bdd, vector, a, b))).toEqual(all.filter((each) => (each & b) === a));
        expect(numbers(atLeast(bdd, vector, a))).toEqual(all.filter((each) => each >= a));
        expect(numbers(atMost(bdd, vector, a))).toEqual(all.filter((each) => each <= a));
        expect(numbers(inRange(bdd, vector, a, b))).toEqual(all.filter((each) => each >= a && each <= b));
      }),
    );
  });

  it('add', () => {
    fc.assert(
      fc.property(value, value, (addend, wanted) => {
        const { bdd, vector, numbers } = setup();
        const { sum, overflow } = add(bdd, vector, addend);
        const all = Array.from({ length: 64 }, (_, number) => number);
        expect(numbers(equals(bdd, sum, wanted))).toEqual(
          all.filter((each) => (each + addend) % 64 === wanted),
        );
        expect(numbers(overflow)).toEqual(all.filter((each) => each + addend > 63));
        const target = Array.from({ length: bits }, (_, i) => ((wanted >> (bits - 1 - i)) & 1 ? ALL : NONE));
        expect(numbers(differs(bdd, sum, target))).toEqual(
          all.filter((each) => (each + addend) % 64 !== wanted),
        );
      }),
    );
  });

  it('unite prefixes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(value, fc.nat(bits)), { maxLength: 6 }), (given) => {
        const { bdd, numbers } = setup();
        const prefixes = given.map(([address, length]) => ({ address, length }));
        const union = unionOfPrefixes(bdd, [0, 1, 2, 3, 4, 5], prefixes);
        const all = Array.from({ length: 64 }, (_, number) => number);
        expect(numbers(union)).toEqual(
          all.filter((each) =>
            prefixes.some(({ address, length }) => each >> (6 - length) === address >> (6 - length)),
          ),
        );
      }),
    );
  });
});
