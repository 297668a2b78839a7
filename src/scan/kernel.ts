/** What is done with every packet: the modules of assembly/, their memory, and what of that the rest sees. */
import { randomSeed } from '../base/random-seed.ts';
import { type FrameColumns, LONG_BLOCK } from '../capture/columns.ts';
import { kernelCode } from './kernel-code.ts';
import { KernelColumns, type Pass, type Walk } from './kernel-columns.ts';
import { COUNTS } from './point-stats.ts';
import { MOST_LOAD, MOST_RECORDS } from './record-index.ts';
import { RECORD_WORDS } from './records.ts';
import { BATCH, Batch, ROW_WORDS } from './row.ts';
import { SIGNATURE_WORDS } from './signatures.ts';

/** Exported by the module; assembly/ says what each function does. */
interface Exports {
  place(slots: number, slotCount: number, firsts: number, records: number): void;
  getRecords(): number;
  setRecords(count: number): void;
  setSince(time: number): void;
  setSeed(word: number): void;
  getMacs(): number;
  numberOfMacs(a: number, b: number, c: number): number;
  walk: Walk;
  pass: Pass;
  decode(from: number, to: number, row: number, known: number, base: number): number;
  sift(from: number, to: number, known: number, base: number, first: number): number;
  tally(rows: number): void;
  lookUp(rows: number): number;
  enterMissing(missing: number): void;
  enter(row: number): void;
  index(): void;
  sumUp(from: number): number;
  getSums(): number;
  getOneByOne(): number;
  getChanged(): number;
  update(from: number, to: number, at: number, end: number, next: number): number;
}

/** Places in its memory, as assembly/layout.ts has them; bytes. */
const PLACE = {
  anyway: 0x900,
  wanted: 0x14000,
  scratch: 0xa000,
  changed: 0xe000,
  lookedInto: 0x12000,
  rows: 0x20000,
  stage: 0x40000,
  sums: 0x300000,
  oneByOne: 0x420000,
  macs: 0x160000,
  head: 0x2a0000,
  block: 0x300000,
  points: 0x510000,
  growing: 0x4710000,
} as const;

const STAGE = PLACE.macs - PLACE.stage;
/** Before a block: what is left of the one before is put there. */
const HEAD = PLACE.block - PLACE.head;
const PAGE = 1 << 16;
const MACS = 1 << 16;
const MAC_WORDS = 4;
/** One bit for each hash of a wanted conversation: 32 KB, so that it stays in the first cache. */
export const FILTER_BYTES = 1 << 15;

/**
 * Records that there is room for at first, few enough that their slots are soon cleared. Whenever it runs out there are as many as the capture will
 * have if it goes on as it began, and some more; eight times as many where nobody knows how much is to come. Memory that isn't written yet is none, but slots are.
 */
const FIRST = 1 << 13;
const SPARE = 9 / 8;
const GROWTH = 8;
const MOST_GROWTH = 64;
/** What `sumUp` makes: word of an end, bits of a side, kind with `SUM_OF`, nothing, packets as a double. */
export const SUM_WORDS = 8;
export const SUM_OF = { sent: 1, received: 2 } as const;
const SUMS = 1 << 15;
const ONE_BY_ONE = 1 << 16;

/** Words of a change: record << 1 | side, packets before it, their bits, nothing. */
export const CHANGE_WORDS = 4;

