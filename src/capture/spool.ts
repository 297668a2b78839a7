import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Issue } from '../base/issue.ts';
import { type ByteSource, readIssue } from './source.ts';

const BLOCK = 1 << 20;

/** What can be read once only, made readable again. */
export interface Spool {
  /** The first time the source's own bytes, which are copied as they are read; afterwards the copy. */
  open(): ByteSource;
  /** Why the copy isn't whole, if it isn't. */
  readonly issue: Issue | undefined;
  /** Gives the room back. */
  close(): void;
}

/** `path`: for messages; `lacking`: what becomes of packets that the copy doesn't have. The copy is a file without a name in the folder for temporary files: nobody else can open it, and it goes with the process. */
export function spool(path: string, first: () => ByteSource, lacking = 'counted, not looked at'): Spool {
  let fd: number | undefined;
  let issue: Issue | undefined;
  let begun = false;
  const close = () => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  const failed = (error: unknown) => {
    issue = {
      severity: 'warning',
      code: 'spool-failed',
      path,
      text: `a stream can be read once, and it could not be copied to ${tmpdir()} for a second reading (${error instanceof Error ? error.message : String(error)}): packets that the copy lacks are ${lacking}; TMPDIR names another folder`,
    };
  };
  const copy = (block: Uint8Array | undefined) => {
    if (!block || fd === undefined || issue) return block;
    try {
      for (let at = 0; at < block.length; ) at += writeSync(fd, block, at, block.length - at);
    } catch (error) {
      failed(error);
    }
    return block;
  };
  return {
    get issue() {
      return issue;
    },
    close,
    open() {
      if (begun) return fd === undefined ? { read: () => undefined, close() {} } : again(fd);
      begun = true;
      try {
        fd = temporaryFile();
      } catch (error) {
        failed(error);
      }
      const source = first();
      return {
        get issue() {
          return source.issue;
        },
        read() {
          const block = source.read();
          return block instanceof Promise ? block.then(copy) : copy(block);
        },
        close: () => source.close(),
      };
    },
  };
}

/** open(2), Linux: without a name from the start, so that a process that is killed leaves none behind. Not every file system can. */
const O_TMPFILE = 0o20000000 | (constants.O_DIRECTORY ?? 0);

function temporaryFile(): number {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;
  if (process.platform === 'linux') {
    try {
      return openSync(tmpdir(), O_TMPFILE | O_EXCL | O_RDWR, 0o600);
    } catch {
      // What is wrong with the folder itself is found out below.
    }
  }
  const name = join(tmpdir(), `nettrace-${process.pid}-${Math.random().toString(36).slice(2)}`);
  const fd = openSync(name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, 0o600);
  unlinkSync(name);
  return fd;
}

function again(fd: number): ByteSource {
  const block = new Uint8Array(BLOCK);
  let at = 0;
  let issue: Issue | undefined;
  const readAt = (offset: number, most: number) => {
    try {
      const length = readSync(fd, block, 0, Math.min(most, block.length), offset);
      return length > 0 ? block.subarray(0, length) : undefined;
    } catch (error) {
      issue = readIssue(error);
      return undefined;
    }
  };
  return {
    get issue() {
      return issue;
    },
    read() {
      const next = readAt(at, block.length);
      at += next?.length ?? 0;
      return next;
    },
    readAt,
    close() {},
  };
}
