import { type EndedStretch, FrameColumns, type RecordShape, COLUMNS as ROOM } from '../capture/columns.ts';

/** Places in the kernel's memory, as assembly/layout.ts has them; bytes. */
const PLACE = {
  walked: 0x800,
  passed: 0x840,
  stretches: 0xa00,
  offsets: 0x1000,
  captured: 0x2000,
  lengths: 0x3000,
  seconds: 0x4000,
  nanoseconds: 0x6000,
} as const;

/** Stretches that `pass` leaves at most, and words of one. */
const MOST_STRETCHES = 48;
const STRETCH_WORDS = 8;

/** `walk` of assembly/walk.ts. */
export type Walk = (
  from: number,
  end: number,
  base: number,
  limit: number,
  header: number,
  unit: number,
  ahead: number,
  last: number,
) => number;

/** `pass` of assembly/pass.ts. */
export type Pass = (
  ...parameters: [
    ...Parameters<Walk>,
    known: number,
    most: number,
    signing: number,
    signingEnd: number,
    signingNext: number,
    stretch: number,
  ]
) => number;

/** What records may be taken in as. One object for all blocks: it is filled for each of them. */
export interface Room {
  /** The kind's point. */
  known: number;
  /** Conversations at most. */
  most: number;
  /** Where the next signature belongs, its segment's end, and the segment behind; 0: there is none. */
  signing: number;
  signingEnd: number;
  signingNext: number;
}

/** Columns in the kernel's memory. Records of a block that lies there as well are walked to by the kernel. */
export class KernelColumns extends FrameColumns {
  override readonly memory: Uint8Array;
  override readonly head: number;
  /** Says what room there is for the next records; false: they are to be handed to whoever asks for them. */
  roomFor: ((columns: KernelColumns, room: Room) => boolean) | undefined;
  /** That `pass` made signatures of, conversations there are behind it, and changes of TTL or MACs that it left. */
  signed = 0;
  conversations = 0;
  changes = 0;
  readonly #room: Room = { known: 0, most: 0, signing: 0, signingEnd: 0, signingNext: 0 };
  readonly #walk: Walk;
  readonly #pass: Pass;
  readonly #counts: Uint32Array;
  readonly #sums: Float64Array;
  readonly #passed: Uint32Array;
  readonly #passedSums: Float64Array;
  readonly #stretches: Uint32Array;
  readonly #stretchTimes: Float64Array;

  constructor(memory: Uint8Array, head: number, run: { readonly walk: Walk; readonly pass: Pass }) {
    const { buffer } = memory;
    super({
      offset: new Int32Array(buffer, PLACE.offsets, ROOM),
      captured: new Int32Array(buffer, PLACE.captured, ROOM),
      length: new Uint32Array(buffer, PLACE.lengths, ROOM),
      seconds: new Float64Array(buffer, PLACE.seconds, ROOM),
      nanoseconds: new Int32Array(buffer, PLACE.nanoseconds, ROOM),
    });
    this.memory = memory;
    this.head = head;
    this.#walk = run.walk;
    this.#pass = run.pass;
    this.#counts = new Uint32Array(buffer, PLACE.walked, 4);
    this.#sums = new Float64Array(buffer, PLACE.walked + 16, 2);
    this.#passed = new Uint32Array(buffer, PLACE.passed, 11);
    this.#stretches = new Uint32Array(buffer, PLACE.stretches, MOST_STRETCHES * STRETCH_WORDS);
    this.#stretchTimes = new Float64Array(buffer, PLACE.stretches, (MOST_STRETCHES * STRETCH_WORDS) / 2);
    this.#passedSums = new Float64Array(buffer, PLACE.passed + 16, 2);
  }

  override pass(view: DataView, start: number, end: number, shape: RecordShape, stretch = 0): number {
    const { little, limit, header, unit, ahead, last } = shape;
    const room = this.#room;
    if (!this.roomFor || !little || last < 0 || view.buffer !== this.memory.buffer) return start;
    if (!this.roomFor(this, room)) return start;
    const base = view.byteOffset;
    const { known, most, signing, signingEnd, signingNext } = room;
    const next = this.#pass(
      base + start,
      base + end,
      base,
      limit,
      header,
      unit,
      ahead,
      last,
      known,
      most,
      signing,
      signingEnd,
      signingNext,
      stretch,
    );
    const counts = this.#passed;
    if (counts[0] === 0) return start;
    this.view = view;
    this.isPassed = true;
    this.count = counts[0] as number;
    this.cut = counts[1] as number;
    this.signed = counts[2] as number;
    this.lastSecond = counts[3] as number;
    this.conversations = counts[8] as number;
    this.changes = counts[9] as number;
    this.ended = counts[10] as number;
    this.earliest = 0;
    this.latest = 1;
    this.bytes = this.#passedSums[0] as number;
    this.capturedBytes = this.#passedSums[1] as number;
    return next - base;
  }

  override stretch(index: number, ended: EndedStretch): void {
    const words = this.#stretches;
    const times = this.#stretchTimes;
    const at = index * STRETCH_WORDS;
    ended.firstSeconds = times[at >> 1] as number;
    ended.lastSeconds = times[(at >> 1) + 1] as number;
    ended.firstNanoseconds = words[at + 4] as number;
    ended.lastNanoseconds = words[at + 5] as number;
    ended.end = words[at + 6] as number;
    ended.records = words[at + 7] as number;
  }

  override walk(view: DataView, start: number, end: number, shape: RecordShape): number {
    if (view.buffer !== this.memory.buffer || !shape.little) return super.walk(view, start, end, shape);
    const base = view.byteOffset;
    const { limit, header, unit, ahead } = shape;
    const last = shape.last < 0 && start + header <= end ? view.getUint32(start, true) : shape.last;
    const next = this.#walk(base + start, base + end, base, limit, header, unit, ahead, last);
    const counts = this.#counts;
    this.view = view;
    this.count = counts[0] as number;
    this.cut = counts[1] as number;
    this.earliest = counts[2] as number;
    this.latest = counts[3] as number;
    this.bytes = this.#sums[0] as number;
    this.capturedBytes = this.#sums[1] as number;
    return next - base;
  }

  /** Takes over another one's records. */
  take({ view, linkType, interfaceName, number, count, ...arrays }: FrameColumns): void {
    this.view = view;
    this.linkType = linkType;
    this.interfaceName = interfaceName;
    this.number = number;
    this.count = count;
    const { offset, captured, length, seconds, nanoseconds } = arrays;
    const part = <T extends Int32Array | Uint32Array | Float64Array>(array: T) =>
      (count === ROOM ? array : array.subarray(0, count)) as T;
    this.offset.set(part(offset));
    this.captured.set(part(captured));
    this.length.set(part(length));
    this.seconds.set(part(seconds));
    this.nanoseconds.set(part(nanoseconds));
  }
}