/** What is used of it: Node has it, its types don't. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Memory: new (pages: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => {
    readonly buffer: SharedArrayBuffer;
    grow(pages: number): number;
  };
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

let compiled: object | undefined;

/** One for each capture that is read. Its memory is shared, so that arrays over it are the same memory after it has grown. */
export class Kernel {
  readonly batch: Batch;
  readonly run: Exports;
  /** For the reader to fill, and for those that `takeIn` is given from elsewhere. */
  readonly columns: KernelColumns;
  /** For signatures of a batch that there is no room for. */
  readonly scratch: Uint32Array;
  readonly changed: Uint32Array;
  readonly macWords: Uint32Array;
  /** What `sumUp` leaves: sums, and the records that are told one by one. */
  readonly sums: Uint32Array;
  readonly oneByOne: Uint32Array;
  /** For `sift`: the marks of 1,024 records and of 31 before them, the filter of wanted conversations, and the indices that it leaves. */
  readonly anyway: Uint32Array;
  readonly wanted: Uint8Array;
  readonly sifted: Uint32Array;
  /** What offsets of the columns taken in last are counted from. */
  base = 0;
  /** Of the records: their words, the times of their first packets, and the slots of their index. */
  words!: Uint32Array;
  firsts!: Float64Array;
  slots!: Uint32Array;
  /** Records that there is room for. */
  capacity = 0;
  /** Of hashes. */
  readonly seed: number;
  readonly #memory = new WebAssembly.Memory({
    initial: PLACE.growing / PAGE,
    maximum: MOST_PAGES,
    shared: true,
  });
  #end: number = PLACE.growing;
  #place = { slots: 0, firsts: 0, records: 0 };
  readonly #stage: Uint8Array;

  /** `lookedInto`: ports whose UDP datagrams aren't decoded here, one bit each. */
  constructor(lookedInto: Uint8Array, seed = randomSeed()) {
    this.seed = seed;
    compiled ??= new WebAssembly.Module(kernelCode());
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory: this.#memory } });
    this.run = exports as Exports;
    this.run.setSeed(seed);
    const { buffer } = this.#memory;
    this.batch = new Batch(new Uint32Array(buffer, PLACE.rows, BATCH * ROW_WORDS));
    const memory = new Uint8Array(buffer, PLACE.head, HEAD + LONG_BLOCK);
    this.columns = new KernelColumns(memory, HEAD, this.run);
    this.scratch = new Uint32Array(buffer, PLACE.scratch, BATCH * SIGNATURE_WORDS);
    this.changed = new Uint32Array(buffer, PLACE.changed, BATCH * CHANGE_WORDS);
    this.anyway = new Uint32Array(buffer, PLACE.anyway, BATCH / 32 + 1);
    this.wanted = new Uint8Array(buffer, PLACE.wanted, FILTER_BYTES);
    this.sifted = new Uint32Array(buffer, PLACE.scratch, BATCH);
    this.macWords = new Uint32Array(buffer, PLACE.macs, MACS * MAC_WORDS);
    this.sums = new Uint32Array(buffer, PLACE.sums, SUMS * SUM_WORDS);
    this.oneByOne = new Uint32Array(buffer, PLACE.oneByOne, ONE_BY_ONE);
    this.#stage = new Uint8Array(buffer, PLACE.stage, STAGE);
    new Uint8Array(buffer, PLACE.lookedInto, lookedInto.length).set(lookedInto);
    this.grow(FIRST);
  }

  /** Makes room for so many records, and for `most` at most; those that are there stay, in their order. */
  grow(least: number, most = MOST_RECORDS): void {
    const before = this.#place;
    const known = this.run.getRecords();
    this.capacity = Math.max(least, Math.min(this.#expected(least), most));
    const slotCount = 2 ** Math.ceil(Math.log2(this.capacity / MOST_LOAD));
    const slots = this.#take(slotCount * 4);
    const firsts = this.#take(this.capacity * 8);
    // The record before the first is that of no packet: `lookUp` looks at it where there is none.
    const records = this.#take((this.capacity + 1) * RECORD_BYTES) + RECORD_BYTES;
    this.#reach();
    const { buffer } = this.#memory;
    if (known > 0) {
      const bytes = new Uint8Array(buffer);
      bytes.copyWithin(records, before.records, before.records + known * RECORD_BYTES);
      bytes.copyWithin(firsts, before.firsts, before.firsts + known * 8);
    }
    this.#place = { slots, firsts, records };
    this.words = new Uint32Array(buffer, records, this.capacity * RECORD_WORDS);
    this.firsts = new Float64Array(buffer, firsts, this.capacity);
    this.slots = new Uint32Array(buffer, slots, slotCount);
    // A page that is read before it is written to faults twice, and hashes get to all of these.
    this.slots.fill(0);
    this.run.place(slots, slotCount, firsts, records);
    this.run.index();
  }

  /** How many there will be when there are `least` by now. */
  #expected(least: number): number {
    const { capacity } = this;
    const { share } = this.columns;
    if (capacity === 0) return Math.max(least, FIRST);
    const expected =
      share > 0 ? Math.min((least / share) * SPARE, capacity * MOST_GROWTH) : capacity * GROWTH;
    return Math.ceil(Math.max(expected, least * SPARE, capacity * 2));
  }

  /** Memory for so many words more; undefined where its addresses end. */
  wordsMore(count: number): Uint32Array | undefined {
    if (this.#end + count * 4 > MOST_PAGES * PAGE) return undefined;
    const at = this.#take(count * 4);
    this.#reach();
    return new Uint32Array(this.#memory.buffer, at, count);
  }

  /** Memory up to what has been taken. */
  #reach(): void {
    const pages = Math.ceil(this.#end / PAGE) - this.#memory.buffer.byteLength / PAGE;
    if (pages > 0) this.#memory.grow(pages);
  }

  /** Aligned to a line of the cache, as a record is. */
  #take(bytes: number): number {
    const at = this.#end;
    this.#end += Math.ceil(bytes / RECORD_BYTES) * RECORD_BYTES;
    return at;
  }

  /** What is counted of a point: see PointStats. */
  countsOf(point: number): Float64Array {
    return new Float64Array(this.#memory.buffer, PLACE.points + point * COUNTS * 8, COUNTS);
  }

  /** Makes the bytes of the columns' records from `from` on readable for `decode`; gives the first whose bytes aren't, else how many there are. */
  takeIn(columns: FrameColumns, from: number): number {
    const { view, count, offset, captured } = columns;
    if (columns !== this.columns) this.columns.take(columns);
    if (view.buffer === this.columns.memory.buffer) {
      this.base = view.byteOffset;
      return count;
    }
    const begin = offset[from] as number;
    let to = from;
    let end = begin;
    // A record that has no room by itself is one whose headers have.
    for (; to < count; to++) {
      const next = (offset[to] as number) + (captured[to] as number);
      if ((offset[to] as number) < begin || (next - begin > STAGE && to > from)) break;
      end = Math.max(end, Math.min(next, begin + STAGE));
    }
    this.#stage.set(new Uint8Array(view.buffer, view.byteOffset + begin, end - begin));
    this.base = PLACE.stage - begin;
    return to;
  }
}

const RECORD_BYTES = RECORD_WORDS * 4;
/** Four gigabytes are all that its addresses reach. */
const MOST_PAGES = 65536;
