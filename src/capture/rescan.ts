import type { Issue } from '../base/issue.ts';
import { LONG_RECORDS } from './columns.ts';
import type { Frame } from './frame.ts';
import { CaptureReader, type ScanOptions, scanCapture } from './scan.ts';
import type { ByteSource } from './source.ts';
import type { Stretches } from './stretches.ts';

/** What the first reading of a capture left for a second one. */
export interface Reread {
  readonly packets: number;
  readonly stretches: Stretches;
  /** 1 for each stretch that is wanted; all others are passed over where the source has places. */
  readonly wanted: Uint8Array;
}

type RescanOptions = Pick<ScanOptions, 'path' | 'onProgress' | 'onColumns' | 'columns' | 'pace' | 'limits'>;

/**
 * Reads parts of a capture that has been read before: `onFrame` gets their frames with the numbers that they had. Gives an issue when the
 * capture isn't what it was.
 */
export async function rescanCapture(
  source: ByteSource,
  onFrame: (frame: Frame) => void,
  first: Reread,
  options: RescanOptions = {},
): Promise<Issue | undefined> {
  const { readAt, size = 0 } = source;
  if (!readAt || first.stretches.count === 0) {
    const { packets } = await scanCapture(source, onFrame, options);
    return packets === first.packets
      ? undefined
      : changed(
          options.path,
          `it had ${first.packets} packets when it was read first and ${packets} when it was read again`,
        );
  }
  try {
    const room = options.columns?.blockFor(
      size >= first.packets * LONG_RECORDS && (source.isLongBest ?? false),
    );
    if (room) source.readInto?.(room);
    // Where a stretch ends, the first reading found a record behind its last one.
    const reader = new CaptureReader(onFrame, { ...options, isPrompt: true });
    return await readStretches(readAt, reader, first, options);
  } finally {
    source.close();
  }
}

async function readStretches(
  readAt: NonNullable<ByteSource['readAt']>,
  reader: CaptureReader,
  { stretches, wanted, packets }: Reread,
  { path, onProgress, pace }: RescanOptions,
): Promise<Issue | undefined> {
  for (let i = 0; i < stretches.count; i++) {
    if (wanted[i] !== 1) continue;
    const start = stretches.offset(i);
    reader.enter(start, stretches.packets(i));
    while (wanted[i + 1] === 1) i++;
    const isLast = i + 1 === stretches.count;
    const end = isLast ? Number.POSITIVE_INFINITY : stretches.offset(i + 1);
    for (let at = start; at < end; ) {
      const block = readAt(at, end - at);
      if (!block || !reader.push(block)) break;
      at += block.length;
      if (onProgress?.(at) === false) return undefined;
      const turn = pace?.after(block.length);
      if (turn) await turn;
    }
    const there = reader.packets;
    const expected = isLast ? packets : stretches.packets(i + 1);
    if (there !== expected)
      return changed(
        path,
        `packets ${stretches.packets(i) + 1} to ${expected} were read from byte ${start} on at first, and when they were read again the last was ${there}`,
      );
  }
  return undefined;
}

function changed(path: string | undefined, what: string): Issue {
  return {
    severity: 'warning',
    code: 'capture-changed',
    ...(path !== undefined && { path }),
    text: `${what}: it is still being written, or was replaced`,
  };
}
