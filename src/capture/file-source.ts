import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Issue } from '../base/issue.ts';
import { secondCache } from './second-cache.ts';
import { type ByteSource, readIssue } from './source.ts';

/** Larger blocks cost page faults, smaller ones system calls. */
const BLOCK = 1 << 20;
/** Whoever opens a file looks at its first block, and may want the others elsewhere. */
const FIRST = 1 << 16;
/** A second cache of so many bytes keeps a usual block together with the pages that it is copied from: a long one would not stay there. */
const LARGE_CACHE = 1 << 21;

export interface FileSource extends ByteSource {
  read(): Uint8Array | undefined;
  /** `read` gives its first block once more. */
  beginAgain(first: Uint8Array): void;
}

/** A file, read synchronously into one block of `most` bytes, or the memory it is asked for, that is used again; an Issue when it can't be opened. */
export function fileSource(path: string, most = BLOCK): FileSource | Issue {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw new Error('it is a directory');
    return new OpenFile(path, fd, stat.isFile() ? stat.size : undefined, most);
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    return { severity: 'error', code: 'open-failed', path, text: openText(error) };
  }
}

class OpenFile implements FileSource {
  readonly size?: number;
  readonly readAt?: (offset: number, length: number) => Uint8Array | undefined;
  issue: Issue | undefined;
  private readonly path: string;
  private fd: number | undefined;
  private block: Uint8Array;
  private next: number;
  private again: Uint8Array | undefined;

  constructor(path: string, fd: number, size: number | undefined, most: number) {
    this.path = path;
    this.fd = fd;
    this.block = new Uint8Array(size === undefined ? most : Math.min(most, Math.max(size, 4096)));
    this.next = Math.min(FIRST, this.block.length);
    if (size === undefined) return;
    this.size = size;
    // Pipes and devices have no places.
    this.readAt = (offset, length) => this.fill(length, offset);
  }

  /** Few captures are asked: the system's answer costs 30 µs. */
  get isLongBest(): boolean {
    return (secondCache() ?? LARGE_CACHE) < LARGE_CACHE;
  }

  read(): Uint8Array | undefined {
    const { again } = this;
    this.again = undefined;
    if (again) return again;
    const length = this.next;
    this.next = this.block.length;
    return this.fill(length, null);
  }

  beginAgain(first: Uint8Array): void {
    this.again = first;
  }

  readInto(memory: Uint8Array): void {
    this.block = memory;
    this.next = memory.length;
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }

  private fill(length: number, offset: number | null): Uint8Array | undefined {
    const { fd, block } = this;
    if (fd === undefined) return undefined;
    try {
      const got = readSync(fd, block, 0, Math.min(length, block.length), offset);
      if (got > 0) return got === block.length ? block : block.subarray(0, got);
    } catch (error) {
      this.issue = { ...readIssue(error), path: this.path };
    }
    this.close();
    return undefined;
  }
}

function openText(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'reading it is not permitted';
  return `it can't be opened: ${error instanceof Error ? error.message : String(error)}`;
}
