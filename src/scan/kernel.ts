/** What is done with every packet: assembly/kernel.ts, its memory, and what of that the rest sees. */
import type { FrameColumns } from '../capture/columns.ts';
import { COLUMNS } from '../capture/columns.ts';
import { kernelCode } from './kernel-code.ts';
import { RECORD_WORDS } from './records.ts';
import { BATCH, Batch, ROW_WORDS } from './row.ts';

/** Exported by the module; assembly/kernel.ts says what each does. */
interface Exports {
  place(slots: number, slotCount: number, firsts: number, records: number): void;
  getRecords(): number;
  setRecords(count: number): void;
  setSince(time: number): void;
  getMacs(): number;
  numberOfMacs(a: number, b: number, c: number): number;
  decode(from: number, to: number, row: number, known: number): number;
  lookUp(rows: number): number;
  enterMissing(missing: number): void;
  enter(row: number): void;
  index(): void;
  getChanged(): number;
  update(from: number, to: number): number;
}

/** Places in its memory, as assembly/kernel.ts has them; bytes. */
const PLACE = {
  offsets: 0x1000,
  captured: 0x2000,
  lengths: 0x3000,
  seconds: 0x4000,
  nanoseconds: 0x6000,
  signed: 0xa000,
  changed: 0xe000,
  lookedInto: 0x12000,
  rows: 0x20000,
  stage: 0x40000,
  macs: 0x160000,
  growing: 0x2b0000,
} as const;

const STAGE = PLACE.macs - PLACE.stage;
/** Bytes of a frame that are looked at, where all of them have no room. */
const HEADERS = 512;
const PAGE = 1 << 16;

/** Records that there is room for at first; then eight times as many whenever it runs out. Memory that isn't written yet is none. */
const FIRST = 1 << 16;
const GROWTH = 8;
const SLOTS_A_RECORD = 2;
/** What a slot can number; the number of slots is a power of two. */
const MOST_CAPACITY = 1 << 24;

/** Words of a change: record << 1 | side, packets before it, their bits, nothing. */
export const CHANGE_WORDS = 4;

/** What is used of it: Node has it, its types don't. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Memory: new (pages: {
    readonly initial: number;
    readonly maximum: number;
  }) => {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  };
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

let compiled: object | undefined;

/** One for each capture that is read. */
export class Kernel {
  readonly batch = new Batch();
  readonly run: Exports;
  /** Where in the memory each record of the columns begins. */
  staged!: Int32Array<ArrayBuffer>;
  signed!: Uint32Array<ArrayBuffer>;
  changed!: Uint32Array<ArrayBuffer>;
  /** Of the records: their words, the times of their first packets, and the slots of their index. */
  words!: Uint32Array<ArrayBuffer>;
  firsts!: Float64Array<ArrayBuffer>;
  slots!: Uint32Array<ArrayBuffer>;
  /** Records that there is room for. */
  capacity = 0;
  readonly #memory = new WebAssembly.Memory({ initial: PLACE.growing / PAGE, maximum: MOST_PAGES });
  #end: number = PLACE.growing;
  #place = { slots: 0, firsts: 0, records: 0 };
  #bytes!: Uint8Array<ArrayBuffer>;
  #columns!: ReturnType<typeof columnsIn>;

  /** `lookedInto`: ports whose UDP datagrams aren't decoded here, one bit each. */
  constructor(lookedInto: Uint8Array) {
    compiled ??= new WebAssembly.Module(kernelCode());
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory: this.#memory } });
    this.run = exports as Exports;
    this.grow(FIRST);
    this.#bytes.set(lookedInto, PLACE.lookedInto);
  }

