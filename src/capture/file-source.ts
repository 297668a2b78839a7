import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Issue } from '../base/issue.ts';
import { type ByteSource, readIssue } from './source.ts';

/** Larger blocks cost page faults, smaller ones system calls. */
const BLOCK = 1 << 20;
/** Whoever opens a file looks at its first block, and may want the others elsewhere. */
const FIRST = 1 << 16;

export interface FileSource extends ByteSource {
  read(): Uint8Array | undefined;
}

/** A file, read synchronously into one block of `most` bytes, or the memory it is asked for, that is used again; an Issue when it can't be opened. */
export function fileSource(path: string, most = BLOCK): FileSource | Issue {
  let fd: number | undefined;
  let size: number | undefined;
  try {
    fd = openSync(path, 'r');
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw new Error('it is a directory');
    if (stat.isFile()) size = stat.size;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    return { severity: 'error', code: 'open-failed', path, text: openText(error) };
  }
  let block: Uint8Array = new Uint8Array(size === undefined ? most : Math.min(most, Math.max(size, 4096)));
  let next = Math.min(FIRST, block.length);
  let issue: Issue | undefined;
  const close = () => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  const read = (length: number, offset: number | null) => {
    if (fd === undefined) return undefined;
    try {
      const got = readSync(fd, block, 0, Math.min(length, block.length), offset);
      if (got > 0) return got === block.length ? block : block.subarray(0, got);
    } catch (error) {
      issue = { ...readIssue(error), path };
    }
    close();
    return undefined;
  };
  return {
    ...(size === undefined ? {} : { size }),
    get issue() {
      return issue;
    },
    read() {
      const length = next;
      next = block.length;
      return read(length, null);
    },
    readInto(memory: Uint8Array) {
      block = memory;
      next = block.length;
    },
    // Pipes and devices have no places.
    ...(size !== undefined && { readAt: (offset: number, length: number) => read(length, offset) }),
    close,
  };
}

function openText(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'reading it is not permitted';
  return `it can't be opened: ${error instanceof Error ? error.message : String(error)}`;
}
