/** u32_mt(), net/netfilter/xt_u32.c: arithmetic on 32-bit words counted from the IP header. */
import { lazily } from '../../base/memo.ts';
import { isUnknown, type Ternary } from '../../base/ternary.ts';
import type { MatchContext } from '../context.ts';
import { DECIDED, defineMatch, option, type Value } from '../extension.ts';
import { listing } from '../listing.ts';
import { cut, u32 as readWord, unsaidHeader } from '../packet.ts';
import { hex, type Range, readNumber } from '../values/number.ts';

const OPERATORS = ['&', '<<', '>>', '@'] as const;
const MAX_STEPS = 11;
const MAX_U32 = 0xffffffff;

interface Step {
  readonly operator: (typeof OPERATORS)[number];
  readonly number: number;
}

interface U32Test {
  readonly start: number;
  readonly steps: readonly Step[];
  readonly values: readonly Range[];
}

interface U32Info {
  readonly invert: boolean;
  readonly tests: readonly U32Test[];
}

function readTest(text: string): U32Test | undefined {
  const [location = '', values, more] = text.split('=');
  if (values === undefined || more !== undefined) return undefined;
  const words = location.split(/(&|<<|>>|@)/).map((word) => word.trim());
  const numbers = words.filter((_, i) => i % 2 === 0).map((word) => readNumber(word, MAX_U32));
  const steps: Step[] = [];
  for (let i = 1; i < numbers.length; i++) {
    const number = numbers[i];
    const operator = OPERATORS.find((each) => each === words[2 * i - 1]);
    if (number === undefined || !operator || ((operator === '<<' || operator === '>>') && number > 31)) {
      return undefined;
    }
    steps.push({ operator, number });
  }
  const [start] = numbers;
  const ranges = values.split(',').map(readValue);
  if (start === undefined || steps.length >= MAX_STEPS || ranges.length >= MAX_STEPS) return undefined;
  const found = ranges.filter((each) => each !== undefined);
  return found.length === ranges.length ? { start, steps, values: found } : undefined;
}

function readValue(text: string): Range | undefined {
  const [low = '', high = low, more] = text.split(':').map((word) => word.trim());
  const min = readNumber(low, MAX_U32);
  const max = readNumber(high, MAX_U32);
  return min === undefined || max === undefined || more !== undefined ? undefined : { min, max };
}

const tests: Value<readonly U32Test[]> = {
  words: 1,
  expected: 'tests such as "6&0xFF=17 && 0>>22&0x3C@0>>16=53,5353:5360"',
  read([text = '']) {
    const parts = text.split('&&').map(readTest);
    const found = parts.filter((each) => each !== undefined);
    return found.length === parts.length && found.length < MAX_STEPS ? found : undefined;
  },
};

export const u32 = lazily(() =>
  defineMatch({
    name: 'u32',
    support: DECIDED,
    options: { u32: { value: tests, invert: true, required: true } },
    listing: () => listing([/u32 (?<n>! ?)?"?(?<v>[^"\s]+)"?/, 'u32']),
    build: ({ u32 }): U32Info => ({ invert: u32.invert, tests: u32.value }),
    print: (info) => [option('u32', info.invert, `"${info.tests.map(printTest).join('&&')}"`)],
    match(info, ctx) {
      const unsaid = unsaidHeader(ctx.skb);
      if (unsaid) return unsaid;
      for (const test of info.tests) {
        const held = testHolds(test, ctx);
        if (isUnknown(held)) return held;
        if (held === false) return info.invert;
      }
      return !info.invert;
    },
  }),
);

function printTest({ start, steps, values }: U32Test): string {
  const location = hex(start) + steps.map(({ operator, number }) => operator + hex(number)).join('');
  return `${location}=${values.map(({ min, max }) => (min === max ? hex(min) : `${hex(min)}:${hex(max)}`)).join(',')}`;
}

/** u32_match_it(): reading outside the packet fails the test. */
function testHolds({ start, steps, values }: U32Test, ctx: MatchContext): Ternary {
  let base = 0;
  let value = wordAt(ctx, start);
  for (const { operator, number } of steps) {
    if (typeof value !== 'number') break;
    if (operator === '&') value = (value & number) >>> 0;
    else if (operator === '<<') value = (value << number) >>> 0;
    else if (operator === '>>') value = value >>> number;
    else {
      base += value;
      value = wordAt(ctx, base + number);
    }
  }
  if (typeof value !== 'number') return value;
  const word = value;
  return values.some(({ min, max }) => word >= min && word <= max);
}

function wordAt({ skb }: MatchContext, offset: number): number | Ternary {
  if (offset + 4 > skb.length) return false;
  return offset + 4 > skb.bytes.length ? cut(skb) : readWord(skb.bytes, offset);
}
