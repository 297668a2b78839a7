/** Packets that wait for their turn: rows of numbers over the bytes as they were read. */
import { viewOf } from '../../base/bytes.ts';
import type { BlockFrame, Told } from '../../capture/frame.ts';

/** Bytes that were read, and how many packets in them wait. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  waiting: number;
}

export function pieceOf(bytes: Uint8Array): Piece {
  return { bytes, view: viewOf(bytes), waiting: 0 };
}

/** What a row has; the first two are the time by which packets are ordered, the next two that of the capture. */
const ROW = {
  orderSeconds: 0,
  orderNanoseconds: 1,
  seconds: 2,
  nanoseconds: 3,
  number: 4,
  offset: 5,
  captured: 6,
  length: 7,
  optionsStart: 8,
  optionsEnd: 9,
  place: 10,
  piece: 11,
} as const;
const WORDS = 12;
const FIRST = 256;

/** Bytes that a packet takes beside its own. */
export const ROW_BYTES = WORDS * 8;

/** First in, first out. `P`: where a packet was captured, one object for many. */
export class Waiting<P> {
  #rows: Float64Array;
  readonly #places: P[] = [];
  #place = -1;
  /** In order, from number `#firstPiece` on. */
  #pieces: Piece[] = [];
  #firstPiece = 0;
  readonly #told = new Map<number, Told>();
  #at = 0;
  #end = 0;

  constructor(room = FIRST) {
    this.#rows = new Float64Array(room * WORDS);
  }

  get count(): number {
    return this.#end - this.#at;
  }

  /** Of the first (`last`: of the last): its time in order. */
  seconds(last = false): number {
    return this.#rows[(last ? this.#end - 1 : this.#at) * WORDS + ROW.orderSeconds] as number;
  }

  nanoseconds(last = false): number {
    return this.#rows[(last ? this.#end - 1 : this.#at) * WORDS + ROW.orderNanoseconds] as number;
  }

  get place(): P {
    return this.#places[this.#rows[this.#at * WORDS + ROW.place] as number] as P;
  }

  get piece(): Piece {
    const number = this.#rows[this.#at * WORDS + ROW.piece] as number;
    return this.#pieces[number - this.#firstPiece] as Piece;
  }

  /** `frame`: with the time of its capture. `base`: where in its view the piece begins. */
  add(frame: BlockFrame, seconds: number, nanoseconds: number, place: P, piece: Piece, base: number): void {
    const at = this.#end * WORDS;
    if (at === this.#rows.length) {
      const larger = new Float64Array(at * 2);
      larger.set(this.#rows);
      this.#rows = larger;
    }
    const rows = this.#rows;
    rows[at + ROW.orderSeconds] = seconds;
    rows[at + ROW.orderNanoseconds] = nanoseconds;
    rows[at + ROW.seconds] = frame.seconds;
    rows[at + ROW.nanoseconds] = frame.nanoseconds;
    rows[at + ROW.number] = frame.number;
    rows[at + ROW.offset] = frame.offset - base;
    rows[at + ROW.captured] = frame.captured;
    rows[at + ROW.length] = frame.length;
    rows[at + ROW.optionsStart] = frame.optionsStart - base;
    rows[at + ROW.optionsEnd] = frame.optionsEnd - base;
    if (this.#places[this.#place] !== place) {
      this.#place = this.#places.indexOf(place);
      if (this.#place < 0) this.#place = this.#places.push(place) - 1;
    }
    rows[at + ROW.place] = this.#place;
    const last = this.#pieces.length - 1;
    const number = this.#pieces[last] === piece ? last : this.#pieces.push(piece) - 1;
    rows[at + ROW.piece] = this.#firstPiece + number;
    this.#end++;
    if (frame.told) this.#told.set(frame.number, frame.told);
  }

  /** Fills the frame with the first; what it has of its place is the caller's to fill. */
  read(frame: BlockFrame): void {
    const rows = this.#rows;
    const at = this.#at * WORDS;
    frame.seconds = rows[at + ROW.seconds] as number;
    frame.nanoseconds = rows[at + ROW.nanoseconds] as number;
    frame.number = rows[at + ROW.number] as number;
    frame.offset = rows[at + ROW.offset] as number;
    frame.captured = rows[at + ROW.captured] as number;
    frame.length = rows[at + ROW.length] as number;
    frame.optionsStart = rows[at + ROW.optionsStart] as number;
    frame.optionsEnd = rows[at + ROW.optionsEnd] as number;
    frame.view = this.piece.view;
    frame.told = this.#told.size > 0 ? this.#told.get(frame.number) : undefined;
  }

  drop(): void {
    if (this.#told.size > 0) this.#told.delete(this.#rows[this.#at * WORDS + ROW.number] as number);
    this.#at++;
    if (this.#at < FIRST || this.#at * 2 < this.#end) return;
    this.#rows.copyWithin(0, this.#at * WORDS, this.#end * WORDS);
    this.#end -= this.#at;
    this.#at = 0;
    const first = this.#end > 0 ? (this.#rows[ROW.piece] as number) : this.#firstPiece + this.#pieces.length;
    this.#pieces = this.#pieces.slice(first - this.#firstPiece);
    this.#firstPiece = first;
  }
}
