import { compact, type GivenUp } from './compact.ts';
import { hashOf, MOST_RECORDS, RecordIndex } from './record-index.ts';
import {
  HAS_DATA,
  NOTE,
  RECORD,
  RECORD_WORDS,
  Records,
  type RecordsParts,
  SIDE,
  SYN_ACK_ONE,
  SYN_ONE,
} from './records.ts';
import { BATCH, type Batch, kindOf, MARK, ROW, ROW_WORDS } from './row.ts';
import { Signatures, type SignaturesParts } from './signatures.ts';

const SYN = 2;
const ACK = 16;
const TCP = 6;
const UDP = 17;

/** EtherType 0800, and a header of version 4 and 20 bytes. */
const IPV4_PLAIN = 0x080045;

/** Bits of the filter less one: 32 KB, so that it stays in the first cache. */
const FILTER = (1 << 18) - 1;

/** Told when a record's packets begin to come with another TTL or between other MACs: so many came as they did. */
export type ToldChange = (record: number, side: number, packets: number) => void;

/** A table as plain data. */
export interface FlowTableParts {
  readonly records: RecordsParts;
  readonly slots: Uint32Array<ArrayBuffer>;
  readonly signatures: SignaturesParts;
  readonly givenUp: GivenUp;
}

/** What a table begins with that goes on from another one's parts. */
interface Known extends Pick<FlowTable, 'records' | 'signatures' | 'givenUp'> {
  readonly slots: Uint32Array<ArrayBuffer>;
}

/**
 * Packets into records of what each capture point saw of each conversation, a batch at a time and step by step: the slots of all rows are
 * read, then their records, then those entered that aren't there yet, then all updated. What waits for memory waits together, and what
 * the processor can't foresee (which side, whether there are data) is reckoned without branches.
 */
export class FlowTable {
  readonly records: Records;
  readonly index: RecordIndex;
  readonly signatures: Signatures;
  /** What had to make room for others. */
  readonly givenUp: GivenUp;
  /** Records that are wanted, and one bit for each hash of theirs. */
  wanted = 0;
  readonly #wanted = new Uint8Array((FILTER + 1) >> 3);
  readonly #most: number;
  readonly #changed: ToldChange;
  readonly #slots = new Uint32Array(BATCH);
  /** The batch's records; of rows that have none any number. */
  readonly #numbers = new Int32Array(BATCH);
  /** Rows without a record, and rows to be signed; of each row its record << 1 | side. */
  readonly #missing = new Uint16Array(BATCH);
  readonly #signed = new Uint16Array(BATCH);
  readonly #sent = new Uint32Array(BATCH);

  /** `most`: records that it makes at most. */
  constructor(changed: ToldChange, most = MOST_RECORDS, known?: Known) {
    this.records = known?.records ?? new Records();
    this.index = new RecordIndex(this.records, known?.slots);
    this.signatures = known?.signatures ?? new Signatures();
    this.givenUp = known?.givenUp ?? { conversations: 0, packets: 0, failing: 0 };
    this.#changed = changed;
    this.#most = Math.max(2, Math.min(most, MOST_RECORDS));
  }

  /** Takes all rows and empties the batch. `view`: that which the rows' offsets are in. */
  add(batch: Batch, view: DataView): void {
    const { count } = batch;
    const missing = this.#lookUp(batch);
    if (this.records.count + missing <= this.#most) {
      for (let i = 0; i < missing; i++) this.#enter(batch, this.#missing[i] as number);
      this.#update(batch, 0, count, view);
    } else {
      // Making room gives records other numbers: row by row.
      for (let row = 0; row < count; row++) {
        this.#enter(batch, row);
        this.#update(batch, row, row + 1, view);
      }
    }
    batch.count = 0;
  }

  /** Of a capture that has been read: no packet can be added to what `of` makes of it. */
  parts(): FlowTableParts {
    return {
      records: this.records.parts(),
      slots: this.index.slots,
      signatures: this.signatures.parts(),
      givenUp: this.givenUp,
    };
  }

  static of({ records, slots, signatures, givenUp }: FlowTableParts): FlowTable {
    return new FlowTable(() => {}, MOST_RECORDS, {
      records: Records.of(records),
      signatures: Signatures.of(signatures),
      slots,
      givenUp,
    });
  }

