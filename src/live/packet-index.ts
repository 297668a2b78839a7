/** Where in the windows' segments the packets are that are asked for, in order of time. */
import { type Frame, frameOf } from '../capture/frame.ts';
import { RECORD_HEADER, type Segment, timeAt } from './window.ts';

/** A segment, as far as it had been filled. */
export interface Piece {
  /** Of this segment alone, of all points. */
  readonly id: number;
  readonly point: string;
  /** LINKTYPE_* number. */
  readonly linkType: number;
  readonly segment: Segment;
  readonly used: number;
}

export interface KeptPacket {
  /** Of this packet at this point alone. */
  readonly key: string;
  readonly point: string;
  /** Its number is 0: what is kept has none. */
  readonly frame: Frame;
}

type Pieces = ReadonlyMap<number, Piece>;

/** An entry is two numbers: the id of its segment, and the offset of its record there. */
const ENTRY = 2;
const NO_ENTRIES = new Uint32Array(0);

export class PacketList {
  readonly #entries: Uint32Array;
  readonly #pieces: Pieces;

  constructor(entries: Uint32Array, pieces: Pieces) {
    this.#entries = entries;
    this.#pieces = pieces;
  }

  get length(): number {
    return this.#entries.length / ENTRY;
  }

  /** Undefined: there is no such row. */
  at(row: number): KeptPacket | undefined {
    const id = this.#entries[row * ENTRY];
    const offset = this.#entries[row * ENTRY + 1];
    const piece = id === undefined ? undefined : this.#pieces.get(id);
    if (!piece || offset === undefined) return undefined;
    return { key: `${id}:${offset}`, point: piece.point, frame: frameAt(piece, offset) };
  }

  /** Row of the packet with that key; undefined: it is not in here. */
  rowOf(key: string): number | undefined {
    const [id = Number.NaN, offset = Number.NaN] = key.split(':').map(Number);
    const piece = this.#pieces.get(id);
    if (!piece || !(offset < piece.used)) return undefined;
    const time = timeAt(piece.segment.view, offset);
    for (let row = firstFrom(this.#entries, this.#pieces, time); row < this.length; row++) {
      if (this.#entries[row * ENTRY] === id && this.#entries[row * ENTRY + 1] === offset) return row;
      if (timeOf(this.#entries, row, this.#pieces) > time) return undefined;
    }
    return undefined;
  }

  /** With what came since, and without what is kept no longer. */
  next(fresh: Uint32Array, pieces: Pieces): PacketList {
    const isGone = [...this.#pieces.keys()].some((id) => !pieces.has(id));
    const known = isGone ? withoutGone(this.#entries, pieces) : this.#entries;
    if (fresh.length === 0) return new PacketList(known, pieces);
    // Points are heard one after the other: a few of the known packets may be later than the first new one.
    const kept = firstFrom(known, pieces, timeOf(fresh, 0, pieces));
    const entries = new Uint32Array(known.length + fresh.length);
    entries.set(known.subarray(0, kept * ENTRY));
    merge(known.subarray(kept * ENTRY), fresh, entries.subarray(kept * ENTRY), pieces);
    return new PacketList(entries, pieces);
  }
}

export class PacketIndex {
  readonly #test: ((frame: Frame) => boolean) | undefined;
  #moment = 0;
  #list = new PacketList(NO_ENTRIES, new Map());
  /** By segment, the offset up to which it was looked through. */
  #read = new Map<number, number>();

  /** Undefined: all packets. */
  constructor(test: ((frame: Frame) => boolean) | undefined) {
    this.#test = test;
  }

  /** The packets of a moment's pieces; moments count up, and only what is new since the last one is looked at. */
  at(moment: number, pieces: readonly Piece[]): PacketList {
    if (moment === this.#moment) return this.#list;
    if (moment < this.#moment) {
      this.#read = new Map();
      this.#list = new PacketList(NO_ENTRIES, new Map());
    }
    this.#moment = moment;
    const byId = new Map(pieces.map((piece) => [piece.id, piece]));
    for (const id of this.#read.keys()) if (!byId.has(id)) this.#read.delete(id);
    this.#list = this.#list.next(this.#fresh(pieces), byId);
    return this.#list;
  }

  #fresh(pieces: readonly Piece[]): Uint32Array {
    const found: number[] = [];
    const times: number[] = [];
    for (const piece of pieces) {
      const { view } = piece.segment;
      let at = this.#read.get(piece.id) ?? 0;
      while (at < piece.used) {
        if (!this.#test || this.#test(frameAt(piece, at))) {
          found.push(piece.id, at);
          times.push(timeAt(view, at));
        }
        at += RECORD_HEADER + view.getUint32(at + 8, true);
      }
      this.#read.set(piece.id, at);
    }
    // One point after the other, each in order but for a few: the sort merges them.
    const order = times.map((_, row) => row).sort((a, b) => (times[a] as number) - (times[b] as number));
    const entries = new Uint32Array(found.length);
    order.forEach((from, to) => {
      entries[to * ENTRY] = found[from * ENTRY] as number;
      entries[to * ENTRY + 1] = found[from * ENTRY + 1] as number;
    });
    return entries;
  }
}

function frameAt({ segment: { bytes, view }, linkType }: Piece, at: number): Frame {
  const start = at + RECORD_HEADER;
  return frameOf(bytes.subarray(start, start + view.getUint32(at + 8, true)), {
    number: 0,
    seconds: view.getUint32(at, true),
    nanoseconds: view.getUint32(at + 4, true),
    length: view.getUint32(at + 12, true),
    linkType,
  });
}

/** Epoch seconds. */
function timeOf(entries: Uint32Array, row: number, pieces: Pieces): number {
  const piece = pieces.get(entries[row * ENTRY] as number);
  return piece ? timeAt(piece.segment.view, entries[row * ENTRY + 1] as number) : Number.NaN;
}

/** The first row that is not before a time. */
function firstFrom(entries: Uint32Array, pieces: Pieces, time: number): number {
  let low = 0;
  let high = entries.length / ENTRY;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeOf(entries, middle, pieces) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function withoutGone(entries: Uint32Array, pieces: Pieces): Uint32Array {
  const kept = new Uint32Array(entries.length);
  let used = 0;
  for (let at = 0; at < entries.length; at += ENTRY) {
    if (!pieces.has(entries[at] as number)) continue;
    kept[used++] = entries[at] as number;
    kept[used++] = entries[at + 1] as number;
  }
  return kept.subarray(0, used);
}

/** Two lists in order of time as one. */
function merge(left: Uint32Array, right: Uint32Array, out: Uint32Array, pieces: Pieces): void {
  let [l, r] = [0, 0];
  for (let at = 0; at < out.length; at += ENTRY) {
    const isLeft =
      l < left.length &&
      (r >= right.length || timeOf(left, l / ENTRY, pieces) <= timeOf(right, r / ENTRY, pieces));
    const from = isLeft ? left : right;
    const index = isLeft ? l : r;
    out[at] = from[index] as number;
    out[at + 1] = from[index + 1] as number;
    if (isLeft) l += ENTRY;
    else r += ENTRY;
  }
}
