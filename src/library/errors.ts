/** The errors of the library, as a tree. What is wrong inside an input is no error but an `Issue` among the results. */
import { formatIssue, type Issue } from '../base/issue.ts';
import { LIMIT_CODE } from '../base/limits.ts';
import { printable } from '../base/printable.ts';

/**
 * What all errors of this library are, other than the reason of an aborted signal (which is thrown as it is) and bugs of
 * nettrace itself. It says why the call as a whole could not be done.
 */
export class NettraceError extends Error {
  /** Stable name of the kind of problem, for programs: `input-missing`, `flow-not-understood` … */
  readonly code: string;
  /** What to do about it, in one or more sentences. */
  readonly advice?: string;

  /** @internal */
  constructor(message: string, code: string, advice?: string) {
    super(advice === undefined ? message : `${message}\n${advice}`);
    this.name = 'NettraceError';
    this.code = code;
    if (advice !== undefined) this.advice = advice;
  }
}

/** What was wanted of inputs of which nothing could be used, by the codes of their issues. */
const EXPECTED: Readonly<Record<string, readonly [expected: string, advice?: string]>> = {
  'input-missing': ['a file, a directory or an archive', 'Paths are taken from the working directory.'],
  'input-unreadable': ['a file that may be read'],
  'open-failed': ['a file that can be opened'],
  'input-unknown': [
    'a capture, or the output of a command that nettrace knows',
    '`nettrace show FILE` tells what was looked for; `ignoreUnknown` passes over such files.',
  ],
  'input-empty': ['a file that has something in it', '`ignoreUnknown` passes over empty files.'],
  'nothing-usable': ['at least one capture or dump'],
  'capture-unknown': ['pcap, pcapng or snoop, as they are or packed with gzip or zstd'],
  'capture-empty': ['pcap, pcapng or snoop: even a capture without packets has a header'],
  'capture-unsupported': ['pcap, pcapng or snoop'],
};

const NOTHING: Issue = {
  severity: 'error',
  code: 'nothing-usable',
  text: 'none of the inputs holds a capture or a dump that could be used',
};

/** An input can't be used at all: it isn't there, isn't permitted, or is nothing that is known. */
export class InputError extends NettraceError {
  /** The input as it was named, where one is at fault. */
  readonly file?: string;
  /** From 1, where a line is at fault. */
  readonly line?: number;
  /** What was found, in words. */
  readonly found: string;
  /** What would have been right, in words, where that can be told. */
  readonly expected?: string;
  /** All inputs that can't be used, the one above first; and what was doubtful of the others. */
  readonly issues: readonly Issue[];

  /** @internal */
  constructor(issues: readonly [Issue, ...Issue[]]) {
    const [first] = issues;
    const [expected, advice] = EXPECTED[first.code] ?? [];
    const wrong = issues
      .filter(({ severity, code }) => severity === 'error' && code !== NOTHING.code)
      .slice(0, SHOWN);
    super(wrong.map((issue) => printable(formatIssue(issue))).join('\n') || first.text, first.code, advice);
    this.name = 'InputError';
    if (first.path !== undefined) this.file = first.path;
    if (first.line !== undefined) this.line = first.line;
    this.found = first.text;
    if (expected !== undefined) this.expected = expected;
    this.issues = issues;
  }
}

/** So many are told in the message; `issues` has all. */
const SHOWN = 10;

/** An input is larger than the {@link InputLimits} allow; `limits` of the call sets others. */
export class LimitError extends InputError {
  /** @internal */
  constructor(issues: readonly [Issue, ...Issue[]]) {
    super(issues);
    this.name = 'LimitError';
  }
}

/** The call itself is wrong: an option out of its range, a flow, filter or command that is not understood. */
export class UsageError extends NettraceError {
  /** The text that is not understood, as it was given. */
  readonly text?: string;
  /** Where in it, from 0, and how many characters: the part that is at fault. */
  readonly at?: number;
  readonly length?: number;

  /** @internal */
  constructor(
    message: string,
    code: string,
    more: { readonly advice?: string | undefined; readonly part?: Part } = {},
  ) {
    const { advice, part } = more;
    super(part ? `${message}\n${pointedAt(part)}` : message, code, advice);
    this.name = 'UsageError';
    if (part) {
      this.text = part.text;
      this.at = part.at;
      this.length = part.length;
    }
  }
}

interface Part {
  readonly text: string;
  readonly at: number;
  readonly length: number;
}

/** The text on a line of its own, and below it marks under the part. */
function pointedAt({ text, at, length }: Part): string {
  const before = printable(text.slice(0, at));
  const part = printable(text.slice(at, at + length));
  return `  ${printable(text)}\n  ${' '.repeat(before.length)}${'^'.repeat(Math.max(1, part.length))}`;
}

/** @internal */
export function inputError(issues: readonly Issue[]): InputError {
  const [first, ...others] = issues.toSorted(
    (left, right) => Number(left.severity !== 'error') - Number(right.severity !== 'error'),
  );
  const all = [first ?? NOTHING, ...others] as const;
  return all[0].code.startsWith(LIMIT_CODE) ? new LimitError(all) : new InputError(all);
}
