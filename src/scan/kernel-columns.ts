import { FrameColumns, type RecordShape, COLUMNS as ROOM } from '../capture/columns.ts';

/** Places in the kernel's memory, as assembly/kernel.ts has them; bytes. */
const PLACE = {
  walked: 0x800,
  offsets: 0x1000,
  captured: 0x2000,
  lengths: 0x3000,
  seconds: 0x4000,
  nanoseconds: 0x6000,
} as const;

/** `walk` of assembly/kernel.ts. */
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

/** Columns in the kernel's memory. Records of a block that lies there as well are walked to by the kernel. */
export class KernelColumns extends FrameColumns {
  override readonly block: Uint8Array;
  readonly #walk: Walk;
  readonly #counts: Uint32Array;
  readonly #sums: Float64Array;

  constructor(block: Uint8Array, walk: Walk) {
    const { buffer } = block;
    super({
      offset: new Int32Array(buffer, PLACE.offsets, ROOM),
      captured: new Int32Array(buffer, PLACE.captured, ROOM),
      length: new Uint32Array(buffer, PLACE.lengths, ROOM),
      seconds: new Float64Array(buffer, PLACE.seconds, ROOM),
      nanoseconds: new Int32Array(buffer, PLACE.nanoseconds, ROOM),
    });
    this.block = block;
    this.#walk = walk;
    this.#counts = new Uint32Array(buffer, PLACE.walked, 4);
    this.#sums = new Float64Array(buffer, PLACE.walked + 16, 2);
  }

  override walk(view: DataView, start: number, end: number, shape: RecordShape): number {
    if (view.buffer !== this.block.buffer || !shape.little) return super.walk(view, start, end, shape);
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
