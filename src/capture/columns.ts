import type { BlockFrame } from './frame.ts';

/** Records of one set of columns at most. */
export const COLUMNS = 1024;

/** Bytes of a block. Of records that are long, captured bytes, little more than their headers is looked at: what every block costs besides is most of what they cost. */
export const USUAL_BLOCK = 1 << 19;
export const LONG_BLOCK = 1 << 21;
export const LONG_RECORDS = 512;

/** How a classic pcap has its records. */
export interface RecordShape {
  readonly little: boolean;
  /** Bytes of a record's header. */
  readonly header: number;
  /** Nanoseconds of one unit of its fractions of a second. */
  readonly unit: number;
  /** Captured bytes at most. */
  readonly limit: number;
  /** Bytes that have to be there behind a record: the next one's header, by which a damaged one shows. */
  readonly ahead: number;
  /** Epoch seconds of the record before the first; below 0: there is none. */
  readonly last: number;
}

/** Seconds: records of one capture that are further apart are looked at one by one; and so are packets of more bytes on the wire, which none has. */
export const MOST_APART = 86400;
export const MOST_WIRE = 1 << 20;

/** What is taken in of a stretch: where it ends, the records up to there since `pass` began, and the times of its earliest and its latest. */
export interface EndedStretch {
  end: number;
  records: number;
  firstSeconds: number;
  firstNanoseconds: number;
  lastSeconds: number;
  lastNanoseconds: number;
}

/** Where columns lie; each has room for `COLUMNS` entries. */
export type ColumnArrays = Pick<FrameColumns, 'offset' | 'captured' | 'length' | 'seconds' | 'nanoseconds'>;

/**
 * Consecutive records of one interface that lie in one block, field by field: whoever reads millions of packets is not called for each.
 * Valid during the call, as a frame is.
 */
export class FrameColumns {
  view: DataView = new DataView(new ArrayBuffer(0));
  linkType = -1;
  interfaceName: string | undefined = undefined;
  /** Of the first record; the others follow. */
  number = 1;
  count = 0;
  /** Where in the view the frame begins, and how many of its bytes are there. */
  readonly offset: Int32Array;
  readonly captured: Int32Array;
  /** Bytes on the wire. */
  readonly length: Uint32Array;
  /** Epoch time, as a frame's. */
  readonly seconds: Float64Array;
  readonly nanoseconds: Int32Array;
  /** Of all records, as `walk` and `reckon` leave it: bytes on the wire and captured, frames cut by the snaplen, index of the earliest and the latest. */
  bytes = 0;
  capturedBytes = 0;
  cut = 0;
  earliest = 0;
  latest = 0;
  lastSecond = 0;
  /** `pass` has taken the records in: there are only their number and their sums, and the times of the earliest and the latest. */
  isPassed = false;
  /** Stretches that it came to the end of; the earliest and the latest are those of the one after them. */
  ended = 0;
  /** Of the capture's bytes so many have been read, from 0 to 1, where that is known. */
  share = 0;
  /** Where a file's blocks are best read to, behind `head` bytes that may be written to as well; all of it has room for a long block. */
  readonly memory: Uint8Array | undefined = undefined;
  readonly head: number = 0;
  #blocks: { readonly usual: Uint8Array; readonly long: Uint8Array } | undefined;

  constructor(arrays?: ColumnArrays) {
    this.offset = arrays?.offset ?? new Int32Array(COLUMNS);
    this.captured = arrays?.captured ?? new Int32Array(COLUMNS);
    this.length = arrays?.length ?? new Uint32Array(COLUMNS);
    this.seconds = arrays?.seconds ?? new Float64Array(COLUMNS);
    this.nanoseconds = arrays?.nanoseconds ?? new Int32Array(COLUMNS);
  }

