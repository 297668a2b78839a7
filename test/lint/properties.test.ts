/** What is claimed of rules, tried on all packets of a small universe by the kernel model. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ruleAfterEnd } from '../../src/lint/checks/rule-after-end.ts';
import { ruleContradiction } from '../../src/lint/checks/rule-contradiction.ts';
import { ruleDuplicate } from '../../src/lint/checks/rule-duplicate.ts';
import { ruleOutOfReach } from '../../src/lint/checks/rule-out-of-reach.ts';
import { ruleShadowed } from '../../src/lint/checks/rule-shadowed.ts';
import { deadRules } from '../../src/lint/dead.ts';
import { fixRuleset, withoutLines } from '../../src/lint/fix.ts';
import { idleRules } from '../../src/lint/no-effect.ts';
import { parseSave } from '../../src/xtables/parse.ts';
import type { Rule, Ruleset } from '../../src/xtables/rule.ts';
import { enteredChains, fateOfAll, smallRuleset } from './universe.ts';

const RUNS = Number(process.env.RULESETS ?? 30);
const DEAD = [ruleShadowed, ruleDuplicate, ruleContradiction, ruleOutOfReach, ruleAfterEnd];

const parsed = (text: string): Ruleset => parseSave(text, 'rules', { family: 4 }).ruleset;

function* allRules(ruleset: Ruleset): Generator<{ chain: string; rule: Rule }> {
  for (const { chains } of ruleset.tables.values())
    for (const { name, rules } of chains.values()) for (const rule of rules) yield { chain: name, rule };
}

describe('a random ruleset', () => {
  it('has the rules called dead that no packet matches, and no others', { timeout: 60_000 }, () => {
    let dead = 0;
    let living = 0;
    fc.assert(
      fc.property(smallRuleset, (text) => {
        const ruleset = parsed(text);
        const { matched } = fateOfAll(ruleset);
        const entered = enteredChains(matched);
        const never = [...allRules(ruleset)]
          .filter(({ chain, rule }) => entered.has(chain) && !matched.has(rule))
          .map(({ rule }) => `${rule.span.line}: ${rule.text}`);
        const told = deadRules(ruleset).map(({ ref: { rule } }) => `${rule.span.line}: ${rule.text}`);
        expect(told.toSorted(), text).toEqual(never.toSorted());
        dead += never.length;
        living += matched.size;
      }),
      { numRuns: RUNS },
    );
    expect(Math.min(dead, living)).toBeGreaterThan(RUNS / 2);
  });

  it('names rules that take all of its packets without any other', { timeout: 60_000 }, () => {
    let tried = 0;
    fc.assert(
      fc.property(smallRuleset, (text) => {
        const ruleset = parsed(text);
        for (const { ref, takers, kind } of deadRules(ruleset)) {
          if (kind === 'contradiction' || !(ref.chain.name === 'INPUT' || ref.chain.name === 'FORWARD'))
            continue;
          const kept = new Set([ref, ...takers].map(({ rule }) => rule.span.line));
          const others = ref.chain.rules.map(({ span }) => span.line).filter((line) => !kept.has(line));
          const alone = parsed(Buffer.from(withoutLines(Buffer.from(text), new Set(others))).toString());
          const { matched } = fateOfAll(alone);
          const last = alone.tables.get('filter')?.chains.get(ref.chain.name)?.rules[takers.length];
          expect(last?.text).toBe(ref.rule.text);
          expect(last && matched.has(last), `${ref.rule.text}\n${text}`).toBe(false);
          tried++;
        }
      }),
      { numRuns: RUNS },
    );
    expect(tried).toBeGreaterThan(2);
  });

  it('treats every packet the same after --fix, and has nothing dead left', { timeout: 60_000 }, () => {
    let removed = 0;
    fc.assert(
      fc.property(smallRuleset, (text) => {
        const ruleset = parsed(text);
        const scope = {
          namespace: 'host',
          netns: { name: 'host', inferred: false },
          snapshot: { docker: { containers: [], networks: [] } },
          rulesets: [ruleset],
          issues: [],
          refused: [],
        };
        const findings = DEAD.flatMap((check) =>
          check
            .find(scope)
            .map((found) => ({ severity: check.severity, ...found, id: check.id, namespace: 'host' })),
        );
        const { lines } = fixRuleset(text, ruleset, findings);
        const fixed = Buffer.from(withoutLines(Buffer.from(text), lines)).toString();
        expect(
          text
            .split('\n')
            .filter((_, index) => !lines.has(index + 1))
            .join('\n'),
        ).toBe(fixed);
        const again = parsed(fixed);
        expect(fateOfAll(again).verdicts, text).toEqual(fateOfAll(ruleset).verdicts);
        const left = deadRules(again).filter(({ ref }) => !lines.has(ref.rule.span.line));
        // A rule that begins connection tracking by itself stays.
        for (const { ref } of left) expect(ref.rule.text, text).toMatch(/-m (conntrack|state)/);
        removed += lines.size;
      }),
      { numRuns: RUNS },
    );
    expect(removed).toBeGreaterThan(RUNS / 4);
  });

  it('treats every packet the same without a rule of no effect', { timeout: 60_000 }, () => {
    let tried = 0;
    fc.assert(
      fc.property(smallRuleset, (text) => {
        const ruleset = parsed(text);
        const before = fateOfAll(ruleset).verdicts;
        for (const { ref } of idleRules(ruleset)) {
          const lines = new Set([ref.rule.span.line]);
          const without = parsed(Buffer.from(withoutLines(Buffer.from(text), lines)).toString());
          expect(fateOfAll(without).verdicts, `${ref.rule.text}\n${text}`).toEqual(before);
          tried++;
        }
      }),
      { numRuns: RUNS },
    );
    expect(tried).toBeGreaterThan(2);
  });
});
