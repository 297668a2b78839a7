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

/** What a row has, `order…`: the time by which packets are ordered, beside that of their capture. First doubles, then words. */
const LONG = { orderSeconds: 0, seconds: 1, number: 2 } as const;
const LONGS = 3;
const WORD = {
  orderNanoseconds: 0,
  nanoseconds: 1,
  offset: 2,
  captured: 3,
  length: 4,
  optionsStart: 5,
  optionsEnd: 6,
  place: 7,
  piece: 8,
} as const;
const WORDS = 9;
const FIRST = 256;

/** Bytes that a packet takes beside its own. */
export const ROW_BYTES = LONGS * 8 + WORDS * 4;

/** First in, first out. `P`: where a packet was captured, one object for many. */
export class Waiting<P> {
  #longs: Float64Array;
  #words: Uint32Array;
  readonly #places: P[] = [];
  #place = -1;
  /** In order, from number `#firstPiece` on. */
  #pieces: Piece[] = [];
  #firstPiece = 0;
  readonly #told = new Map<number, Told>();
  #at = 0;
  #end = 0;

  constructor(room = FIRST) {
    this.#longs = new Float64Array(room * LONGS);
    this.#words = new Uint32Array(room * WORDS);
  }

  get count(): number {
    return this.#end - this.#at;
  }

  /** Of the first (`last`: of the last): its time in order. */
  seconds(last = false): number {
    return this.#longs[(last ? this.#end - 1 : this.#at) * LONGS + LONG.orderSeconds] as number;
  }

  nanoseconds(last = false): number {
    return this.#words[(last ? this.#end - 1 : this.#at) * WORDS + WORD.orderNanoseconds] as number;
  }

  get place(): P {
    return this.#places[this.#words[this.#at * WORDS + WORD.place] as number] as P;
  }

  get piece(): Piece {
    const number = this.#words[this.#at * WORDS + WORD.piece] as number;
    return this.#pieces[number - this.#firstPiece] as Piece;
  }

  /** `frame`: with the time of its capture. `base`: where in its view the piece begins. */
  add(frame: BlockFrame, seconds: number, nanoseconds: number, place: P, piece: Piece, base: number): void {
    if (this.#end * WORDS === this.#words.length) this.#grow();
    const longs = this.#longs;
    const long = this.#end * LONGS;
    longs[long + LONG.orderSeconds] = seconds;
    longs[long + LONG.seconds] = frame.seconds;
    longs[long + LONG.number] = frame.number;
    const words = this.#words;
    const word = this.#end * WORDS;
    words[word + WORD.orderNanoseconds] = nanoseconds;
    words[word + WORD.nanoseconds] = frame.nanoseconds;
    words[word + WORD.offset] = frame.offset - base;
    words[word + WORD.captured] = frame.captured;
    words[word + WORD.length] = frame.length;
    // Without options both are 0, whatever the piece begins with.
    words[word + WORD.optionsStart] = Math.max(0, frame.optionsStart - base);
    words[word + WORD.optionsEnd] = Math.max(0, frame.optionsEnd - base);
    if (this.#places[this.#place] !== place) {
      this.#place = this.#places.indexOf(place);
      if (this.#place < 0) this.#place = this.#places.push(place) - 1;
    }
    words[word + WORD.place] = this.#place;
    const last = this.#pieces.length - 1;
    const number = this.#pieces[last] === piece ? last : this.#pieces.push(piece) - 1;
    words[word + WORD.piece] = this.#firstPiece + number;
    this.#end++;
    if (frame.told) this.#told.set(frame.number, frame.told);
  }

  /** Fills the frame with the first; what it has of its place is the caller's to fill. */
  read(frame: BlockFrame): void {
    const longs = this.#longs;
    const long = this.#at * LONGS;
    frame.seconds = longs[long + LONG.seconds] as number;
    frame.number = longs[long + LONG.number] as number;
    const words = this.#words;
    const word = this.#at * WORDS;
    frame.nanoseconds = words[word + WORD.nanoseconds] as number;
    frame.offset = words[word + WORD.offset] as number;
    frame.captured = words[word + WORD.captured] as number;
    frame.length = words[word + WORD.length] as number;
    frame.optionsStart = words[word + WORD.optionsStart] as number;
    frame.optionsEnd = words[word + WORD.optionsEnd] as number;
    frame.view = this.piece.view;
    frame.told = this.#told.size > 0 ? this.#told.get(frame.number) : undefined;
  }

  drop(): void {
    if (this.#told.size > 0) this.#told.delete(this.#longs[this.#at * LONGS + LONG.number] as number);
    this.#at++;
    if (this.#at < FIRST || this.#at * 2 < this.#end) return;
    this.#longs.copyWithin(0, this.#at * LONGS, this.#end * LONGS);
    this.#words.copyWithin(0, this.#at * WORDS, this.#end * WORDS);
    this.#end -= this.#at;
    this.#at = 0;
    const first =
      this.#end > 0 ? (this.#words[WORD.piece] as number) : this.#firstPiece + this.#pieces.length;
    this.#pieces = this.#pieces.slice(first - this.#firstPiece);
    this.#firstPiece = first;
  }

  #grow(): void {
    const longs = new Float64Array(this.#longs.length * 2);
    longs.set(this.#longs);
    this.#longs = longs;
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
  }
}