  /** Where the next block is best read to, behind the head. */
  blockFor(isLong: boolean): Uint8Array | undefined {
    const { memory, head } = this;
    if (memory)
      this.#blocks ??= {
        usual: memory.subarray(head, head + USUAL_BLOCK),
        long: memory.subarray(head, head + LONG_BLOCK),
      };
    return isLong ? this.#blocks?.long : this.#blocks?.usual;
  }

  /** Makes a frame of a record. */
  frame(index: number, frame: BlockFrame): BlockFrame {
    frame.number = this.number + index;
    frame.seconds = this.seconds[index] as number;
    frame.nanoseconds = this.nanoseconds[index] as number;
    frame.length = this.length[index] as number;
    frame.captured = this.captured[index] as number;
    frame.linkType = this.linkType;
    frame.interfaceName = this.interfaceName;
    frame.view = this.view;
    frame.offset = this.offset[index] as number;
    return frame;
  }

  /** Epoch seconds. */
  time(index: number): number {
    return (this.seconds[index] as number) + (this.nanoseconds[index] as number) / 1e9;
  }

  /**
   * Where the columns' owner can do it without being handed each record, takes in those that `walk` would leave, as many as can be; gives where
   * they end, and the epoch seconds of the last in `lastSecond`. `stretch`: bytes of a stretch that begins at `start`, as of those behind it; 0: all are one.
   */
  pass(_view: DataView, start: number, _end: number, _shape: RecordShape, _stretch?: number): number {
    return start;
  }

  /** One of the stretches that `pass` came to the end of, in `ended`. */
  stretch(_index: number, _ended: EndedStretch): void {}

  /**
   * The whole records of a classic pcap that lie in `view` from `start` on, until `end`, or there are `COLUMNS`, or one or the one behind it
   * can't be a record or is of another time; gives where they end.
   */
  walk(view: DataView, start: number, end: number, shape: RecordShape): number {
    const { little, header, unit, limit, ahead } = shape;
    const { offset, captured, length, seconds, nanoseconds } = this;
    const whole = 1e9 / unit;
    let at = start;
    let count = 0;
    let last = shape.last;
    while (count < COLUMNS && at + header <= end) {
      // Signed, since small integers are faster than 32 bits unsigned: below 0 is beyond every limit.
      const there = view.getInt32(at + 8, little);
      const next = at + header + there;
      if (there <= 0 || there > limit || next + ahead > end) break;
      const second = view.getUint32(at, little);
      if (last >= 0 && Math.abs(second - last) > MOST_APART) break;
      if (next + header <= end) {
        const following = view.getInt32(next + 8, little);
        if (following < 0 || following > limit) break;
        if (Math.abs(view.getUint32(next, little) - second) > MOST_APART) break;
      }
      const wire = view.getInt32(at + 12, little);
      if (wire < there || wire > MOST_WIRE) break;
      offset[count] = at + header;
      captured[count] = there;
      length[count] = wire;
      const fraction = view.getInt32(at + 4, little);
      if (fraction >= 0 && fraction < whole) {
        seconds[count] = second;
        nanoseconds[count] = fraction * unit;
      } else {
        const beyond = (fraction >>> 0) * unit;
        seconds[count] = second + Math.floor(beyond / 1e9);
        nanoseconds[count] = beyond % 1e9;
      }
      count++;
      at = next;
      last = second;
    }
    this.view = view;
    this.count = count;
    this.reckon();
    return at;
  }

  /** Sums up records whose fields are set. */
  reckon(): void {
    const { count, length, captured, seconds, nanoseconds } = this;
    let bytes = 0;
    let capturedBytes = 0;
    let cut = 0;
    let earliest = 0;
    let latest = 0;
    for (let i = 0; i < count; i++) {
      const wire = length[i] as number;
      const there = captured[i] as number;
      bytes += wire;
      capturedBytes += there;
      if (there < wire) cut++;
      const second = seconds[i] as number;
      const fraction = nanoseconds[i] as number;
      const last = seconds[latest] as number;
      if (second > last || (second === last && fraction > (nanoseconds[latest] as number))) latest = i;
      const first = seconds[earliest] as number;
      if (second < first || (second === first && fraction < (nanoseconds[earliest] as number))) earliest = i;
    }
    this.bytes = bytes;
    this.capturedBytes = capturedBytes;
    this.cut = cut;
    this.earliest = earliest;
    this.latest = latest;
  }
}
