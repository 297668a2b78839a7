import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allOf, anyOf, type End, type Filter, type Host, type Side } from '../../src/filter/filter.ts';
import { parseFilter } from '../../src/filter/parse.ts';
import { parsePasted } from '../../src/filter/pasted.ts';
import { printFilter } from '../../src/filter/print.ts';
import type { Moment, TimeRange } from '../../src/filter/time.ts';
import { networkOf } from '../../src/net/prefix.ts';

const address4 = fc.integer({ min: 1, max: 0xffffffff });
const address6 = fc.bigInt({ min: 1n << 96n, max: (1n << 128n) - 1n });
const name = fc.oneof(
  fc.constantFrom(
    'web',
    'node-1/web',
    'and',
    'tcp',
    'any',
    'ip.addr',
    'a->b',
    '10',
    '8.8.8',
    'ü',
    'a b',
    "it's",
    '(',
    'a:b:c',
  ),
  fc.stringMatching(/^[^"]{1,12}$/),
);
const host: fc.Arbitrary<Host> = fc.oneof(
  fc
    .tuple(address4, fc.integer({ min: 1, max: 32 }))
    .map(([ip, length]) => ({ prefix: networkOf(ip, length) })),
  fc
    .tuple(address6, fc.integer({ min: 1, max: 128 }))
    .map(([ip, length]) => ({ prefix: networkOf(ip, length) })),
  name.map((one) => ({ name: one })),
);
const ports = fc
  .tuple(fc.integer({ min: 0, max: 65535 }), fc.integer({ min: 0, max: 65535 }))
  .map(([one, other]) => ({ from: Math.min(one, other), to: Math.max(one, other) }));
const end: fc.Arbitrary<End> = fc.record({ host, ports }, { requiredKeys: [] });
const side = fc.constantFrom<Side>('either', 'source', 'destination');
const moment: fc.Arbitrary<Moment> = fc.oneof(
  fc.integer({ min: 0, max: 4e12 }).map((ms) => ({ kind: 'absolute' as const, seconds: ms / 1000 })),
  fc.integer({ min: 0, max: 86_399_999 }).map((ms) => ({ kind: 'clock' as const, seconds: ms / 1000 })),
  fc.integer({ min: 0, max: 86_399_999 }).map((ms) => ({ kind: 'offset' as const, seconds: ms / 1000 })),
);
const range: fc.Arbitrary<TimeRange> = fc.oneof(
  fc.record({ from: moment, to: moment }),
  fc.record({ from: moment }),
  fc.record({ to: moment }),
);
const single: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({ kind: fc.constant('host' as const), side, host }),
  fc.record({ kind: fc.constant('port' as const), side, ports }),
  fc.integer({ min: 0, max: 255 }).map((protocol) => ({ kind: 'protocol' as const, protocol })),
  fc.constantFrom(4 as const, 6 as const).map((family) => ({ kind: 'family' as const, family })),
  fc.record({
    kind: fc.constant('flow' as const),
    way: fc.constantFrom('to' as const, 'between' as const),
    left: end,
    right: end,
  }),
  range.map((one) => ({ kind: 'time' as const, range: one })),
);
const filter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    single,
    fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map(allOf),
    fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map(anyOf),
    tie('filter').map((part): Filter => (part.kind === 'not' ? part : { kind: 'not', part })),
  ),
})).filter;

describe('the language of filters', () => {
  it('reads what it prints', () => {
    fc.assert(
      fc.property(filter, (given) => {
        expect(parseFilter(printFilter(given))).toEqual(given);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes any text, and names a place within it', () => {
    const words = fc.constantFrom(
      'tcp',
      'host',
      '10.0.0.2',
      '>',
      '<>',
      '(',
      ')',
      'and',
      '!',
      ',',
      '"',
      ':53',
      'time',
      '..',
      '[',
      '==',
      'ip.src',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words).map((list) => list.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        parsePasted(text);
        const parsed = parseFilter(text);
        if ('fault' in parsed) {
          expect(parsed.at).toBeGreaterThanOrEqual(0);
          expect(parsed.at).toBeLessThanOrEqual(text.length);
        } else expect(parseFilter(printFilter(parsed))).toEqual(parsed);
      }),
      { numRuns: 3000 },
    );
  });
});
