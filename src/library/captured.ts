/** Reading a capture packet by packet: what goes in and what comes out. What does it is loaded with the first packet. */
import type { Issue } from '../base/issue.ts';
import type { CaptureFormat } from '../capture/magic.ts';
import type { ByteSource } from '../capture/source.ts';
import type { PacketLine } from '../packet/packet-line.ts';
import type { ReadingOptions } from './given.ts';

/** One packet record of a capture. It is yours: its bytes are a copy. */
export interface CapturedPacket {
  /** From 1 in its file; every packet block counts. */
  readonly number: number;
  /** Epoch seconds as a double, exact to a quarter of a microsecond; `seconds` and `nanoseconds` are exact. */
  readonly time: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Bytes on the wire, and how many of them the file has. */
  readonly length: number;
  readonly captured: number;
  /** LINKTYPE_* number, 1 is Ethernet; -1 where the file names none. */
  readonly linkType: number;
  /** Named inside the file: by a pcapng, or by SLL2's index. */
  readonly interface?: string;
  readonly bytes: Uint8Array;
  /** Its headers by name, tunnels and quoted packets included, with a summary as tcpdump would print it: a line of `nettrace show --format jsonl`. */
  decode(): PacketLine;
}

/** A capture's packets, in the file's order. Each `for await` reads it from its beginning; a stream can be read once. */
export interface CaptureReading extends AsyncIterable<CapturedPacket> {
  /** Of the last reading, once it has begun. */
  readonly format: CaptureFormat | undefined;
  /** What could not be read (a record that is cut off, a damaged block), complete when the reading has come to its end. */
  readonly issues: readonly Issue[];
}

/** Options of `readCapture`. */
export interface ReadCaptureOptions extends Pick<ReadingOptions, 'signal' | 'onProgress' | 'limits'> {
  /** Only packets that it asks for, as in `nettrace show --filter`: `tcp and port 80`. Packets that quote such a packet, or carry one in a tunnel, are among them. */
  readonly filter?: string | undefined;
}

/** A path, a `file:` URL, bytes in memory, or a stream of bytes; gzip and zstd (Node 22.15 and later) are unpacked. */
export type CaptureSource = string | URL | Uint8Array | AsyncIterable<Uint8Array>;

/** What a reading learns on its way. */
export interface Learned {
  format: CaptureFormat | undefined;
  issues: readonly Issue[];
}

export function reading(given: CaptureSource | OpenedSource, options: ReadCaptureOptions): CaptureReading {
  const learned: Learned = { format: undefined, issues: [] };
  return {
    get format() {
      return learned.format;
    },
    get issues() {
      return learned.issues;
    },
    async *[Symbol.asyncIterator]() {
      const { packets } = await import('./packets.ts');
      yield* packets(given, options, learned);
    },
  };
}

/** One among inputs that have been opened. */
export interface OpenedSource {
  readonly path: string;
  open(): ByteSource;
}
