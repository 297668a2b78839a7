import { Bits } from '../base/bits.ts';
import { COLUMNS, FrameColumns } from '../capture/columns.ts';
import { BlockFrame, type Frame } from '../capture/frame.ts';
import { Stretches, type StretchesParts } from '../capture/stretches.ts';
import type { Ip } from '../net/ip.ts';
import { AddressTable, type AddressTableParts } from './addresses.ts';
import { AlikeSums } from './alike.ts';
import { Kernel } from './kernel.ts';
import { LOOKED_INTO, PlainDecoder } from './plain.ts';
import { PointStats, type PointStatsParts } from './point-stats.ts';
import { RECORD, RECORD_WORDS } from './records.ts';
import { Batch, MOST_POINTS, ROW, ROW_WORDS } from './row.ts';
import { FlowTable, type FlowTableParts } from './table.ts';

const ETHERNET = 1;
const SLL2 = 276;

/** Packets of one conversation, one way, at one point, that came with one TTL and between one pair of MACs. */
export interface AlikePackets {
  readonly interfaceName: string | undefined;
  readonly linkType: number;
  readonly source: Ip;
  readonly destination: Ip;
  readonly ttl: number;
  readonly etherSource: number | undefined;
  readonly etherDestination: number | undefined;
  readonly packets: number;
}

export interface CaptureFlowsOptions {
  /** Told of everything that isn't plain, in the file's order. */
  readonly onOdd: (frame: Frame) => void;
  /** Told of the plain ones, many at once and in no particular order. */
  readonly onAlike: (alike: AlikePackets) => void;
  /** Conversations that are kept at most. */
  readonly most?: number;
}

/** The same as plain data, which threads hand to each other. */
export interface CaptureFlowsParts {
  readonly addresses: AddressTableParts;
  readonly table: FlowTableParts;
  readonly points: readonly PointStatsParts[];
  readonly stretches: StretchesParts;
  readonly oddFrames: Uint32Array<ArrayBuffer>;
  readonly plain: number;
  readonly odd: number;
}

