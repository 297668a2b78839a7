import { Bits } from '../base/bits.ts';
import type { Frame } from '../capture/frame.ts';
import { Stretches, type StretchesParts } from '../capture/stretches.ts';
import type { Ip } from '../net/ip.ts';
import { AddressTable, type AddressTableParts, MacPairs, type MacPairsParts } from './addresses.ts';
import { AlikeSums } from './alike.ts';
import { PlainDecoder } from './plain.ts';
import { PointStats, type PointStatsParts } from './point-stats.ts';
import { RECORD, RECORD_WORDS, SIDE } from './records.ts';
import { BATCH, Batch, MOST_POINTS, ROW, ROW_WORDS } from './row.ts';
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
  /** Told of everything that isn't plain, during the call for its frame. */
  readonly onOdd: (frame: Frame) => void;
  /** Told of the plain ones, many at once and in no particular order. */
  readonly onAlike: (alike: AlikePackets) => void;
  /** Conversations that are kept at most. */
  readonly most?: number;
}

/** The same as plain data, which threads hand to each other. */
export interface CaptureFlowsParts {
  readonly addresses: AddressTableParts;
  readonly pairs: MacPairsParts;
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
  readonly #batch = new Batch();
  readonly #sums = new AlikeSums((source, destination, bits, kind, packets) =>
    this.#tell(source, destination, bits, kind, packets),
  );
  #view: DataView | undefined;
  /** Of the packet before: most captures are of one interface. */
  #point = -1;
  readonly #options: CaptureFlowsOptions;

  constructor(options: CaptureFlowsOptions, known?: CaptureFlowsParts) {
    this.#options = options;
    this.decoder = known
      ? new PlainDecoder(AddressTable.of(known.addresses), MacPairs.of(known.pairs))
      : new PlainDecoder();
    this.table = known
      ? FlowTable.of(known.table)
      : new FlowTable((record, side, packets) => this.#sum(record, side, packets), options.most);
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
      pairs: this.decoder.pairs.parts(),
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
    const { view, offset } = frame;
    const batch = this.#batch;
    if (view !== undefined && offset !== undefined) {
      if (batch.count === BATCH || view !== this.#view) this.flush();
      this.#view = view;
      const point = this.#pointOf(frame, view, offset);
      if (point >= 0 && this.decoder.decode(frame, view, offset, point, batch)) return;
    }
    this.odd++;
    this.#oddFrames.add(frame.number);
    this.stretches.need();
    this.#options.onOdd(frame);
  }

  /** To be called before the reader's block is used again. */
  flush(): void {
    const batch = this.#batch;
    if (batch.count === 0 || !this.#view) return;
    this.plain += batch.count;
    this.#tellTimes(batch);
    for (let i = 0; i < batch.count; ) {
      const point = (batch.words[i * ROW_WORDS + ROW.kind] as number) >>> 16;
      i = (this.points[point] as PointStats).count(batch, i, point);
    }
    this.table.add(batch, this.#view);
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
    const batch = this.#batch;
    if (view === undefined || offset === undefined || this.#oddFrames.has(frame.number)) return 'odd';
    batch.count = 0;
    const point = this.#pointOf(frame, view, offset);
    // The first reading found it plain: most are told by their ends alone.
    if (frame.linkType === ETHERNET && !this.table.mayBeWanted(view, offset, frame.captured, point))
      return 'known';
    if (point < 0 || !this.decoder.decode(frame, view, offset, point, batch)) return 'odd';
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

  /** Index of the frame's point, -1 when there are more than there is room for. */
  #pointOf(frame: Frame, view: DataView, offset: number): number {
    const index = frame.linkType === SLL2 && frame.captured >= 20 ? view.getUint32(offset + 4) : undefined;
    const last = this.points[this.#point];
    if (
      last &&
      last.interfaceName === frame.interfaceName &&
      last.interfaceIndex === index &&
      last.linkType === frame.linkType
    )
      return this.#point;
    const known = this.points.findIndex(
      (point) =>
        point.interfaceName === frame.interfaceName &&
        point.interfaceIndex === index &&
        point.linkType === frame.linkType,
    );
    if (known < 0 && this.points.length >= MOST_POINTS) return -1;
    this.#point = known < 0 ? this.points.length : known;
    if (known < 0) this.points.push(new PointStats(frame.interfaceName, index, frame.linkType));
    return this.#point;
  }

  #sum(record: number, side: number, packets: number): void {
    const { records } = this.table;
    const { words } = records;
    const at = record * RECORD_WORDS;
    const low = words[at + RECORD.low] as number;
    const high = words[at + RECORD.high] as number;
    const bits = words[at + RECORD.sides + side * RECORD.sideWords + SIDE.bits] as number;
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
    const macs = this.decoder.pairs.macs(bits >>> 16);
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
