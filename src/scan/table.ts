import { COLUMNS } from '../capture/columns.ts';
import { compact, type GivenUp } from './compact.ts';
import { CHANGE_WORDS, FILTER_BYTES, type Kernel, SUM_WORDS } from './kernel.ts';
import type { Room } from './kernel-columns.ts';
import { MOST_RECORDS, RecordIndex } from './record-index.ts';
import { NOTE, RECORD, Records, type RecordsParts, SIDE } from './records.ts';
import { type Batch, kindOf, ROW, ROW_WORDS } from './row.ts';
import { Signatures, type SignaturesParts } from './signatures.ts';

const TCP = 6;
const UDP = 17;

/** EtherType 0800, and a header of version 4 and 20 bytes. */
const IPV4_PLAIN = 0x080045;

/** Bits of the filter less one. */
const FILTER = FILTER_BYTES * 8 - 1;

/** Told when a record's packets begin to come with another TTL or between other MACs: so many came as `bits` has it. */
export type ToldChange = (record: number, side: number, packets: number, bits: number) => void;

/** Told in the end of packets that nothing has been told of: so many of an end came as `bits` has it; `kind` with `SUM_OF`. */
export type Summed = (word: number, bits: number, kind: number, packets: number) => void;

/** A table as plain data. */
export interface FlowTableParts {
  readonly records: RecordsParts;
  readonly slots: Uint32Array;
  readonly seed: number;
  readonly signatures: SignaturesParts;
  readonly givenUp: GivenUp;
}

/** What a table begins with that goes on from another one's parts. */
interface Known extends Pick<FlowTable, 'records' | 'signatures' | 'givenUp'> {
  readonly slots: Uint32Array;
  readonly seed: number;
}

/**
 * Packets into records of what each capture point saw of each conversation, a batch at a time and step by step: the slots of all rows are
 * read, then their records, then those entered that aren't there yet, then all updated. What waits for memory waits together, and what
 * the processor can't foresee (which side, whether there are data) is reckoned without branches.
 */
export class FlowTable {
  /** None of a table that was handed over: nothing can be added to it. */
  readonly #kernel: Kernel | undefined;
  readonly records: Records;
  readonly index: RecordIndex;
  readonly signatures: Signatures;
  /** What had to make room for others. */
  readonly givenUp: GivenUp;
  /** Records that are wanted, and one bit for each hash of theirs. */
  wanted = 0;
  readonly filter = new Uint8Array(FILTER_BYTES);
  readonly #most: number;
  readonly #signing = { signing: 0, signingEnd: 0, signingNext: 0 };
  readonly #changed: ToldChange;
  readonly #summed: Summed;

  /** `most`: records that it makes at most. */
  constructor(
    kernel: Kernel | undefined,
    changed: ToldChange,
    summed: Summed,
    most = MOST_RECORDS,
    known?: Known,
  ) {
    this.#kernel = kernel;
    this.records = known?.records ?? new Records();
    this.index = new RecordIndex(
      this.records,
      known?.slots ?? kernel?.slots,
      undefined,
      known?.seed ?? kernel?.seed,
    );
    if (kernel) this.records.place(kernel.words, kernel.firsts);
    this.signatures = known?.signatures ?? new Signatures();
    this.givenUp = known?.givenUp ?? { conversations: 0, packets: 0, failing: 0 };
    this.#changed = changed;
    this.#summed = summed;
    this.#most = Math.max(2, Math.min(most, MOST_RECORDS));
  }

  /** Takes all rows of the kernel's batch and empties it. */
  add(): void {
    const { records } = this;
    const kernel = this.#kernel;
    if (!kernel || kernel.batch.count === 0) return;
    const { batch, run } = kernel;
    const { count } = batch;
    if (Number.isNaN(this.signatures.since)) {
      this.signatures.begin(batch.doubles[ROW.time >> 1] as number);
      run.setSince(this.signatures.since);
    }
    const missing = run.lookUp(count);
    if (records.count + missing <= this.#most) {
      this.#makeRoomFor(kernel, records.count + missing);
      run.enterMissing(missing);
      records.count = run.getRecords();
      this.#update(kernel, 0, count);
    } else {
      this.#makeRoomFor(kernel, this.#most);
      // Giving some up gives the others other numbers: row by row.
      for (let row = 0; row < count; row++) {
        if (records.count >= this.#most && this.#find(batch, row) < 0) {
          this.#giveUp();
          run.setRecords(records.count);
        }
        run.enter(row);
        records.count = run.getRecords();
        this.#update(kernel, row, row + 1);
      }
    }
    batch.count = 0;
  }