  /** Makes room for so many records; those that are there stay, in their order. */
  grow(least: number): void {
    const before = this.#place;
    const known = this.run.getRecords();
    while (this.capacity < least)
      this.capacity = this.capacity === 0 ? FIRST : Math.min(this.capacity * GROWTH, MOST_CAPACITY);
    const slotCount = this.capacity * SLOTS_A_RECORD;
    const slots = this.#take(slotCount * 4);
    const firsts = this.#take(this.capacity * 8);
    // The record before the first is that of no packet: `lookUp` looks at it where there is none.
    const records = this.#take((this.capacity + 1) * RECORD_BYTES) + RECORD_BYTES;
    const pages = Math.ceil(this.#end / PAGE) - this.#memory.buffer.byteLength / PAGE;
    if (pages > 0) this.#memory.grow(pages);
    this.#bytes = new Uint8Array(this.#memory.buffer);
    if (known > 0) {
      this.#bytes.copyWithin(records, before.records, before.records + known * RECORD_BYTES);
      this.#bytes.copyWithin(firsts, before.firsts, before.firsts + known * 8);
    }
    this.#place = { slots, firsts, records };
    this.run.place(slots, slotCount, firsts, records);
    this.run.index();
    this.#view();
  }

  /** Aligned to a line of the cache, as a record is. */
  #take(bytes: number): number {
    const at = this.#end;
    this.#end += Math.ceil(bytes / RECORD_BYTES) * RECORD_BYTES;
    return at;
  }

  /** Memory that has grown is another buffer. */
  #view(): void {
    const buffer = this.#memory.buffer;
    const { slots, firsts, records } = this.#place;
    this.batch.words = new Uint32Array(buffer, PLACE.rows, BATCH * ROW_WORDS);
    this.batch.doubles = new Float64Array(buffer, PLACE.rows, (BATCH * ROW_WORDS) / 2);
    this.#columns = columnsIn(buffer);
    this.staged = this.#columns.offset;
    this.signed = new Uint32Array(buffer, PLACE.signed, BATCH * 4);
    this.changed = new Uint32Array(buffer, PLACE.changed, BATCH * CHANGE_WORDS);
    this.words = new Uint32Array(buffer, records, this.capacity * RECORD_WORDS);
    this.firsts = new Float64Array(buffer, firsts, this.capacity);
    this.slots = new Uint32Array(buffer, slots, this.capacity * SLOTS_A_RECORD);
  }

  /** Takes in the columns' records: all their bytes, or where those are too many, of each what headers take. */
  stage({ view, count, offset, captured, length, seconds, nanoseconds }: FrameColumns): void {
    if (count === 0) return;
    const own = this.#columns;
    own.captured.set(count === COLUMNS ? captured : captured.subarray(0, count));
    own.length.set(count === COLUMNS ? length : length.subarray(0, count));
    own.seconds.set(count === COLUMNS ? seconds : seconds.subarray(0, count));
    own.nanoseconds.set(count === COLUMNS ? nanoseconds : nanoseconds.subarray(0, count));
    const begin = offset[0] as number;
    const end = (offset[count - 1] as number) + (captured[count - 1] as number);
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    if (end >= begin && end - begin <= STAGE) {
      this.#bytes.set(bytes.subarray(begin, end), PLACE.stage);
      for (let i = 0; i < count; i++) own.offset[i] = (offset[i] as number) - begin + PLACE.stage;
      return;
    }
    for (let i = 0; i < count; i++) {
      const at = offset[i] as number;
      const to = PLACE.stage + i * HEADERS;
      this.#bytes.set(bytes.subarray(at, at + Math.min(captured[i] as number, HEADERS)), to);
      own.offset[i] = to;
    }
  }

  /** The twelve bytes of a pair of MACs as three words. */
  macs(number: number): Uint32Array {
    return new Uint32Array(this.#memory.buffer, PLACE.macs + number * 16, 3);
  }
}

const RECORD_BYTES = RECORD_WORDS * 4;
/** Four gigabytes are all that its addresses reach. */
const MOST_PAGES = 65536;

function columnsIn(buffer: ArrayBuffer) {
  return {
    offset: new Int32Array(buffer, PLACE.offsets, COLUMNS),
    captured: new Int32Array(buffer, PLACE.captured, COLUMNS),
    length: new Uint32Array(buffer, PLACE.lengths, COLUMNS),
    seconds: new Float64Array(buffer, PLACE.seconds, COLUMNS),
    nanoseconds: new Int32Array(buffer, PLACE.nanoseconds, COLUMNS),
  };
}
