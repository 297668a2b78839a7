import { Bits } from '../base/bits.ts';
import { COLUMNS, FrameColumns } from '../capture/columns.ts';
import { BlockFrame, type Frame } from '../capture/frame.ts';
import { Stretches, type StretchesParts } from '../capture/stretches.ts';
import type { Ip } from '../net/ip.ts';
import { AddressTable, type AddressTableParts } from './addresses.ts';
import { AlikeSums } from './alike.ts';
import { Kernel, SUM_OF } from './kernel.ts';
import type { Room } from './kernel-columns.ts';
import { MacSides } from './macs.ts';
import { LOOKED_INTO, PlainDecoder } from './plain.ts';
import { PointStats, type PointStatsParts } from './point-stats.ts';
import { RECORD, RECORD_WORDS } from './records.ts';
import { Batch, kindOf, MOST_POINTS, ROW_WORDS } from './row.ts';
import { FlowTable, type FlowTableParts } from './table.ts';

const ETHERNET = 1;
const SLL2 = 276;

/** Packets that came to a point from one address of one station (as far as the header tells) with one TTL. */
export interface SentPackets {
  readonly interfaceName: string | undefined;
  readonly linkType: number;
  readonly source: Ip;
  readonly ttl: number;
  readonly etherSource: number | undefined;
  readonly packets: number;
}

/** Packets that a point saw go to one address at one station. */
export interface ReceivedPackets {
  readonly interfaceName: string | undefined;
  readonly destination: Ip;
  readonly etherDestination: number | undefined;
  readonly packets: number;
}

