/** The packets of a capture, block by block: a block is read when the packets of the one before it have been taken. */

import type { Issue } from '../base/issue.ts';
import { DEFAULT_LIMITS, type InputLimits } from '../base/limits.ts';
import { Pace } from '../base/pace.ts';
import { type Frame, frameOf, timeOf } from '../capture/frame.ts';
import { openFile, openStream } from '../capture/open.ts';
import { CaptureReader } from '../capture/scan.ts';
import { type ByteSource, memorySource } from '../capture/source.ts';
import { packingOf } from '../capture/unpack.ts';
import { frameTest } from '../filter/frame.ts';
import { compileFilter, needsBegin } from '../filter/match.ts';
import { namesIn } from '../filter/names.ts';
import { dissect } from '../packet/dissect.ts';
import { type PacketLine, packetLine } from '../packet/packet-line.ts';
import type { CapturedPacket, CaptureSource, Learned, OpenedSource, ReadCaptureOptions } from './captured.ts';
import { inputError, UsageError } from './errors.ts';
import { parsedFilter } from './flow-filter.ts';
import { pathOf } from './paths.ts';

/** Bytes that are worked through before their packets are handed on. */
const PIECE = 1 << 18;

export async function* packets(
  given: CaptureSource | OpenedSource,
  { signal, onProgress, filter, limits }: ReadCaptureOptions,
  learned: Learned,
): AsyncGenerator<CapturedPacket, void> {
  signal?.throwIfAborted();
  const wants = filter === undefined ? undefined : packetTest(filter);
  const kept = { ...DEFAULT_LIMITS, ...limits };
  const { path, source } = opened(given, kept);
  const { size: total } = source;
  const pace = new Pace(signal);
  const close = () => {
    source.close();
    if (isStream(given)) given.destroy?.();
  };
  signal?.addEventListener('abort', close, { once: true });
  let waiting: CapturedPacket[] = [];
  const reader = new CaptureReader(
    (frame) => {
      if (!wants || wants(frame)) waiting.push(copyOf(frame, path));
    },
    { path, limits: kept },
  );
  const end = (issue?: Issue): void => {
    const { format, issues } = reader.end(issue);
    learned.format = format;
    learned.issues = issues;
  };
  let done = 0;
  let isWhole = false;
  try {
    for (;;) {
      let block = source.read();
      if (block instanceof Promise) block = await pace.unlessAborted(block);
      signal?.throwIfAborted();
      if (!block) break;
      for (let at = 0; at < block.length; at += PIECE) {
        const goesOn = reader.push(block.subarray(at, at + PIECE));
        for (const packet of waiting) {
          yield packet;
          signal?.throwIfAborted();
        }
        waiting = [];
        if (!goesOn) break;
      }
      done += block.length;
      onProgress?.({ stage: 'captures', unit: 'bytes', done, ...(total !== undefined && { total }), path });
      const turn = pace.after(block.length);
      if (turn) await turn;
    }
    isWhole = true;
    end(source.issue);
    // The last one waited for what might come behind it.
    yield* waiting;
  } finally {
    signal?.removeEventListener('abort', close);
    close();
    if (!isWhole) {
      reader.stop();
      end();
    }
  }
  if (learned.format === undefined) throw inputError(learned.issues);
}

/** Node's streams can be destroyed as well. */
type Stream = AsyncIterable<Uint8Array> & { destroy?(): unknown };

function isStream(given: unknown): given is Stream {
  return typeof given === 'object' && given !== null && Symbol.asyncIterator in given;
}

function opened(
  given: CaptureSource | OpenedSource,
  limits: InputLimits,
): { path: string; source: ByteSource } {
  if (typeof given === 'string' || given instanceof URL) {
    const path = pathOf(given);
    const source = openFile(path, undefined, limits);
    if ('read' in source) return { path, source };
    throw inputError([source]);
  }
  if (given instanceof Uint8Array)
    return {
      path: 'input',
      source: packingOf(given) ? openStream(oneBlock(given), limits) : memorySource(given),
    };
  if (isStream(given)) return { path: '-', source: openStream(given, limits) };
  if (typeof given === 'object' && given !== null && 'open' in given)
    return { path: given.path, source: given.open() };
  throw new UsageError('this is no capture', 'inputs', {
    advice: 'Give a path, a URL, bytes, or a stream of bytes.',
  });
}

async function* oneBlock(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function packetTest(text: string): (frame: Frame) => boolean {
  const filter = parsedFilter(text);
  const [name] = namesIn(filter);
  if (name !== undefined)
    throw new UsageError('a capture alone tells no names', 'filter-name', {
      advice: 'Give the address, or ask the capture of a bundle by its address.',
      part: { text, at: Math.max(0, text.indexOf(name)), length: name.length },
    });
  let test = needsBegin(filter) ? undefined : frameTest(compileFilter(filter, 0));
  return (frame) => {
    test ??= frameTest(compileFilter(filter, timeOf(frame)));
    return test(frame);
  };
}

function copyOf(frame: Frame, path: string): CapturedPacket {
  const { number, seconds, nanoseconds, length, captured, linkType, interfaceName, told } = frame;
  const bytes = frame.bytes.slice();
  return new Captured(
    frameOf(bytes, { number, seconds, nanoseconds, length, captured, linkType, interfaceName, told }),
    path,
  );
}

class Captured implements CapturedPacket {
  readonly number: number;
  readonly time: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly length: number;
  readonly captured: number;
  readonly linkType: number;
  readonly interface?: string;
  readonly bytes: Uint8Array;
  readonly #frame: Frame;
  readonly #path: string;

  constructor(frame: Frame, path: string) {
    this.number = frame.number;
    this.time = timeOf(frame);
    this.seconds = frame.seconds;
    this.nanoseconds = frame.nanoseconds;
    this.length = frame.length;
    this.captured = frame.captured;
    this.linkType = frame.linkType;
    if (frame.interfaceName !== undefined) this.interface = frame.interfaceName;
    this.bytes = frame.bytes;
    this.#frame = frame;
    this.#path = path;
  }

  decode(): PacketLine {
    return packetLine(dissect(this.#frame), this.#path);
  }
}