  /** The room for records that the kernel takes in by itself, and `passed` to be called then; false where more has to be done than that. */
  fill(room: Room): boolean {
    const { signatures } = this;
    const kernel = this.#kernel;
    if (!kernel || Number.isNaN(signatures.since)) return false;
    if (!signatures.hasRoom(COLUMNS, (words) => kernel.wordsMore(words))) return false;
    room.most = Math.min(kernel.capacity, this.#most);
    signatures.place(room);
    return true;
  }

  /** The kernel has taken in what its columns say. */
  passed(): void {
    const kernel = this.#kernel;
    if (!kernel) return;
    const { signed, conversations, changes } = kernel.columns;
    this.records.count = conversations;
    this.signatures.count += signed;
    this.#tellChanges(kernel, changes);
  }

  #makeRoomFor(kernel: Kernel, count: number): void {
    const { records, index } = this;
    if (count > kernel.capacity) kernel.grow(count, this.#most);
    if (records.words === kernel.words) return;
    records.place(kernel.words, kernel.firsts);
    index.place(kernel.slots);
  }

  /** Of a row: the number of its record, -1 when it has none. */
  #find({ words }: Batch, row: number): number {
    const at = row * ROW_WORDS;
    return this.index.find(
      words[at + ROW.hash] as number,
      words[at + ROW.low] as number,
      words[at + ROW.high] as number,
      words[at + ROW.ports] as number,
      words[at + ROW.kind] as number,
    );
  }

  /** Of a capture that has been read: no packet can be added to what `of` makes of it. */
  parts(): FlowTableParts {
    return {
      records: this.records.parts(),
      slots: this.index.slots,
      seed: this.index.seed,
      signatures: this.signatures.parts(),
      givenUp: this.givenUp,
    };
  }

  static of({ records, slots, seed, signatures, givenUp }: FlowTableParts): FlowTable {
    const untold = () => {};
    return new FlowTable(undefined, untold, untold, MOST_RECORDS, {
      records: Records.of(records),
      signatures: Signatures.of(signatures),
      slots,
      seed,
      givenUp,
    });
  }