export interface CaptureFlowsOptions {
  /** Told of everything that isn't plain, in the file's order. */
  readonly onOdd: (frame: Frame) => void;
  /** Told of the plain ones, of each both ways, many at once and in no particular order. */
  readonly onSent: (sent: SentPackets) => void;
  readonly onReceived: (received: ReceivedPackets) => void;
  /** Conversations that are kept at most. */
  readonly most?: number;
  /** Records are as the reader found them when they are given: plain ones may be taken in without being given (`FrameColumns.pass`). */
  readonly isDirect?: boolean;
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

/** For whom records are all. */
export const UNTOLD: CaptureFlowsOptions = { onOdd: () => {}, onSent: () => {}, onReceived: () => {} };

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
  /** What a second reading is done with. */
  #sieve: Kernel | undefined;
  /** Of one packet that is looked at again. */
  readonly #row = new Batch(new Uint32Array(ROW_WORDS));
  readonly #macSides: MacSides;
  /** By the source's word, a side's TTL and MACs, and a kind; by the destination's word, MACs and a kind. Of the MACs their own side counts. */
  readonly #sent = new AlikeSums((source, bits, kind, packets) =>
    this.#tellSent(source, bits, kind, packets),
  );
  readonly #received = new AlikeSums((destination, pair, kind, packets) =>
    this.#tellReceived(destination, pair, kind, packets),
  );
  /** Frames that were given one by one, and the record of one that is read again. */
  readonly #given = new FrameColumns();
  readonly #again = new FrameColumns();
  readonly #frame = new BlockFrame();
  /** Of the packet before: most captures are of one interface. */
  #point = -1;
  /** The columns before had packets that the kernel doesn't read, and so will the next ones: they are handed out. */
  #hadOthers = false;
  readonly #options: CaptureFlowsOptions;

  constructor(options: CaptureFlowsOptions, known?: CaptureFlowsParts) {
    this.#options = options;
    this.#kernel = known ? undefined : new Kernel(LOOKED_INTO);
    if (this.#kernel && options.isDirect)
      this.#kernel.columns.roomFor = (columns, room) => this.#roomFor(columns, room);
    this.#macSides = new MacSides(this.#kernel?.macWords ?? new Uint32Array());
    this.decoder = new PlainDecoder(
      this.#kernel,
      known && AddressTable.of(known.addresses),
      known?.table.seed,
    );
    this.table = known
      ? FlowTable.of(known.table)
      : new FlowTable(
          this.#kernel,
          (record, side, packets, bits) => this.#sum(record, side, packets, bits),
          (word, bits, kind, packets) => this.#addSum(word, bits, kind, packets),
          options.most,
        );
    this.points = known?.points.map((point) => new PointStats(point)) ?? [];
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
    return new CaptureFlows(UNTOLD, parts);
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
    const given = this.#given;
    if (given.count === 0) return;
    given.reckon();
    this.addColumns(given);
    given.count = 0;
  }

  /** Those that the reader had best fill. */
  get columns(): FrameColumns | undefined {
    return this.#kernel?.columns;
  }

  /** Records whose times are set. */
  addColumns(columns: FrameColumns): void {
    const kernel = this.#kernel;
    if (!kernel || columns.count === 0) return;
    this.stretches.timed(columns.time(columns.earliest), columns.time(columns.latest));
    if (columns.isPassed) {
      this.plain += columns.count;
      this.table.passed();
      return;
    }
    const { others } = this.decoder;
    for (let from = 0; from < columns.count; ) {
      const to = kernel.takeIn(columns, from);
      this.#addRecords(kernel, columns, from, to);
      from = to;
    }
    this.#hadOthers = this.decoder.others > others;
  }

  /** For the kernel to take in by itself what comes next; false when it is likely to meet something that it doesn't read. */
  #roomFor({ linkType, interfaceName }: FrameColumns, room: Room): boolean {
    const point = this.points[this.#point];
    if (this.#hadOthers || linkType !== ETHERNET || point?.linkType !== ETHERNET) return false;
    if (point.interfaceName !== interfaceName || point.interfaceIndex !== undefined) return false;
    room.known = kindOf(0, false, this.#point);
    return this.table.fill(room);
  }

  #addRecords(kernel: Kernel, columns: FrameColumns, from: number, end: number): void {
    const { batch } = kernel;
    for (let i = from; i < end; ) {
      // The point of cooked packets stands in their own headers.
      const to = columns.linkType === SLL2 ? i + 1 : end;
      const point = this.#pointOf(columns, i);
      if (point >= 0) i = this.decoder.decode(kernel, columns, i, to, point);
      if (i < to) this.#addOdd(columns.frame(i++, this.#frame));
    }
    this.plain += batch.count;
    kernel.run.tally(batch.count);
    this.table.add();
  }

  #addOdd(frame: Frame): void {
    this.odd++;
    this.#oddFrames.add(frame.number);
    this.stretches.need();
    this.#options.onOdd(frame);
  }

  /** When all has been read. */
  end(): void {
    this.flush();
    this.table.finish();
    this.#sent.end();
    this.#received.end();
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

  /** Those that a reader had best fill that reads the capture again, for `lookThrough`. */
  columnsAgain(): FrameColumns {
    this.#sieve ??= this.#kernel ?? new Kernel(LOOKED_INTO, this.table.index.seed);
    this.#sieve.columns.roomFor = undefined;
    this.#sieve.wanted.set(this.table.filter);
    return this.#sieve.columns;
  }

  /** What `look` says of each record; `tell` is called with the frames that aren't known, in their order. */
  lookThrough(columns: FrameColumns, tell: (frame: Frame) => void): void {
    const kernel = this.#sieve;
    const { count, linkType, number } = columns;
    const point = kernel && linkType === ETHERNET ? this.#pointOf(columns, 0) : -1;
    const lookAt = (index: number) => {
      const frame = columns.frame(index, this.#frame);
      if (this.look(frame) !== 'known') tell(frame);
    };
    if (!kernel || point < 0) {
      for (let i = 0; i < count; i++) lookAt(i);
      return;
    }
    const marks = this.#oddFrames.words.subarray(number >>> 5, (number + count + 31) >>> 5);
    kernel.anyway.fill(0);
    kernel.anyway.set(marks);
    for (let from = 0; from < count; ) {
      const to = kernel.takeIn(columns, from);
      const found = kernel.run.sift(from, to, kindOf(0, false, point), kernel.base, number & 31);
      for (let i = 0; i < found; i++) lookAt(kernel.sifted[i] as number);
      from = to;
    }
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
    const counts = known < 0 && this.#kernel?.countsOf(this.#point);
    if (counts)
      this.points.push(PointStats.begin({ interfaceName, interfaceIndex: index, linkType, counts }));
    return this.#point;
  }

  #sum(record: number, side: number, packets: number, bits: number): void {
    const { records } = this.table;
    const { words } = records;
    const at = record * RECORD_WORDS;
    const low = words[at + RECORD.low] as number;
    const high = words[at + RECORD.high] as number;
    const kind = (words[at + RECORD.kind] as number) & ~255;
    this.#addSum(side === 0 ? low : high, bits, kind | SUM_OF.sent, packets);
    this.#addSum(side === 0 ? high : low, bits, kind | SUM_OF.received, packets);
  }

  #addSum(word: number, bits: number, kind: number, packets: number): void {
    const sides = this.#macSides;
    const pair = bits >>> 16;
    const own = (kind & ~255) >>> 0;
    if ((kind & SUM_OF.sent) === 0) this.#received.add(word, sides.receiver(pair), own, packets);
    else this.#sent.add(word, ((sides.sender(pair) << 16) | (bits & 0xff00)) >>> 0, own, packets);
  }

  #tellSent(source: number, bits: number, kind: number, packets: number): void {
    const { interfaceName, linkType } = this.points[kind >>> 16] as PointStats;
    const etherSource = this.decoder.macs(bits >>> 16).source;
    const ttl = (bits >>> 8) & 255;
    this.#options.onSent({
      interfaceName,
      linkType,
      source: this.addressOf(source, kind),
      ttl,
      etherSource,
      packets,
    });
  }

  #tellReceived(word: number, pair: number, kind: number, packets: number): void {
    const { interfaceName } = this.points[kind >>> 16] as PointStats;
    const etherDestination = this.decoder.macs(pair).destination;
    this.#options.onReceived({
      interfaceName,
      destination: this.addressOf(word, kind),
      etherDestination,
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
