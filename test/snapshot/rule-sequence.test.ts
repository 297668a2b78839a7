import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RuleSequence } from '../../src/snapshot/apply/rule-sequence.ts';
import type { Rule } from '../../src/xtables/rule.ts';

const rule = (text: string): Rule => ({
  ...{ matches: [], text, span: { path: 'x', line: 1 } },
  target: { kind: 'jump', chain: text },
});
const textOf = ({ text }: Rule) => text;
const word = fc.constantFrom('a', 'b', 'c', 'd');
const change = fc.record({
  of: fc.nat(),
  at: fc.nat(),
  text: word,
  kind: fc.constantFrom('in', 'in', 'out', 'word'),
});

it('each version stays what it was, whatever is made of it later', () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), fc.array(change, { maxLength: 40 }), (begin, changes) => {
      const versions = [{ made: RuleSequence.of(begin.map(rule), textOf), texts: begin }];
      for (const { of, at, text, kind } of changes) {
        const { made, texts } = versions[
          of % 3 === 0 ? of % versions.length : versions.length - 1
        ] as (typeof versions)[0];
        if (kind === 'in') {
          const place = at % (texts.length + 1);
          versions.push({ made: made.insert(place, rule(text)), texts: texts.toSpliced(place, 0, text) });
        } else if (texts.length > 0) {
          const place = kind === 'word' ? texts.indexOf(text) : at % texts.length;
          expect(made.find(text)).toBe(texts.indexOf(text));
          if (place >= 0) versions.push({ made: made.remove(place), texts: texts.toSpliced(place, 1) });
        }
      }
      for (const { made, texts } of versions) {
        expect(made.rules().map(textOf)).toEqual(texts);
        expect(made.length).toBe(texts.length);
        expect(new Set(made.targets)).toEqual(new Set(texts));
      }
    }),
    { numRuns: 300 },
  );
});

it('stays in order over many pieces, and finds the first of those that look alike', () => {
  let made = RuleSequence.of([], textOf);
  const texts: string[] = [];
  // A number that leads everywhere, the same each time.
  for (let step = 0, at = 7; step < 6000; step++, at = (at * 75 + 74) % 65_537) {
    const text = `r${at % 40}`;
    if (step % 3 === 2) {
      const place = texts.indexOf(text);
      expect(made.find(text)).toBe(place);
      if (place < 0) continue;
      made = made.remove(place);
      texts.splice(place, 1);
    } else {
      const place = step % 2 === 0 ? 0 : at % (texts.length + 1);
      made = made.insert(place, rule(text));
      texts.splice(place, 0, text);
    }
  }
  expect(made.rules().map(textOf)).toEqual(texts);
});
