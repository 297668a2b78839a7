/** What a check has to say of a ruleset: plain data for every reporter, and the rules themselves for suppressions and fixes. */
import type { Span } from '../base/span.ts';
import type { RuleRef } from './rules.ts';

/** `note`: true, and nothing has to be done about it. */
export type Severity = 'error' | 'warning' | 'note';

export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];

/** A place that a message names: a rule, a chain's line, or another line of a dump. */
export interface Involved {
  readonly at: RuleRef | Span;
  /** What it has to do with the finding: "takes all of its packets". */
  readonly role: string;
}

export interface Suggestion {
  /** In a sentence. */
  readonly text: string;
  /** What to type for it on the host. */
  readonly commands: readonly string[];
  /** Rules that can be taken out and no packet fares otherwise: `--fix` does it. */
  readonly removes?: readonly RuleRef[];
}

/** What a check found, without its id. */
export interface Found {
  /** Other than the check's own. */
  readonly severity?: Severity;
  /** In the words of this ruleset, in one line. */
  readonly title: string;
  /** Why it is so, and what follows from it. */
  readonly explanation: string;
  readonly at: RuleRef | Span;
  readonly involved?: readonly Involved[];
  readonly suggestion?: Suggestion;
}

export interface Finding extends Found {
  readonly id: string;
  readonly severity: Severity;
  readonly namespace: string;
}

export function isRule(at: RuleRef | Span): at is RuleRef {
  return 'rule' in at;
}

export function spanOf(at: RuleRef | Span): Span {
  return isRule(at) ? at.rule.span : at;
}
