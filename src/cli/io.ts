/** What the command line has of the outside: streams, environment and clock. Nothing right of cli/ knows any of it. */

export interface Stream {
  /** False when it has taken more than its reader has: wait for `drain`. Bytes are not copied: they must stay as they are while it holds any. */
  write(data: string | Uint8Array): unknown;
  /** How many of the bytes written it still holds. */
  readonly writableLength?: number | undefined;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  once?(event: 'drain' | 'close', listener: () => void): unknown;
  off?(event: 'drain' | 'close', listener: () => void): unknown;
}

export interface Io {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds that only ever grow. */
  now(): number;
  /** The status is known, though there is still text to write: a reader may close the pipe before its end. */
  setStatus(status: Status): void;
}

/** Nothing wrong found; problems found; the command line or an input is unusable (contract, section 3). */
export type Status = 0 | 1 | 2;

/** A failure that is the user's to repair: it ends the command with status 2 and this message. */
export class UsageError extends Error {
  /** What to do about it, on a line of its own. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'UsageError';
    this.hint = hint;
  }
}

/** Also one of another bundle, which has a class of its own of that name. */
export function isUsageError(error: unknown): error is UsageError {
  return error instanceof Error && error.name === 'UsageError';
}
