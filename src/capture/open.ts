import type { Issue } from '../base/issue.ts';
import { DEFAULT_LIMITS } from '../base/limits.ts';
import { fileSource } from './file-source.ts';
import { type ByteSource, iterableSource } from './source.ts';
import { packingOf, type UnpackLimits, unpacked } from './unpack.ts';

/**
 * A file's bytes, unpacked if they are gzip or zstd. An Issue when it can't be opened. Opening reads at most one block; the
 * bytes of a plain file come synchronously, `block` at a time.
 */
export function openFile(
  path: string,
  block?: number,
  limits: UnpackLimits = DEFAULT_LIMITS,
): ByteSource | Issue {
  const source = fileSource(path, block);
  if (!('read' in source)) return source;
  const first = source.read();
  if (first) source.beginAgain(first);
  return first && packingOf(first) ? deferred(() => unpacked(source, limits)) : source;
}

/** Standard input or any other stream, unpacked if need be. */
export function openStream(
  stream: AsyncIterable<Uint8Array>,
  limits: UnpackLimits = DEFAULT_LIMITS,
): ByteSource {
  return deferred(() => unpacked(iterableSource(stream), limits));
}

/** A source that is set up when it is first read. */
function deferred(open: () => Promise<ByteSource>): ByteSource {
  let opened: ByteSource | undefined;
  let closed = false;
  return {
    get issue() {
      return opened?.issue;
    },
    async read() {
      if (closed) return undefined;
      opened ??= await open();
      return opened.read();
    },
    close() {
      closed = true;
      opened?.close();
    },
  };
}
