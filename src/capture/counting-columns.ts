/** Columns for whoever wants no packet, only sums: assembly/count.ts walks the records of a classic pcap. */
import { FrameColumns, LONG_BLOCK, type RecordShape, USUAL_BLOCK } from './columns.ts';
import { countingCode } from './counting-code.ts';

/** Places in its memory, in bytes: what assembly/count.ts leaves, and room for what is left of a block before the next one. */
const COUNTED = 0x100;
const HEAD = 1 << 18;
const LEAST_PIECE = 1 << 10;
const PAGE = 1 << 16;

/** `count` of assembly/count.ts. */
type Count = (
  from: number,
  end: number,
  limit: number,
  header: number,
  unit: number,
  before: number,
) => number;

/** What is used of it: Node has it, its types don't. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Memory: new (pages: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

interface Counter {
  readonly count: Count;
  readonly memory: Uint8Array;
}

let counter: Counter | undefined;

/** One for all: nothing of a block lies there any more when its reader has been given it. */
function theCounter(): Counter {
  if (!counter) {
    const memory = new WebAssembly.Memory({ initial: (HEAD + LONG_BLOCK) / PAGE });
    const module = new WebAssembly.Module(countingCode());
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    counter = { count: (exports as { readonly count: Count }).count, memory: new Uint8Array(memory.buffer) };
  }
  return counter;
}

export class CountingColumns extends FrameColumns {
  override readonly memory: Uint8Array;
  override readonly head = HEAD;
  readonly #count: Count;
  readonly #words: Uint32Array;
  readonly #sums: Float64Array;

  constructor() {
    super();
    const { memory, count } = theCounter();
    this.memory = memory;
    this.#count = count;
    this.#words = new Uint32Array(memory.buffer, COUNTED, 5);
    this.#sums = new Float64Array(memory.buffer, COUNTED + 24, 4);
  }

  override pass(view: DataView, start: number, end: number, shape: RecordShape): number {
    if (!shape.little || start + shape.header > end) return start;
    this.view = view;
    this.isPassed = true;
    this.count = this.cut = this.bytes = this.capturedBytes = 0;
    this.earliest = 0;
    this.latest = 1;
    this.lastSecond = shape.last < 0 ? view.getUint32(start, true) : shape.last;
    if (view.buffer === this.memory.buffer) return this.#add(view.byteOffset, start, end, shape);
    return this.#addCopies(view, start, end, shape);
  }

  /** Of a block that lies elsewhere, piece by piece, larger ones as it goes on: where records are odd no more is copied than they have. */
  #addCopies(view: DataView, start: number, end: number, shape: RecordShape): number {
    const { header } = shape;
    const bytes = new Uint8Array(view.buffer, view.byteOffset, end);
    let at = start;
    let size = Math.max(LEAST_PIECE, 2 * (header + view.getUint32(start + 8, true)) + header);
    while (at + header <= end) {
      size = Math.min(size, USUAL_BLOCK);
      const piece = bytes.subarray(at, at + size);
      this.memory.set(piece, HEAD);
      const next = this.#add(HEAD - at, at, at + piece.length, shape);
      if (next === at) break;
      at = next;
      size *= 2;
    }
    return at;
  }

  /** What `pass` leaves is looked at record by record. */
  override walk(view: DataView, start: number, end: number, shape: RecordShape): number {
    if (!shape.little) return super.walk(view, start, end, shape);
    this.count = 0;
    return start;
  }

  /** The records from `start` on, which lies at `base` and `start` in the memory; gives where they end. */
  #add(base: number, start: number, end: number, { limit, header, unit }: RecordShape): number {
    const words = this.#words;
    const sums = this.#sums;
    const next = this.#count(base + start, base + end, limit, header, unit, this.lastSecond) - base;
    if (words[0] === 0) return start;
    this.#note(0, -1, sums[2] as number, words[2] as number);
    this.#note(1, 1, sums[3] as number, words[3] as number);
    this.count += words[0] as number;
    this.cut += words[1] as number;
    this.lastSecond = words[4] as number;
    this.bytes += sums[0] as number;
    this.capturedBytes += sums[1] as number;
    return next;
  }

  /** A time that is the earliest or the latest, if it is later than the one at `index`, for `sign` 1, or earlier. */
  #note(index: number, sign: number, second: number, nanosecond: number): void {
    const { count, seconds, nanoseconds } = this;
    const apart = second - (seconds[index] as number) || nanosecond - (nanoseconds[index] as number);
    if (count > 0 && sign * apart <= 0) return;
    seconds[index] = second;
    nanoseconds[index] = nanosecond;
  }
}