/** The plain packets of one capture as records of conversations, point by point. */
export class CaptureFlows {
  readonly decoder: PlainDecoder;
  readonly table: FlowTable;
  readonly points: PointStats[];
  /** To be filled by the reader: where what is wanted can be found again. */
  readonly stretches: Stretches;
  plain = 0;
  odd = 0;
  readonly #oddFrames: Bits;
  /** None of what was handed over by another thread: it is only looked at. */
  readonly #kernel: Kernel | undefined;
  /** Of one packet that is looked at again. */
  readonly #row = new Batch();
  readonly #sums = new AlikeSums((source, destination, bits, kind, packets) =>
    this.#tell(source, destination, bits, kind, packets),
  );
  /** Frames that were given one by one, and the record of one that is read again. */
  readonly #given = new FrameColumns();
  readonly #again = new FrameColumns();
  readonly #frame = new BlockFrame();
  /** Of the packet before: most captures are of one interface. */
  #point = -1;
  readonly #options: CaptureFlowsOptions;

  constructor(options: CaptureFlowsOptions, known?: CaptureFlowsParts) {
    this.#options = options;
    this.#kernel = known ? undefined : new Kernel(LOOKED_INTO);
    this.decoder = new PlainDecoder(this.#kernel, known && AddressTable.of(known.addresses));
    this.table = known
      ? FlowTable.of(known.table)
      : new FlowTable(
          this.#kernel,
          (record, side, packets, bits) => this.#sum(record, side, packets, bits),
          options.most,
        );
    this.points = known?.points.map((point) => PointStats.of(point)) ?? [];
    this.stretches = known ? Stretches.of(known.stretches) : new Stretches();
    this.#oddFrames = known ? Bits.of(known.oddFrames) : new Bits();
    this.plain = known?.plain ?? 0;
    this.odd = known?.odd ?? 0;
  }

  /** Of a capture that has been read once: `of` makes what can read it again. */
  parts(): CaptureFlowsParts {
    return {
      addresses: this.decoder.addresses.parts(),
      table: this.table.parts(),
      points: this.points.map((point) => point.parts()),
      stretches: this.stretches.parts(),
      oddFrames: this.#oddFrames.words,
      plain: this.plain,
      odd: this.odd,
    };
  }

  static of(parts: CaptureFlowsParts): CaptureFlows {
    return new CaptureFlows({ onOdd: () => {}, onAlike: () => {} }, parts);
  }

  /** Its time must be set; valid during the call, as all frames are, except that its bytes must last until `flush`. */
  add(frame: Frame): void {
    const given = this.#given;
    const { view, offset } = frame;
    if (given.count > 0 && (given.count === COLUMNS || !follows(frame, given))) this.flush();
    if (view === undefined || offset === undefined || frame.told !== undefined) {
      this.flush();
      this.#addOdd(frame);
    } else append(frame, view, offset, given);
  }

  /** To be called before the reader's block is used again. */
  flush(): void {
    if (this.#given.count > 0) this.addColumns(this.#given);
    this.#given.count = 0;
  }

  /** Records whose times are set. */
  addColumns(columns: FrameColumns): void {
    const kernel = this.#kernel;
    if (!kernel) return;
    const { count } = columns;
    const { batch } = kernel;
    kernel.stage(columns);
    for (let i = 0; i < count; ) {
      // The point of cooked packets stands in their own headers.
      const to = columns.linkType === SLL2 ? i + 1 : count;
      const point = this.#pointOf(columns, i);
      if (point >= 0) i = this.decoder.decode(kernel, columns, i, to, point);
      if (i < to) this.#addOdd(columns.frame(i++, this.#frame));
    }
    this.plain += batch.count;
    this.#tellTimes(batch);
    for (let i = 0; i < batch.count; ) {
      const point = (batch.words[i * ROW_WORDS + ROW.kind] as number) >>> 16;
      i = (this.points[point] as PointStats).count(batch, i, point);
    }
    this.table.add();
  }

  #addOdd(frame: Frame): void {
    this.odd++;
    this.#oddFrames.add(frame.number);
    this.stretches.need();
    this.#options.onOdd(frame);
  }

  #tellTimes({ doubles, count }: Batch): void {
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (let at = ROW.time >> 1; at < (count * ROW_WORDS) >> 1; at += ROW_WORDS >> 1) {
      const time = doubles[at] as number;
      if (time < least) least = time;
      if (time > most) most = time;
    }
    this.stretches.timed(least, most);
  }

  /** When all has been read. */
  end(): void {
    this.flush();
    this.table.finish();
    this.#sums.end();
  }

  /**
   * Of a capture that is read again: is the frame wanted packet by packet? `odd`: it isn't plain. Nothing is counted, and nothing is
   * kept of the frame.
   */
  look(frame: Frame): 'odd' | 'wanted' | 'known' {
    const { view, offset } = frame;
    if (view === undefined || offset === undefined || this.#oddFrames.has(frame.number)) return 'odd';
    const again = this.#again;
    again.count = 0;
    append(frame, view, offset, again);
    const point = this.#pointOf(again, 0);
    // The first reading found it plain: most are told by their ends alone.
    if (frame.linkType === ETHERNET && !this.table.mayBeWanted(view, offset, frame.captured, point))
      return 'known';
    const batch = this.#row;
    batch.count = 0;
    if (point < 0 || !this.decoder.one(again, 0, point, batch)) return 'odd';
    return this.table.isWanted(batch) ? 'wanted' : 'known';
  }

  /** The stretches that hold all packets that `look` doesn't say are known. */
  wantedStretches(): Uint8Array {
    return this.stretches.within(this.table.wantedSpans());
  }

  /** An end's address by the word that a record has of it. */
  addressOf(word: number, kind: number): Ip {
    return (kind & 256) === 0 ? word : this.decoder.addresses.address(word);
  }

  /** Index of a record's point, -1 when there are more than there is room for. */
  #pointOf({ view, linkType, interfaceName, offset, captured }: FrameColumns, i: number): number {
    const index =
      linkType === SLL2 && (captured[i] as number) >= 20
        ? view.getUint32((offset[i] as number) + 4)
        : undefined;
    const isThere = (point: PointStats) =>
      point.interfaceName === interfaceName && point.interfaceIndex === index && point.linkType === linkType;
    const last = this.points[this.#point];
    if (last && isThere(last)) return this.#point;
    const known = this.points.findIndex(isThere);
    if (known < 0 && this.points.length >= MOST_POINTS) return -1;
    this.#point = known < 0 ? this.points.length : known;
    if (known < 0) this.points.push(new PointStats(interfaceName, index, linkType));
    return this.#point;
  }

  #sum(record: number, side: number, packets: number, bits: number): void {
    const { records } = this.table;
    const { words } = records;
    const at = record * RECORD_WORDS;
    const low = words[at + RECORD.low] as number;
    const high = words[at + RECORD.high] as number;
    const kind = (words[at + RECORD.kind] as number) & ~255;
    this.#sums.add(
      side === 0 ? low : high,
      side === 0 ? high : low,
      (bits & ~255) >>> 0,
      kind >>> 0,
      packets,
    );
  }

  #tell(source: number, destination: number, bits: number, kind: number, packets: number): void {
    const macs = this.decoder.macs(bits >>> 16);
    const point = this.points[kind >>> 16] as PointStats;
    this.#options.onAlike({
      interfaceName: point.interfaceName,
      linkType: point.linkType,
      source: this.addressOf(source, kind),
      destination: this.addressOf(destination, kind),
      ttl: (bits >>> 8) & 255,
      etherSource: macs.source,
      etherDestination: macs.destination,
      packets,
    });
  }
}

/** The frame is the record after those that the columns have, of the same interface and in the same block. */
function follows(frame: Frame, columns: FrameColumns): boolean {
  return (
    frame.view === columns.view &&
    frame.number === columns.number + columns.count &&
    frame.linkType === columns.linkType &&
    frame.interfaceName === columns.interfaceName
  );
}

function append(frame: Frame, view: DataView, offset: number, columns: FrameColumns): void {
  const i = columns.count++;
  if (i === 0) {
    columns.view = view;
    columns.number = frame.number;
    columns.linkType = frame.linkType;
    columns.interfaceName = frame.interfaceName;
  }
  columns.offset[i] = offset;
  columns.captured[i] = frame.captured;
  columns.length[i] = frame.length;
  columns.seconds[i] = frame.seconds;
  columns.nanoseconds[i] = frame.nanoseconds;
}
