/** Captures that tell what is read of them, for a progress display. */
import { statSync } from 'node:fs';
import type { ByteSource } from '../capture/source.ts';
import type { CaptureInput, InputSet } from './input.ts';

/** `bytes` more of a capture were read; `total`: bytes of all captures, where their sizes are known. */
export type OnRead = (path: string, bytes: number, total: number | undefined) => void;

/** The same inputs, whose captures call whenever something is read of them, each time that they are read. */
export function observed(inputs: InputSet, onRead: OnRead): InputSet {
  let total = sizeOf(inputs.captures);
  const captures = inputs.captures.map(
    (capture): CaptureInput => ({
      ...capture,
      onRead: (bytes) => onRead(capture.path, bytes, total),
      open: () => {
        const source = capture.open();
        // Packed: the file's size says nothing of the bytes that come out of it.
        if (source.size === undefined) total = undefined;
        return counted(source, (bytes) => onRead(capture.path, bytes, total));
      },
    }),
  );
  return { ...inputs, captures };
}

/** Bytes of all captures; undefined when one of them is no file of its own. */
function sizeOf(captures: readonly CaptureInput[]): number | undefined {
  try {
    return captures.reduce((sum, { path }) => sum + statSync(path).size, 0);
  } catch {
    return undefined;
  }
}

function counted(source: ByteSource, count: (bytes: number) => void): ByteSource {
  const tell = (block: Uint8Array | undefined) => {
    if (block) count(block.length);
    return block;
  };
  const { readAt } = source;
  return {
    ...(source.size === undefined ? {} : { size: source.size }),
    get issue() {
      return source.issue;
    },
    get isLongBest() {
      return source.isLongBest ?? false;
    },
    read() {
      const block = source.read();
      return block instanceof Promise ? block.then(tell) : tell(block);
    },
    ...(readAt && { readAt: (offset: number, length: number) => tell(readAt(offset, length)) }),
    ...(source.readInto && { readInto: (memory: Uint8Array) => source.readInto?.(memory) }),
    close: () => source.close(),
  };
}
