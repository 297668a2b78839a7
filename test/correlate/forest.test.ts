import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Forest } from '../../src/correlate/forest.ts';

const COUNT = 12;
const two = fc.tuple(fc.nat(COUNT - 1), fc.nat(COUNT - 1), fc.nat(1));

/** By what is written on each: the number of its flow, and its side of it. */
function labelled(unions: readonly (readonly [number, number, number])[]) {
  const labels = Array.from({ length: COUNT }, (_, own) => ({ flow: own, side: 0 }));
  for (const [left, right, crossed] of unions) {
    const one = labels[left] as (typeof labels)[0];
    const other = labels[right] as (typeof labels)[0];
    if (one.flow === other.flow) continue;
    const turn = one.side ^ other.side ^ crossed;
    const { flow } = other;
    const to = one.flow;
    for (const label of labels) {
      if (label.flow !== flow) continue;
      label.flow = to;
      label.side ^= turn;
    }
  }
  return labels;
}

it('knows of any two whether they are one, and turned alike', () => {
  fc.assert(
    fc.property(fc.array(two, { maxLength: 30 }), fc.array(fc.nat(COUNT - 1)), (unions, asked) => {
      const forest = new Forest(COUNT);
      for (const [left, right, crossed] of unions) {
        forest.unite(left, right, crossed);
        for (const one of asked) forest.crossed(one);
      }
      const labels = labelled(unions);
      for (const [one, label] of labels.entries()) {
        const first = labels.findIndex(({ flow }) => flow === label.flow);
        expect(forest.root(one)).toBe(first);
        expect(forest.crossed(one)).toBe(label.side ^ (labels[first] as typeof label).side);
      }
    }),
  );
});

it('takes apart what more than so many are one of, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(two, { maxLength: 30 }), fc.integer({ min: 1, max: 5 }), (unions, most) => {
      const forest = new Forest(COUNT);
      for (const [left, right, crossed] of unions) forest.unite(left, right, crossed);
      const labels = labelled(unions);
      const sizeOf = (flow: number) => labels.filter((label) => label.flow === flow).length;
      const sizes = [...new Set(labels.map(({ flow }) => flow))].map(sizeOf).filter((size) => size > most);
      expect(forest.part(most)).toEqual({ flows: sizes.length, largest: Math.max(0, ...sizes) });
      for (const [one, { flow }] of labels.entries()) {
        const first = labels.findIndex((label) => label.flow === flow);
        expect(forest.root(one)).toBe(sizeOf(flow) > most ? one : first);
      }
    }),
  );
});
