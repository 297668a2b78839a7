/** The last packets of one capture point, as records of a pcap. */
import { pagesOf, viewOf } from '../base/bytes.ts';
import { BlockFrame, type Frame } from '../capture/frame.ts';
import { pcapWriter } from '../capture/pcap-writer.ts';
import { collector } from '../capture/writer.ts';
import { captureBuffers } from './buffers.ts';

/** Seconds, nanoseconds, captured bytes and bytes on the wire, 32 bits each, little-endian. */
export const RECORD_HEADER = 16;
/** Bytes that are given back together. */
const SEGMENT = 1 << 18;

/** Records one after the other: what is in it stays as it is, and more may come behind. */
export interface Segment {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  used: number;
  packets: number;
  /** Epoch seconds of its last packet. */
  last: number;
}

/**
 * Holds packets for a time and up to a size, whole segments at a time: what has to go first is what is oldest. Bytes of a
 * packet beyond `snaplen` are not kept.
 */
export class Window {
  readonly #segments: Segment[] = [];
  readonly #snaplen: number;
  #linkType = -1;
  /** Epoch seconds of the last packet that there was no room for. */
  #lost = Number.NEGATIVE_INFINITY;

  constructor(snaplen: number) {
    this.#snaplen = snaplen;
  }

  /** LINKTYPE_* number of its packets; -1: there was none yet. */
  get linkType(): number {
    return this.#linkType;
  }

  /** Oldest first. Those who keep one keep its bytes, also when the window has forgotten it. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Bytes that it occupies. */
  get size(): number {
    return this.#segments.length * SEGMENT;
  }

  get packets(): number {
    return this.#segments.reduce((sum, { packets }) => sum + packets, 0);
  }

  /** Epoch seconds of the oldest packet that is kept; undefined: there is none. */
  get since(): number | undefined {
    const first = this.#segments.find(({ packets }) => packets > 0);
    return first && timeAt(first.view, 0);
  }

  /** Epoch seconds from which on its packets are at most so many bytes, and all there; -Infinity: all of them are. */
  sinceOfLast(most: number): number {
    let bytes = 0;
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i] as Segment;
      bytes += segment.used;
      // A segment that is still being filled is taken whole.
      if (bytes > most && i < this.#segments.length - 1) return (this.#segments[i] as Segment).last;
    }
    return this.#lost;
  }

  /** Bytes that it takes. */
  cost({ captured }: Frame): number {
    return RECORD_HEADER + Math.min(captured, this.#snaplen);
  }

  add(frame: Frame): void {
    this.#linkType = frame.linkType;
    const captured = Math.min(frame.captured, this.#snaplen);
    const segment = this.#room(RECORD_HEADER + captured);
    const { view, used } = segment;
    view.setUint32(used, frame.seconds, true);
    view.setUint32(used + 4, frame.nanoseconds, true);
    view.setUint32(used + 8, captured, true);
    view.setUint32(used + 12, frame.length, true);
    segment.bytes.set(frame.bytes.subarray(0, captured), used + RECORD_HEADER);
    segment.used += RECORD_HEADER + captured;
    segment.packets++;
    segment.last = frame.seconds + frame.nanoseconds / 1e9;
  }

  #room(length: number): Segment {
    const last = this.#segments.at(-1);
    if (last && last.used + length <= last.bytes.length) return last;
    const bytes = pagesOf(Math.max(SEGMENT, length));
    const segment = { bytes, view: viewOf(bytes), used: 0, packets: 0, last: 0 };
    this.#segments.push(segment);
    return segment;
  }

  /** Forgets segments all of whose packets are older (epoch seconds), and the oldest ones beyond `most` bytes. */
  forget(before: number, most: number): void {
    while (this.#segments.length > 1) {
      const [oldest] = this.#segments;
      if (!oldest || (oldest.last >= before && this.size <= most)) return;
      if (oldest.last >= before) this.#lost = oldest.last;
      this.#segments.shift();
    }
    const [only] = this.#segments;
    if (only && only.last < before) this.#segments.length = 0;
  }

  clear(): void {
    this.#segments.length = 0;
  }

  /** The packets from a time on (epoch seconds) as a capture, those of which `isMeant` is true; undefined: there are none. */
  capture(from: number, isMeant?: (frame: Frame) => boolean): Uint8Array | undefined {
    const { sink, bytes } = collector();
    pcapWriter(sink, { linkType: this.#linkType, nanoseconds: true, snaplen: this.#snaplen });
    const header = bytes();
    const pieces = this.#segments.flatMap((segment) => {
      if (segment.last < from) return [];
      const start = offsetOf(segment, from);
      if (start >= segment.used) return [];
      return isMeant ? this.#meant(segment, start, isMeant) : [segment.bytes.subarray(start, segment.used)];
    });
    return pieces.length === 0 ? undefined : joined([header, ...pieces]);
  }

  /** Records that lie together are one piece. */
  #meant({ bytes, view, used }: Segment, start: number, isMeant: (frame: Frame) => boolean): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    const frame = new BlockFrame();
    frame.view = view;
    frame.linkType = this.#linkType;
    let begin = start;
    for (let at = start; at < used; ) {
      frame.seconds = view.getUint32(at, true);
      frame.nanoseconds = view.getUint32(at + 4, true);
      frame.captured = view.getUint32(at + 8, true);
      frame.length = view.getUint32(at + 12, true);
      frame.offset = at + RECORD_HEADER;
      const next = frame.offset + frame.captured;
      if (!isMeant(frame)) {
        if (at > begin) pieces.push(bytes.subarray(begin, at));
        begin = next;
      }
      at = next;
    }
    if (used > begin) pieces.push(bytes.subarray(begin, used));
    return pieces;
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = captureBuffers.take(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Of the first packet that isn't older. */
function offsetOf({ view, used }: Segment, from: number): number {
  let at = 0;
  while (at < used && timeAt(view, at) < from) at += RECORD_HEADER + view.getUint32(at + 8, true);
  return at;
}

/** Epoch seconds of the record at an offset. */
export function timeAt(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) / 1e9;
}
