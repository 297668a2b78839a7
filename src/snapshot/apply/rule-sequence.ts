/**
 * A chain's rules as commands change them one after the other. Each version stays what it is, and only the newest is kept as a whole: the one
 * before it knows what was done to it, and takes that back when somebody asks for it (as Baker's arrays do).
 */
import type { Rule } from '../../xtables/rule.ts';
import { RuleChunks } from './rule-chunks.ts';

type Change =
  | { readonly kind: 'insert'; readonly at: number; readonly rule: Rule }
  | { readonly kind: 'remove'; readonly at: number };

export class RuleSequence {
  #chunks: RuleChunks | undefined;
  /** The version after this one, and what makes this one of it. */
  #after: { readonly version: RuleSequence; readonly back: Change } | undefined;
  #rules: Rule[] | undefined;
  readonly #keyOf: (rule: Rule) => string;

  private constructor(keyOf: (rule: Rule) => string, chunks?: RuleChunks, rules?: Rule[]) {
    this.#keyOf = keyOf;
    this.#chunks = chunks;
    this.#rules = rules;
  }

  /** `keyOf`: what a rule is found by. */
  static of(rules: Rule[], keyOf: (rule: Rule) => string): RuleSequence {
    return new RuleSequence(keyOf, undefined, rules);
  }

  get length(): number {
    return this.#own().length;
  }

  /** Chains that rules jump or go to. */
  get targets(): Iterable<string> {
    return this.#own().targets.keys();
  }

  hasTarget(chain: string): boolean {
    return this.#own().targets.has(chain);
  }

  /** The place of the first rule that has this key, -1. */
  find(key: string): number {
    return this.#own().first(key);
  }

  /** The same array each time. */
  rules(): Rule[] {
    if (this.#rules) return this.#rules;
    const changes: Change[] = [];
    let newest: RuleSequence = this;
    for (; newest.#after; newest = newest.#after.version) changes.push(newest.#after.back);
    const chunks = newest.#chunks as RuleChunks;
    if (changes.length > 0) {
      const rules = newest.rules().slice();
      for (const change of changes.toReversed()) {
        if (change.kind === 'insert') rules.splice(change.at, 0, change.rule);
        else rules.splice(change.at, 1);
      }
      this.#rules = rules;
    } else this.#rules = chunks.rules();
    return this.#rules;
  }

  insert(at: number, rule: Rule): RuleSequence {
    return this.#change({ kind: 'insert', at, rule });
  }

  remove(at: number): RuleSequence {
    return this.#change({ kind: 'remove', at });
  }

  #change(change: Change): RuleSequence {
    const chunks = this.#own();
    const back: Change =
      change.kind === 'insert'
        ? { kind: 'remove', at: change.at }
        : { kind: 'insert', at: change.at, rule: chunks.at(change.at) };
    if (change.kind === 'insert') chunks.insert(change.at, change.rule);
    else chunks.remove(change.at);
    const version = new RuleSequence(this.#keyOf, chunks);
    this.#chunks = undefined;
    this.#after = { version, back };
    return version;
  }

  /** Of a version that others came after, a copy: from then on they go different ways. */
  #own(): RuleChunks {
    if (this.#chunks) return this.#chunks;
    this.#chunks = new RuleChunks(this.rules(), this.#keyOf);
    this.#after = undefined;
    return this.#chunks;
  }
}
