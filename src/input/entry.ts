import type { Issue } from '../base/issue.ts';
import type { InputLimits } from '../base/limits.ts';
import { printable } from '../base/printable.ts';
import { openFile, openStream } from '../capture/open.ts';
import { type ByteSource, memorySource, peek } from '../capture/source.ts';
import { packingOf } from '../capture/unpack.ts';

/** One file among the inputs, wherever it lies: on disk, in an archive, in a pipe. */
export interface Entry {
  /** For messages: as the user named it, or the container's name and the path within. */
  readonly path: string;
  /** Path within its directory or archive, with `/`; the path itself of a file named by itself. */
  readonly name: string;
  /** Epoch seconds of its last modification, where the file system or the archive tells. */
  readonly modified?: number;
  /** Its bytes come once. */
  readonly once?: true;
  /** The path to open it by, where it is a file of its own. */
  readonly file?: string;
  /** Its first unpacked bytes, at most `length`; `all` of them where it is that short; `issue` when it can't be opened or unpacked. */
  look(
    length: number,
  ): Promise<{ readonly head: Uint8Array; readonly all?: Uint8Array; readonly issue?: Issue }>;
  /** Its bytes, unpacked. A pipe gives them once; what can't be opened is in the source's `issue`. */
  open(): ByteSource;
}

export function fileEntry(path: string, name: string, limits: InputLimits, modified?: number): Entry {
  const open = (block?: number) => {
    const source = openFile(path, block, limits);
    return 'read' in source ? source : failed({ ...source, path: printable(path) });
  };
  return { ...reopened(path, name, modified, open), file: path };
}

export function memoryEntry(
  path: string,
  name: string,
  bytes: Uint8Array,
  limits: InputLimits,
  modified?: number,
): Entry {
  return reopened(path, name, modified, () =>
    packingOf(bytes) ? openStream(oneBlock(bytes), limits) : memorySource(bytes),
  );
}

/** To look at the beginning: a block of the usual size would be memory that is touched for it alone. */
const LOOK = 1 << 14;

function reopened(
  path: string,
  name: string,
  modified: number | undefined,
  open: (block?: number) => ByteSource,
): Entry {
  return {
    ...(modified === undefined ? {} : { modified }),
    path: printable(path),
    name: printable(name),
    open: () => open(),
    look: async (length) => {
      const source = open(LOOK);
      try {
        const { head, all, source: whole } = await peek(source, length);
        return { head, ...(all && { all }), ...issueOf(whole, printable(path)) };
      } finally {
        source.close();
      }
    },
  };
}

/** A pipe or standard input: looked at first, its bytes are not lost to the one who opens it. */
export function streamEntry(path: string, stream: AsyncIterable<Uint8Array>, limits: InputLimits): Entry {
  let source: ByteSource | undefined = openStream(stream, limits);
  return {
    path,
    name: path,
    once: true,
    open: () => {
      const whole = source;
      source = undefined;
      return (
        whole ??
        failed({ severity: 'error', code: 'stream-read-twice', text: 'a stream can be read only once', path })
      );
    },
    look: async (length) => {
      if (!source) return { head: new Uint8Array() };
      const peeked = await peek(source, length);
      source = peeked.source;
      return { head: peeked.head, ...issueOf(peeked.source, path) };
    },
  };
}

function issueOf(source: ByteSource, path: string): { issue?: Issue } {
  return source.issue ? { issue: { path, ...source.issue } } : {};
}

function failed(issue: Issue): ByteSource {
  return { issue, read: () => undefined, close: () => {} };
}

async function* oneBlock(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
