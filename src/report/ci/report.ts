/** What a run has to say to a CI system, whichever command it is of: problems at places, and cases that pass or fail. */

export interface CiReport {
  readonly command: string;
  readonly version: string;
  readonly problems: readonly CiProblem[];
  readonly suites: readonly CiSuite[];
  /** The pages of the catalogue (or of the command's own rules) that the problems name. */
  readonly rules: readonly CiRule[];
  /** What could not be used of the inputs. */
  readonly notices: readonly CiNotice[];
  /** All inputs could be used. */
  readonly successful: boolean;
}

export type Severity = 'error' | 'warning' | 'info';

export interface CiPlace {
  readonly path: string;
  /** From 1. */
  readonly line?: number | undefined;
  /** From 1 in its capture. */
  readonly packet?: number | undefined;
  /** What stands there, or what is shown by it. */
  readonly text?: string | undefined;
  /** The line itself. */
  readonly snippet?: string | undefined;
}

export interface CiProblem {
  readonly rule: string;
  readonly severity: Severity;
  /** 0..1 */
  readonly confidence: number;
  readonly title: string;
  readonly explanation: string;
  /** Where it is to be repaired, as far as it is known. */
  readonly place?: CiPlace | undefined;
  /** From the widest to the narrowest: host, table, chain. */
  readonly logical: readonly { readonly name: string; readonly kind: string }[];
  readonly evidence: readonly CiPlace[];
  readonly fix?: CiFix | undefined;
  /** What stays the same of it from run to run: no time, no packet number, no client's port. */
  readonly fingerprint: string;
}

export interface CiFix {
  readonly commands: readonly string[];
  readonly verified: boolean;
  readonly effect: string;
}

export interface CiRule {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly summary: string;
  readonly text: string;
  readonly markdown: string;
  readonly group: string;
}

export interface CiNotice {
  readonly severity: 'error' | 'warning';
  readonly text: string;
  readonly place?: CiPlace | undefined;
}

export interface CiSuite {
  readonly name: string;
  readonly cases: readonly CiCase[];
  /** Epoch seconds when it began. */
  readonly start?: number | undefined;
}

export interface CiCase {
  /** Of one suite, each has another. */
  readonly name: string;
  readonly seconds: number;
  readonly outcome: 'passed' | 'failed' | 'error' | 'skipped';
  /** A word that says what kind of failure it is: a cause, a status. */
  readonly type?: string | undefined;
  readonly message?: string | undefined;
  readonly details?: string | undefined;
}

/** `rules.v4:12`, `br0.pcap packet 7`. */
export function placeText({ path, line, packet }: CiPlace): string {
  if (line !== undefined) return `${path}:${line}`;
  return packet === undefined ? path : `${path} packet ${packet}`;
}

/** The commands, and what is known of their effect. */
export function fixText({ commands, verified, effect }: CiFix): string {
  const proof = verified ? 'verified by replay: ' : '';
  return [...commands, ...(effect === '' ? [] : [`${proof}${effect}`])].join('\n');
}
