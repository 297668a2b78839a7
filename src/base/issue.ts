/**
 * Something about an input that a reader could not use, or used with a doubt. Expected failures are values:
 * a reader returns what it could read together with its issues, and throws only on its own bugs.
 */
export interface Issue {
  readonly severity: 'error' | 'warning';
  /** Stable name of the kind of problem, for tests and programs: `pcap-truncated`, `unknown-match` … */
  readonly code: string;
  /** What was found, what was expected, what to do; without the place, which the fields below hold. */
  readonly text: string;
  readonly path?: string;
  /** From 1. */
  readonly line?: number;
  /** From 1 in its file. */
  readonly packet?: number;
}

/** `eth0.pcap: packet 17: text`, the way every message names its place. */
export function formatIssue(issue: Issue): string {
  const place = [
    issue.path,
    issue.line === undefined ? undefined : `line ${issue.line}`,
    issue.packet === undefined ? undefined : `packet ${issue.packet}`,
  ].filter((part) => part !== undefined);
  return [...place, issue.text].join(': ');
}
