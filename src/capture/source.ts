import type { Issue } from '../base/issue.ts';

/**
 * A pull of bytes, block by block. The block returned is valid until the next call; undefined at the end. Synchronous
 * where the input allows (files), a promise where it does not (gzip, pipes). Neither throws nor rejects: an input
 * that breaks off (truncated gzip, I/O error) ends, and `issue` says why.
 */
export interface ByteSource {
  /** Bytes in all, when known beforehand (for progress). */
  readonly size?: number;
  /** Why the bytes ended before their end; set once `read` gave undefined. */
  readonly issue?: Issue | undefined;
  read(): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Asks for its blocks to lie in this memory, as many bytes at a time as it has; a source that has blocks of its own needn't mind. */
  readInto?(memory: Uint8Array): void;
  /** Long records are best read in long blocks from it. */
  readonly isLongBest?: boolean;
  /** Where the bytes lie still: at most `length` of them from `offset` on; undefined at the end. `read` is not to be called any more. */
  readAt?(offset: number, length: number): Uint8Array | undefined;
  close(): void;
}

/** Bytes that are in memory already; in one block. */
export function memorySource(bytes: Uint8Array): ByteSource {
  let rest: Uint8Array | undefined = bytes.length > 0 ? bytes : undefined;
  return {
    size: bytes.length,
    read() {
      const block = rest;
      rest = undefined;
      return block;
    },
    readAt: (offset, length) => (offset < bytes.length ? bytes.subarray(offset, offset + length) : undefined),
    close() {
      rest = undefined;
    },
  };
}

/** Blocks as they come from a stream or a generator: standard input, a child's output. */
export function iterableSource(blocks: AsyncIterable<Uint8Array>): ByteSource {
  const iterator = blocks[Symbol.asyncIterator]();
  let issue: Issue | undefined;
  let done = false;
  return {
    get issue() {
      return issue;
    },
    async read() {
      while (!done) {
        try {
          const next = await iterator.next();
          if (next.done) done = true;
          else if (next.value.length > 0) return next.value;
        } catch (error) {
          done = true;
          issue = readIssue(error);
        }
      }
      return undefined;
    },
    close() {
      if (!done) void iterator.return?.();
      done = true;
    },
  };
}

export function readIssue(error: unknown): Issue {
  const reason = error instanceof Error ? error.message : String(error);
  return { severity: 'error', code: 'read-failed', text: `reading stopped: ${reason}` };
}

/** What `source` gives, from its start, after a look at its first bytes. */
export interface Peeked {
  /** At most `wanted` bytes; fewer only at the end of the source. */
  readonly head: Uint8Array;
  /** All that the source has, where that was read for the look; valid until the source is read. */
  readonly all?: Uint8Array;
  readonly source: ByteSource;
}

/** Looks at the first bytes and gives a source that begins with them again. */
export async function peek(source: ByteSource, wanted: number): Promise<Peeked> {
  const first = await source.read();
  if (!first || first.length >= wanted) {
    return {
      head: (first ?? new Uint8Array()).slice(0, wanted),
      ...(first && first.length === source.size && { all: first }),
      source: replay(first ? [first] : [], source),
    };
  }
  // Short first blocks come from pipes; what they hold must outlive the next read.
  const blocks = [first.slice()];
  let length = first.length;
  while (length < wanted && length !== source.size) {
    const next = await source.read();
    if (!next) break;
    blocks.push(next.slice());
    length += next.length;
  }
  const head = new Uint8Array(length);
  let at = 0;
  for (const block of blocks) {
    head.set(block, at);
    at += block.length;
  }
  const all = length === source.size ? { all: head } : {};
  return { head: head.slice(0, wanted), ...all, source: replay([head], source) };
}

function replay(blocks: Uint8Array[], source: ByteSource): ByteSource {
  return {
    ...(source.size === undefined ? {} : { size: source.size }),
    get issue() {
      return source.issue;
    },
    read() {
      return blocks.shift() ?? source.read();
    },
    close() {
      source.close();
    },
  };
}
