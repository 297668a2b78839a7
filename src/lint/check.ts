/** A check: its page, and how it looks for what it is about. */
import type { Found, Severity } from './finding.ts';
import type { Scope } from './scope.ts';

/** A page of the list, in whole sentences. */
export interface CheckPage {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** What the kernel, iptables or Docker does, and why that is not what the rule was written for. */
  readonly why: string;
  /** What to do about it in general. */
  readonly repair: string;
  /** When nothing is said, though it may look alike. */
  readonly silent: string;
  readonly references: readonly string[];
}

export interface Check extends CheckPage {
  /** Only what is certain of what the dumps show; what was not dumped is no reason for anything. */
  find(scope: Scope): Found[];
}
