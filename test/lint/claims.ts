/**
 * What is said of real rulesets, held against the kernel model without any sets of packets: packets are made for each rule that is
 * called dead or without effect, and walk its table.
 */
import { expect } from 'vitest';
import { type Dead, deadRules } from '../../src/lint/dead.ts';
import { hookOfChain, hooksReaching } from '../../src/lint/graph.ts';
import { idleRules } from '../../src/lint/no-effect.ts';
import { isObscure, type RuleRef, rulesOf } from '../../src/lint/rules.ts';
import type { Ruleset } from '../../src/xtables/rule.ts';
import { Model, Trials, without } from './evidence.ts';

/** Packets for each claim; of rules that stand where nothing leads, fewer. */
const EACH = 30;
const FEW = 3;
/** Rules of a file that packets are to come to. */
const COMPARED = 60;

export interface Tally {
  /** Rules of which something is claimed. */
  claims: number;
  packets: number;
  /** Rules for which fewer packets were found than were asked for. */
  readonly short: string[];
  /** Rules of which nothing is claimed, for comparison: those that their packets came to, and those that none of them did. */
  met: number;
  missed: number;
  readonly unmet: string[];
  /** What the model contradicts. */
  readonly wrong: string[];
}

export const emptyTally = (): Tally => ({
  claims: 0,
  packets: 0,
  short: [],
  met: 0,
  missed: 0,
  unmet: [],
  wrong: [],
});

function seedOf({ rule }: RuleRef): number {
  return Math.imul(rule.span.line + 1, 0x9e3779b1);
}

/** What stands before it in its chain, the nearest first, and the rules that lead to the chain. */
function around({ chain, number }: RuleRef, takers: readonly RuleRef[]) {
  return [...takers.map(({ rule }) => rule), ...chain.rules.slice(0, number - 1).toReversed()];
}

/** @param tally what comes of it is added there */
export function check(ruleset: Ruleset, tally: Tally): void {
  const model = new Model(ruleset);
  const { wrong, short } = tally;
  const nameOf = ({ rule }: RuleRef): string => `${rule.span.path}:${rule.span.line} ${rule.text}`;
  const trials = (ref: RuleRef, near: readonly RuleRef[], count = EACH) =>
    new Trials(model, ref.table, seedOf(ref)).for(ref, around(ref, near), count);

  const never = (ref: RuleRef, takers: readonly RuleRef[], count: number): void => {
    let met = 0;
    for (const trial of trials(ref, takers, count)) {
      met++;
      if (model.fate(ref.table.name, trial).matched.has(ref.rule)) wrong.push(`${nameOf(ref)} is matched`);
    }
    tally.claims++;
    tally.packets += met;
    if (met < count) short.push(nameOf(ref));
  };
  const living = (ref: RuleRef): void => {
    for (const trial of trials(ref, [])) {
      if (!model.fate(ref.table.name, trial).matched.has(ref.rule)) continue;
      tally.met++;
      return;
    }
    tally.missed++;
    tally.unmet.push(nameOf(ref));
  };
  const contradictory = ({ ref }: Dead): void => {
    for (const _ of new Trials(model, ref.table, seedOf(ref)).for(ref, around(ref, []), 1, 300))
      wrong.push(`${nameOf(ref)} can be met`);
  };

  const dead = deadRules(ruleset);
  for (const each of dead) {
    if (each.kind === 'contradiction') contradictory(each);
    else never(each.ref, each.takers, EACH);
  }
  const told = new Set(dead.map(({ ref }) => ref.rule));
  let compared = 0;
  for (const ref of rulesOf(ruleset)) {
    const { table, chain, rule } = ref;
    const led = hookOfChain(table, chain.name) || hooksReaching(table).get(chain.name)?.size;
    if (isObscure(rule) || told.has(rule)) continue;
    if (!led) never(ref, [], FEW);
    else if (compared++ < COMPARED) living(ref);
  }
  for (const { ref } of idleRules(ruleset)) {
    const other = new Model(without(ruleset, new Set([ref.rule])));
    let met = 0;
    for (const trial of trials(ref, [])) {
      met++;
      const [own, rest] = [model.fate(ref.table.name, trial), other.fate(ref.table.name, trial)];
      if (own.verdict !== rest.verdict)
        wrong.push(`${nameOf(ref)} has an effect: ${own.verdict}, without it ${rest.verdict}`);
    }
    tally.claims++;
    tally.packets += met;
    if (met < EACH) short.push(nameOf(ref));
  }
}

export function expectBorneOut(tally: Tally): void {
  expect(tally.wrong).toEqual([]);
  // Most packets were made to meet what they met: of rules nothing is claimed of, hardly one is never come to.
  expect(tally.missed, tally.unmet.join('\n')).toBeLessThanOrEqual((tally.met + tally.missed) * 0.05);
  expect(tally.short.length, tally.short.join('\n')).toBeLessThanOrEqual(tally.claims * 0.03);
  expect(tally.packets).toBeGreaterThan(tally.claims * FEW * 0.9);
}
