/** How many rules of a dump are read; in each chain that has more, one of unknown outcome stands for the others. */
import type { Issue } from '../base/issue.ts';
import { type InputLimits, limitIssue } from '../base/limits.ts';
import type { Span } from '../base/span.ts';
import type { Rule } from './rule.ts';

export type RuleLimits = Pick<InputLimits, 'rules' | 'listedRules'>;

export class RuleRoom {
  readonly limits: RuleLimits;
  #taken = 0;
  /** Lines that are not read, and the first of them. */
  #passed = 0;
  #first: Span | undefined;
  /** Chains that have a rule in the place of others, behind the rest or before it. */
  readonly #appended = new Set<readonly Rule[]>();
  readonly #inserted = new Set<readonly Rule[]>();

  constructor(limits: RuleLimits) {
    this.limits = limits;
  }

  get isFull(): boolean {
    return this.#taken >= this.limits.rules;
  }

  take(rules: number): void {
    this.#taken += rules;
  }

  /** Leaves a line out of the chain that has these rules. `isInserted`: it would stand somewhere before them. */
  pass(rules: Rule[], text: string, span: Span, isInserted = false): void {
    this.#passed++;
    this.#first ??= span;
    const chains = isInserted ? this.#inserted : this.#appended;
    if (chains.has(rules)) return;
    chains.add(rules);
    rules.splice(isInserted ? 0 : rules.length, 0, unreadRule(text, span));
  }

  issues(): Issue[] {
    if (!this.#first) return [];
    const found = `${this.#taken.toLocaleString('en')} rules stand before this one`;
    const skipped = `it and ${(this.#passed - 1).toLocaleString('en')} more are not read, what becomes of packets that get there is unknown`;
    return [limitIssue('rules', this.limits, found, skipped, { severity: 'error', ...this.#first })];
  }
}

function unreadRule(text: string, span: Span): Rule {
  const info = { unparsed: [], why: 'this rule and those behind it are not read (--limit rules)' };
  const target = { kind: 'extension', name: '?', info } as const;
  return { matches: [{ name: '', info }], target, text: text.slice(0, 400), span };
}