  #makeRoom(): void {
    const { conversations, packets, failing } = compact(this.records, this.index, this.signatures, (record) =>
      this.#tellAll(record),
    );
    this.givenUp.conversations += conversations;
    this.givenUp.packets += packets;
    this.givenUp.failing += failing;
  }

  #tellAll(record: number): void {
    for (let side = 0; side < 2; side++) {
      const packets = this.records.side(record, side, SIDE.packets) - this.records.told(record, side);
      if (packets > 0) this.#changed(record, side, packets);
    }
  }

  /** Finds or makes the record of a row that had none when the batch was looked up. */
  #enter({ words, doubles }: Batch, row: number): void {
    const { records } = this;
    const at = row * ROW_WORDS;
    const low = words[at + ROW.low] as number;
    const high = words[at + ROW.high] as number;
    const ports = words[at + ROW.ports] as number;
    const kind = words[at + ROW.kind] as number;
    const hash = words[at + ROW.hash] as number;
    let number = this.index.find(hash, low, high, ports, kind);
    if (number < 0) {
      if (records.count >= this.#most) this.#makeRoom();
      number = records.add();
      const base = number * RECORD_WORDS;
      const own = records.words;
      own[base + RECORD.low] = low;
      own[base + RECORD.high] = high;
      own[base + RECORD.ports] = ports;
      own[base + RECORD.kind] = kind;
      own[base + RECORD.notes] = ((words[at + ROW.bits] as number) & HIGH) === 0 ? 0 : NOTE.highFirst;
      const time = doubles[(at + ROW.time) >> 1] as number;
      records.firsts[number] = time;
      records.doubles[(base + RECORD.last) >> 1] = time;
      this.index.insert(hash, number);
    }
    this.#numbers[row] = number;
  }

  /** Numbers of the batch's records; gives how many rows are missing one. Nothing is changed. */
  #lookUp({ words, count }: Batch): number {
    const slots = this.#slots;
    const numbers = this.#numbers;
    const { slots: index } = this.index;
    const mask = index.length - 1;
    // Without branches that hang on it, so that many slots are waited for at once.
    for (let i = 0; i < count; i++)
      slots[i] = index[(words[i * ROW_WORDS + ROW.hash] as number) & mask] as number;
    for (let i = 0; i < count; i++) {
      const hash = words[i * ROW_WORDS + ROW.hash] as number;
      let slot = slots[i] as number;
      for (let at = hash & mask; slot !== 0 && (slot ^ hash) >>> 24 !== 0; ) {
        at = (at + 1) & mask;
        slot = index[at] as number;
      }
      // Where there is none, the first record's key will differ.
      const number = (slot & 0xffffff) - 1;
      numbers[i] = number & ~(number >> 31);
    }
    const own = this.records.words;
    const missing = this.#missing;
    let found = 0;
    for (let i = 0; i < count; i++) {
      const row = i * ROW_WORDS;
      const base = (numbers[i] as number) * RECORD_WORDS;
      const differs =
        ((own[base + RECORD.low] as number) ^ (words[row + ROW.low] as number)) |
        ((own[base + RECORD.high] as number) ^ (words[row + ROW.high] as number)) |
        ((own[base + RECORD.ports] as number) ^ (words[row + ROW.ports] as number)) |
        ((own[base + RECORD.kind] as number) ^ (words[row + ROW.kind] as number));
      // Equal tags, other keys are among them: whoever enters looks again.
      missing[found] = i;
      found += (differs | -differs) >>> 31;
    }
    return found;
  }

  /** From now on `isWanted` says so of its packets. */
  want(record: number): void {
    const { records } = this;
    records.note(record, NOTE.wanted);
    const hash = hashOf(
      records.word(record, RECORD.low),
      records.word(record, RECORD.high),
      records.word(record, RECORD.ports),
      records.word(record, RECORD.kind),
    );
    this.#wanted[(hash & FILTER) >>> 3] = (this.#wanted[(hash & FILTER) >>> 3] as number) | (1 << (hash & 7));
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
        ? hashOf(source, destination, ports, kindOf(protocol, false, point))
        : hashOf(destination, source, ((to << 16) | from) >>> 0, kindOf(protocol, false, point)),
    );
  }

  /** Mostly it isn't, and that is told without going to the record. */
  #isInFilter(hash: number): boolean {
    return (((this.#wanted[(hash & FILTER) >>> 3] as number) >> (hash & 7)) & 1) !== 0;
  }

  /** Is the packet in the batch's only row of a record that is wanted? */
  isWanted(batch: Batch): boolean {
    const { words } = batch;
    const hash = words[ROW.hash] as number;
    if (!this.#isInFilter(hash)) return false;
    const number = this.index.find(
      hash,
      words[ROW.low] as number,
      words[ROW.high] as number,
      words[ROW.ports] as number,
      words[ROW.kind] as number,
    );
    return number >= 0 && (this.records.word(number, RECORD.notes) & NOTE.wanted) !== 0;
  }

  /** Tells of the packets that nothing has been told of yet. */
  finish(): void {
    for (let number = 0; number < this.records.count; number++) this.#tellAll(number);
  }

  /** Counts rows for their records, and signs those of them that are to be signed. */
  #update(batch: Batch, from: number, to: number, view: DataView): void {
    const { words, doubles: times } = batch;
    const { words: own, doubles: lasts, firsts } = this.records;
    const numbers = this.#numbers;
    const signed = this.#signed;
    const sent = this.#sent;
    let signing = 0;
    for (let i = from; i < to; i++) {
      const row = i * ROW_WORDS;
      const number = numbers[i] as number;
      const base = number * RECORD_WORDS;
      const bits = words[row + ROW.bits] as number;
      const side = (bits >>> 16) & MARK.high;
      const at = base + RECORD.sides + side * RECORD.sideWords;
      const time = times[(row + ROW.time) >> 1] as number;
      const last = (base + RECORD.last) >> 1;
      if (time >= (lasts[last] as number)) lasts[last] = time;
      else if (time < (firsts[number] as number)) firsts[number] = time;

      const packets = own[at + SIDE.packets] as number;
      own[at + SIDE.packets] = packets + 1;
      let notes = own[base + RECORD.notes] as number;
      const came = (bits & 0xff00) | ((words[row + ROW.macs] as number) << 16);
      const before = own[at + SIDE.bits] as number;
      if (((before ^ came) & ~255) !== 0 && packets > 0) {
        this.#tellChange(number, side, packets);
        notes = own[base + RECORD.notes] as number;
        if ((before & 0xff00) > (bits & 0xff00)) notes |= NOTE.ttlFell;
      }
      own[at + SIDE.bits] = came | ((before | bits) & 255);

      let rows = own[at + SIDE.rows] as number;
      rows |= -(words[row + ROW.payload] as number) & HAS_DATA;
      const sequence = own[at + SIDE.sequence] as number;
      // Of segments, which is a mask: how the sequence number differs from that of the one before.
      const segment = -((bits >>> SEGMENT_SHIFT) & 1);
      const differs = (sequence ^ (words[row + ROW.sequence] as number)) & segment;
      own[at + SIDE.sequence] = sequence ^ differs;
      rows &= ~(((differs | -differs) >> 31) & REPEATS);
      if (differs === 0 && segment !== 0 && (rows & REPEATS) !== REPEATS) rows += REPEAT_ONE;
      if ((bits & NOTEWORTHY) !== 0) notes = noteRow(notes, bits);

      // How long the other side has been silent.
      const same = (((notes >>> HIGH_LAST_SHIFT) ^ side) & 1) - 1;
      const current = (rows & 255 & same) + 1;
      own[at + SIDE.rows] = (rows & ~255) | (current - (current >>> 8));
      own[base + RECORD.notes] = (notes & ~NOTE.highLast) | (side << HIGH_LAST_SHIFT);

      sent[i] = (number << 1) | side;
      signed[signing] = i;
      signing += ((bits >>> SAMPLED_SHIFT) & 1) | (((packets | -packets) >>> 31) ^ 1);
    }
    this.signatures.add(batch, signed, signing, sent, view);
  }

  /** So many of a side's packets came alike; the next one comes otherwise. */
  #tellChange(number: number, side: number, packets: number): void {
    this.#changed(number, side, packets - this.records.told(number, side));
    this.records.setTold(number, side, packets);
  }
}

