/** Standard output and error written by system calls where they are no terminal: making one of Node's streams takes a tenth of a short run. */
import { fstatSync, writeSync } from 'node:fs';
import type { Stream } from './io.ts';

/** Of Linux: /dev/null, /dev/full … */
const MEMORY_DEVICES = 1;

/**
 * Undefined for a terminal, and for what may be one: those are Node's. `node` gives Node's own, which waits for the reader of a
 * pipe that doesn't block; `failed` is told what else is wrong with writing, and the bytes are given up.
 */
export function descriptorStream(
  descriptor: number,
  failed: (error: Error) => void,
  node: () => Stream,
): Stream | undefined {
  if (mayBeTerminal(descriptor)) return undefined;
  let waiting: Stream | undefined;
  return {
    isTTY: false,
    write(data) {
      if (waiting) return waiting.write(data);
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      let at = 0;
      try {
        while (at < bytes.length) at += writeSync(descriptor, bytes, at);
        return true;
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        if ('code' in error && error.code === 'EAGAIN') {
          waiting = node();
          return waiting.write(bytes.subarray(at));
        }
        failed(error);
        return true;
      }
    },
    get writableLength() {
      return waiting?.writableLength ?? 0;
    },
    once: (event, listener) => waiting?.once?.(event, listener),
    off: (event, listener) => waiting?.off?.(event, listener),
  };
}

function mayBeTerminal(descriptor: number): boolean {
  if (process.platform !== 'linux') return true;
  try {
    const stat = fstatSync(descriptor);
    return stat.isCharacterDevice() && stat.rdev >> 8 !== MEMORY_DEVICES;
  } catch {
    return true;
  }
}
