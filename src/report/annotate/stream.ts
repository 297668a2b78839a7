/** One capture's packets in order of time, as far as the memory for it goes. */
import { Heap } from '../../base/heap.ts';
import { BlockFrame } from '../../capture/frame.ts';
import type { CaptureReader } from '../../capture/scan.ts';
import type { ByteSource } from '../../capture/source.ts';
import { type Piece, pieceOf, ROW_BYTES, Waiting } from './waiting.ts';

/** Where a packet was captured, and how: packets that follow each other mostly have the same. */
export interface Place {
  readonly linkType: number;
  readonly interfaceName: string | undefined;
  readonly captureInterface: number;
  /** Of its file's section. */
  readonly little: boolean;
}

interface Late<P> {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly order: number;
  readonly only: Waiting<P>;
}

function isBefore(
  seconds: number,
  nanoseconds: number,
  otherSeconds: number,
  otherNanoseconds: number,
): boolean {
  return seconds !== otherSeconds ? seconds < otherSeconds : nanoseconds < otherNanoseconds;
}

function precedes<P>(left: Late<P>, right: Late<P>): boolean {
  if (isBefore(left.seconds, left.nanoseconds, right.seconds, right.nanoseconds)) return true;
  return left.seconds === right.seconds && left.nanoseconds === right.nanoseconds && left.order < right.order;
}

/** Blocks that are kept to be filled again. */
const SPARE = 4;

/**
 * Captures are nearly in order: what comes in order waits in a queue, what comes later than it should in a heap. `window`: bytes that may
 * wait. A packet that should have come before one that has been taken already is `late`.
 */
export class PacketStream<P extends Place = Place> {
  late = 0;
  /** The packet that `take` gave: with the time of its capture, valid until the next one. */
  readonly frame = new BlockFrame();
  /** Its place, and its time by the clock that all captures are ordered by. */
  place!: P;
  seconds = 0;
  nanoseconds = 0;
  /** Time of the packet that comes next; infinite when there is none. */
  nextSeconds = Number.POSITIVE_INFINITY;
  nextNanoseconds = 0;
  #source: ByteSource | undefined;
  readonly #reader: CaptureReader;
  readonly #window: number;
  readonly #queue = new Waiting<P>();
  readonly #heap = new Heap<Late<P>>(precedes);
  readonly #ended: (source: ByteSource) => void;
  readonly #spare: Uint8Array[] = [];
  #piece: Piece = pieceOf(new Uint8Array());
  /** What holds the packet that `take` gave. */
  #held: Piece | undefined;
  #order = 0;
  #waiting = 0;
  #took = false;

  /** `reader` gives its packets to `add`; `ended` is called when there are no more. */
  constructor(
    source: ByteSource,
    reader: CaptureReader,
    window: number,
    ended: (source: ByteSource) => void,
  ) {
    this.#source = source;
    this.#reader = reader;
    this.#window = window;
    this.#ended = ended;
  }

  /** A frame of the reader, during its call. */
  add(frame: BlockFrame, seconds: number, nanoseconds: number, place: P): void {
    // A frame that straddles blocks lies in the reader's memory.
    const lies = frame.view.buffer === this.#piece.bytes.buffer;
    const piece = lies ? this.#piece : pieceOf(bytesOf(frame));
    const base = lies ? 0 : frame.offset;
    piece.waiting++;
    this.#waiting += costOf(frame);
    if (this.#took && isBefore(seconds, nanoseconds, this.seconds, this.nanoseconds)) this.late++;
    const queue = this.#queue;
    if (queue.count > 0 && isBefore(seconds, nanoseconds, queue.seconds(true), queue.nanoseconds(true))) {
      const only = new Waiting<P>(1);
      only.add(frame, seconds, nanoseconds, place, piece, base);
      this.#heap.push({ seconds, nanoseconds, order: this.#order++, only });
    } else queue.add(frame, seconds, nanoseconds, place, piece, base);
  }

  /** There is less in it than there may be. */
  get isHungry(): boolean {
    return this.#source !== undefined && this.#waiting < this.#window;
  }

  async fill(): Promise<void> {
    while (this.#source && this.#waiting < this.#window) {
      const source = this.#source;
      let block = source.read();
      if (block instanceof Promise) block = await block;
      if (block && this.#reader.push(this.#keep(block))) continue;
      this.close();
      this.#ended(source);
    }
    this.#lookAhead();
  }

  close(): void {
    this.#source?.close();
    this.#source = undefined;
  }

  /** False: there is none. */
  take(): boolean {
    this.#letGo();
    const { frame } = this;
    const late = this.#heap.first;
    const queue = this.#queue;
    const isLate = late !== undefined && this.#comesFirst(late);
    if (isLate) this.#heap.pop();
    else if (queue.count === 0) return false;
    const from = isLate ? late.only : queue;
    this.seconds = from.seconds();
    this.nanoseconds = from.nanoseconds();
    from.read(frame);
    const { place } = from;
    this.place = place;
    frame.linkType = place.linkType;
    frame.interfaceName = place.interfaceName;
    frame.captureInterface = place.captureInterface;
    frame.optionsLittle = place.little;
    this.#held = from.piece;
    from.drop();
    this.#took = true;
    this.#waiting -= costOf(frame);
    this.#lookAhead();
    return true;
  }

  #lookAhead(): void {
    const late = this.#heap.first;
    const queue = this.#queue;
    if (late !== undefined && this.#comesFirst(late)) {
      this.nextSeconds = late.seconds;
      this.nextNanoseconds = late.nanoseconds;
    } else if (queue.count > 0) {
      this.nextSeconds = queue.seconds();
      this.nextNanoseconds = queue.nanoseconds();
    } else this.nextSeconds = Number.POSITIVE_INFINITY;
  }

  #comesFirst(late: Late<P>): boolean {
    const queue = this.#queue;
    return (
      queue.count === 0 || isBefore(late.seconds, late.nanoseconds, queue.seconds(), queue.nanoseconds())
    );
  }

  /** A copy of the block, which the source fills again. */
  #keep(block: Uint8Array): Uint8Array {
    const before = this.#piece;
    // Nothing in it waits: it is whole again.
    if (before.waiting === 0) this.#reuse(before.bytes);
    const spare = this.#spare.pop();
    const bytes = spare && spare.length >= block.length ? spare : new Uint8Array(block.length);
    bytes.set(block);
    this.#piece = pieceOf(bytes);
    return block.length === bytes.length ? bytes : bytes.subarray(0, block.length);
  }

  #letGo(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held && --held.waiting === 0 && held !== this.#piece) this.#reuse(held.bytes);
  }

  #reuse(bytes: Uint8Array): void {
    if (bytes.length >= SMALL && this.#spare.length < SPARE) this.#spare.push(bytes);
  }
}

/** What is smaller isn't worth keeping. */
const SMALL = 1 << 12;

/** A copy of its bytes, with its options. */
function bytesOf({ view, offset, captured, optionsEnd }: BlockFrame): Uint8Array {
  const end = Math.max(offset + captured, optionsEnd);
  return new Uint8Array(view.buffer, view.byteOffset + offset, end - offset).slice();
}

function costOf({ captured, optionsStart, optionsEnd }: BlockFrame): number {
  return captured + Math.max(0, optionsEnd - optionsStart) + ROW_BYTES;
}
