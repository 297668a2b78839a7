/** A flow of which a packet is asked for is asked for. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { covering } from '../../src/filter/covering.ts';
import type { Filter } from '../../src/filter/filter.ts';
import { compileFilter } from '../../src/filter/match.ts';

const at = (seconds: number) => ({ kind: 'absolute', seconds }) as const;
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Filter>({ kind: 'protocol', protocol: 6 }, { kind: 'protocol', protocol: 17 }),
    fc
      .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }))
      .map(([from, to]): Filter => ({ kind: 'time', range: { from: at(from), to: at(to) } })),
    fc.record({ kind: fc.constant('not' as const), part: tie('filter') }),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      parts: fc.array(tie('filter'), { maxLength: 3 }),
    }),
  ),
}));

it('covers each packet’s flow', () => {
  const end = { address: 1, port: 1 };
  const faces = [{ protocol: 6, client: end, server: end }];
  fc.assert(
    fc.property(
      filter,
      fc.integer({ min: 0, max: 9 }),
      fc.nat(5),
      fc.nat(5),
      (asked, time, before, after) => {
        const isPacket = compileFilter(asked, 0)({ faces, start: time, end: time });
        const isFlow = compileFilter(covering(asked), 0)({ faces, start: time - before, end: time + after });
        if (isPacket) expect(isFlow).toBe(true);
      },
    ),
    { numRuns: 2000 },
  );
});