  #giveUp(): void {
    const { conversations, packets, failing } = compact(this.records, this.index, this.signatures, (record) =>
      this.#tellAll(record),
    );
    this.givenUp.conversations += conversations;
    this.givenUp.packets += packets;
    this.givenUp.failing += failing;
  }

  #tellAll(record: number): void {
    const { records } = this;
    for (let side = 0; side < 2; side++) {
      const packets = records.side(record, side, SIDE.packets) - records.told(record, side);
      if (packets > 0) this.#changed(record, side, packets, records.side(record, side, SIDE.bits));
    }
  }

  /** From now on `isWanted` says so of its packets. */
  want(record: number): void {
    const { records } = this;
    records.note(record, NOTE.wanted);
    const hash = this.index.hash(
      records.word(record, RECORD.low),
      records.word(record, RECORD.high),
      records.word(record, RECORD.ports),
      records.word(record, RECORD.kind),
    );
    this.filter[(hash & FILTER) >>> 3] = (this.filter[(hash & FILTER) >>> 3] as number) | (1 << (hash & 7));
    this.wanted++;
  }

  /** From when to when packets of wanted records came: begin and end of each span in turn, epoch seconds, in order and apart. */
  wantedSpans(): Float64Array {
    const { records } = this;
    const spans: [number, number][] = [];
    for (let record = 0; record < records.count; record++) {
      if ((records.word(record, RECORD.notes) & NOTE.wanted) !== 0)
        spans.push([records.first(record), records.last(record)]);
    }
    spans.sort(([one], [other]) => one - other);
    const merged: number[] = [];
    for (const [from, to] of spans) {
      const end = merged.at(-1);
      if (end !== undefined && from <= end) merged[merged.length - 1] = Math.max(end, to);
      else merged.push(from, to);
    }
    return Float64Array.from(merged);
  }

  /**
   * Can it be a packet of a wanted record? `offset`: where a plain Ethernet frame begins. True unless it is IPv4 without options and
   * its ends say no; whoever gets true looks again.
   */
  mayBeWanted(view: DataView, offset: number, captured: number, point: number): boolean {
    if (captured < 38 || view.getUint32(offset + 12) >>> 8 !== IPV4_PLAIN) return true;
    const protocol = view.getUint8(offset + 23);
    if (protocol !== TCP && protocol !== UDP) return true;
    const source = view.getUint32(offset + 26);
    const destination = view.getUint32(offset + 30);
    const ports = view.getUint32(offset + 34);
    const from = ports >>> 16;
    const to = ports & 0xffff;
    const isLow = source < destination || (source === destination && from <= to);
    return this.#isInFilter(
      isLow
        ? this.index.hash(source, destination, ports, kindOf(protocol, false, point))
        : this.index.hash(destination, source, ((to << 16) | from) >>> 0, kindOf(protocol, false, point)),
    );
  }

  /** Mostly it isn't, and that is told without going to the record. */
  #isInFilter(hash: number): boolean {
    return (((this.filter[(hash & FILTER) >>> 3] as number) >> (hash & 7)) & 1) !== 0;
  }

  /** Is the packet in a batch's only row of a record that is wanted? */
  isWanted(batch: Batch): boolean {
    if (!this.#isInFilter(batch.words[ROW.hash] as number)) return false;
    const number = this.#find(batch, 0);
    return number >= 0 && (this.records.word(number, RECORD.notes) & NOTE.wanted) !== 0;
  }

  /** Tells of the packets that nothing has been told of yet. The block is written over. */
  finish(): void {
    const kernel = this.#kernel;
    if (!kernel) return;
    const { run, sums, oneByOne } = kernel;
    const doubles = new Float64Array(sums.buffer, sums.byteOffset, sums.length / 2);
    for (let number = 0; number < this.records.count; ) {
      number = run.sumUp(number);
      const end = run.getSums() * SUM_WORDS;
      for (let at = 0; at < end; at += SUM_WORDS)
        this.#summed(
          sums[at] as number,
          sums[at + 1] as number,
          sums[at + 2] as number,
          doubles[(at + 4) >> 1] as number,
        );
      const listed = run.getOneByOne();
      for (let i = 0; i < listed; i++) this.#tellAll(oneByOne[i] as number);
    }
  }

  /** Counts rows for their records. */
  #update(kernel: Kernel, from: number, to: number): void {
    this.#updateAndSign(kernel, from, to);
    this.#tellChanges(kernel, kernel.run.getChanged());
  }

  #tellChanges(kernel: Kernel, changes: number): void {
    const { records } = this;
    const { changed } = kernel;
    for (let at = 0; at < changes * CHANGE_WORDS; at += CHANGE_WORDS) {
      const record = (changed[at] as number) >>> 1;
      const side = (changed[at] as number) & 1;
      const packets = changed[at + 1] as number;
      this.#changed(record, side, packets - records.told(record, side), changed[at + 2] as number);
      records.setTold(record, side, packets);
    }
  }

  /** Signatures lie in the kernel's memory, and stay there. Those that it has no addresses for (four gigabytes of a capture's) are none. */
  #updateAndSign(kernel: Kernel, from: number, to: number): void {
    const { signatures } = this;
    const { run, scratch } = kernel;
    const room = this.#signing;
    if (!signatures.hasRoom(to - from, (words) => kernel.wordsMore(words))) {
      run.update(from, to, scratch.byteOffset, scratch.byteOffset, scratch.byteOffset);
      return;
    }
    signatures.place(room);
    signatures.count += run.update(from, to, room.signing, room.signingEnd, room.signingNext);
  }
}