const HIGH = MARK.high << 16;
const SEGMENT_SHIFT = 21;
const SAMPLED_SHIFT = 22;
const HIGH_LAST_SHIFT = 6;

/** `repeats` in a side's `rows`. */
const REPEATS = 0xff0000 & ~HAS_DATA;
const REPEAT_ONE = 0x10000;

/** What few rows have, and is worth a note. */
const NOTEWORTHY = SYN | ((MARK.nameError | MARK.echo) << 16);

/** Only TCP has flags, only others have these marks. */
function noteRow(notes: number, bits: number): number {
  const marks = bits >>> 16;
  const high = (marks & MARK.high) !== 0;
  if ((bits & SYN) !== 0) return noteSyn(notes, high, (bits & ACK) !== 0);
  let noted = notes;
  if ((marks & MARK.nameError) !== 0) noted |= NOTE.nameError;
  if ((marks & MARK.echo) !== 0 && (noted & NOTE.certain) === 0) {
    noted |= NOTE.certain | (high === ((marks & MARK.echoRequest) !== 0) ? NOTE.highBegan : 0);
  }
  return noted;
}

/** Who began is certain after a SYN. */
function noteSyn(notes: number, high: boolean, answer: boolean): number {
  let noted = notes;
  if ((noted & NOTE.certain) === 0) noted |= NOTE.certain | (high !== answer ? NOTE.highBegan : 0);
  const one = answer ? SYN_ACK_ONE : SYN_ONE;
  const count = (noted >>> (answer ? 24 : 16)) & 255;
  return count === 255 ? noted : noted + one;
}
