/** Enhanced packet blocks, many into one piece of memory: draft-ietf-opsawg-pcapng section 4.3. Little-endian. */
import { viewOf } from '../base/bytes.ts';
import { BLOCK, OPTION } from './pcapng-blocks.ts';
import type { PcapngOption } from './pcapng-options.ts';
import { type StampClock, stampOf } from './pcapng-stamp.ts';
import type { Sink } from './writer.ts';

/** The captured bytes, and when and how long the packet was. */
export interface BlockPacket {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly view: DataView;
  readonly offset: number;
  readonly captured: number;
  readonly length: number;
}

/** What else is told of it; one object for all packets, filled anew for each. */
export class BlockNotes {
  /** Options of another file's block, of a little-endian section: they come first. */
  options: readonly PcapngOption[] | undefined = undefined;
  /** epb_flags; below 0: none. */
  flags = -1;
  /** epb_packetid, both halves; none when both are 0. */
  idHigh = 0;
  idLow = 0;
  /** Of `comments` so many are its. */
  count = 0;
  /** UTF-8, as `cut` leaves it. */
  readonly comments: Uint8Array[] = [];

  comment(text: Uint8Array): void {
    this.comments[this.count++] = text;
  }

  clear(): void {
    this.options = undefined;
    this.flags = -1;
    this.idHigh = 0;
    this.idLow = 0;
    this.count = 0;
  }
}

const PIECE = 1 << 18;
/** Header and trailer of a block, its padding, flags, packet id and the end of its options. */
const MOST_FIXED = 32 + 3 + 8 + 12 + 4;
const MOST_OPTION = 0xffff;
/** Bytes from which on a copy is cheaper than a loop over words. */
const LONG = 400;

interface Second {
  readonly clock: StampClock;
  /** The whole second that was written last, and its stamp. */
  second: number;
  high: number;
  low: number;
}

/** Blocks are gathered, and go to `sink` in pieces, which are valid during the call. */
export class PacketBlocks {
  readonly #sink: Sink;
  readonly #seconds: Second[] = [];
  #bytes = new Uint8Array(PIECE);
  #view = viewOf(this.#bytes);
  #at = 0;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** The next interface's, from 0. */
  addClock(clock: StampClock): void {
    this.#seconds.push({ clock, second: Number.NaN, high: 0, low: 0 });
  }

  add(index: number, packet: BlockPacket, notes: BlockNotes): void {
    this.#makeRoom(packet.captured, notes);
    const view = this.#view;
    const start = this.#at;
    const { captured } = packet;
    view.setUint32(start, BLOCK.enhanced, true);
    view.setUint32(start + 8, index, true);
    this.#stamp(start + 12, index, packet.seconds, packet.nanoseconds);
    view.setUint32(start + 20, captured, true);
    view.setUint32(start + 24, packet.length, true);
    let at = start + 28;
    this.#copy(packet, at);
    at = this.#pad(at + captured, captured);
    const before = at;
    if (notes.options) for (const { code, value } of notes.options) at = this.#option(at, code, value);
    if (notes.flags >= 0) {
      view.setUint32(at, OPTION.packetFlags | (4 << 16), true);
      view.setUint32(at + 4, notes.flags, true);
      at += 8;
    }
    if (notes.idHigh !== 0 || notes.idLow !== 0) {
      view.setUint32(at, OPTION.packetId | (8 << 16), true);
      view.setUint32(at + 4, notes.idLow, true);
      view.setUint32(at + 8, notes.idHigh, true);
      at += 12;
    }
    const { comments, count } = notes;
    for (let i = 0; i < count; i++) at = this.#option(at, OPTION.comment, comments[i] as Uint8Array);
    if (at > before) {
      view.setUint32(at, 0, true);
      at += 4;
    }
    const total = at + 4 - start;
    view.setUint32(start + 4, total, true);
    view.setUint32(at, total, true);
    this.#at = at + 4;
  }

  /** Gives what has been gathered. */
  flush(): void {
    if (this.#at === 0) return;
    this.#sink(this.#bytes.subarray(0, this.#at));
    this.#at = 0;
  }

  #makeRoom(captured: number, { options, comments, count }: BlockNotes): void {
    let most = MOST_FIXED + captured;
    for (let i = 0; i < count; i++) most += 7 + (comments[i] as Uint8Array).length;
    if (options) for (const { value } of options) most += 7 + value.length;
    if (this.#at + most <= this.#bytes.length) return;
    this.flush();
    if (most <= this.#bytes.length) return;
    this.#bytes = new Uint8Array(most);
    this.#view = viewOf(this.#bytes);
  }

  /** A second's packets share the arithmetic of 64 bits. */
  #stamp(at: number, index: number, seconds: number, nanoseconds: number): void {
    const known = this.#seconds[index] as Second;
    if (known.second !== seconds) {
      const stamp = stampOf(known.clock, seconds, 0);
      known.second = seconds;
      known.high = Number(stamp >> 32n);
      known.low = Number(stamp & 0xffffffffn);
    }
    let { high } = known;
    let low = known.low + (known.clock.resolution === 9 ? nanoseconds : Math.floor(nanoseconds / 1000));
    if (low > 0xffffffff) {
      low -= 0x1_0000_0000;
      high++;
    }
    const since = seconds - known.clock.offset;
    // Before the clock's beginning, or beyond its end.
    if (since < 0 || since >= FAR) {
      const stamp = stampOf(known.clock, seconds, nanoseconds);
      high = Number(stamp >> 32n);
      low = Number(stamp & 0xffffffffn);
    }
    this.#view.setUint32(at, high, true);
    this.#view.setUint32(at + 4, low, true);
  }

  #copy({ view, offset, captured }: BlockPacket, to: number): void {
    if (captured >= LONG) {
      this.#bytes.set(new Uint8Array(view.buffer, view.byteOffset + offset, captured), to);
      return;
    }
    const out = this.#view;
    let i = 0;
    for (const words = captured - 3; i < words; i += 4)
      out.setInt32(to + i, view.getInt32(offset + i, true), true);
    for (; i < captured; i++) out.setUint8(to + i, view.getUint8(offset + i));
  }

  /** Zeros up to the next multiple of four, counted from where `length` began. */
  #pad(at: number, length: number): number {
    const end = at + (-length & 3);
    for (let i = at; i < end; i++) this.#view.setUint8(i, 0);
    return end;
  }

  #option(at: number, code: number, value: Uint8Array): number {
    this.#view.setUint16(at, code, true);
    this.#view.setUint16(at + 2, value.length, true);
    this.#bytes.set(value, at + 4);
    return this.#pad(at + 4 + value.length, value.length);
  }
}

/** Seconds of which nanoseconds are just within 64 bits. */
const FAR = 1.8e10;

/** As much as an option takes, of whole characters. */
export function cut(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= MOST_OPTION) return bytes;
  let end = MOST_OPTION;
  while (((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
