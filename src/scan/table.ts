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
 * Packets into records of what each capture point saw of each conversation. Keys of a whole batch are made, then its slots read, then its
 * records updated: what waits for memory waits together.
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
  /** Of each row: its hash, its key's ends and ports, and which end sent it. */
  readonly #hash = new Uint32Array(BATCH);
  readonly #low = new Uint32Array(BATCH);
  readonly #high = new Uint32Array(BATCH);
  readonly #ports = new Uint32Array(BATCH);
  readonly #side = new Uint8Array(BATCH);
  readonly #slot = new Uint32Array(BATCH);
  readonly #numbers = new Int32Array(BATCH);
  /** Records got other numbers since the batch was looked up. */
  #stale = false;

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
    const { count, words, doubles } = batch;
    this.lookUp(batch, this.#numbers);
    const numbers = this.#numbers;
    const sides = this.#side;
    for (let i = 0; i < count; i++) {
      const row = i * ROW_WORDS;
      let number = numbers[i] as number;
      if (number < 0 || this.#stale) number = this.#enter(words, i, doubles);
      const side = sides[i] as number;
      const base = number * RECORD_WORDS;
      this.#update(this.records.words, base, this.records.doubles, words, doubles, row, side, number);
      const packets = this.records.words[
        base + RECORD.sides + side * RECORD.sideWords + SIDE.packets
      ] as number;
      if (packets <= SIGNED || isSampled(words, row)) this.signatures.add(batch, row, view, number, side);
    }
    batch.count = 0;
    this.#stale = false;
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
    for (const side of [0, 1]) {
      const packets = this.records.tell(record, side, this.records.side(record, side, SIDE.packets));
      if (packets > 0) this.#changed(record, side, packets);
    }
  }

  /** The record of a row that had none when the batch was looked up. */
  #enter(words: Uint32Array, i: number, doubles: Float64Array): number {
    const { records } = this;
    const kind = words[i * ROW_WORDS + ROW.kind] as number;
    const hash = this.#hash[i] as number;
    const low = this.#low[i] as number;
    const high = this.#high[i] as number;
    const ports = this.#ports[i] as number;
    const known = this.index.find(hash, low, high, ports, kind);
    if (known >= 0) return known;
    if (records.count >= this.#most) {
      this.#makeRoom();
      // The batch's numbers are those of before.
      this.#stale = true;
    }
    const number = records.add();
    const base = number * RECORD_WORDS;
    const own = records.words;
    own[base + RECORD.low] = low;
    own[base + RECORD.high] = high;
    own[base + RECORD.ports] = ports;
    own[base + RECORD.kind] = kind;
    own[base + RECORD.notes] = this.#side[i] === 1 ? NOTE.highFirst : 0;
    const time = doubles[(i * ROW_WORDS + ROW.time) >> 1] as number;
    records.setFirst(number, time);
    records.doubles[(base + RECORD.last) >> 1] = time;
    this.index.insert(hash, number);
    return number;
  }

  /** Numbers of the batch's records, -1 for those that it has none of; nothing is changed. */
  lookUp(batch: Batch, numbers: Int32Array): void {
    const { count, words } = batch;
    this.#keys(words, count);
    const hashes = this.#hash;
    const slots = this.#slot;
    const { slots: index } = this.index;
    const mask = index.length - 1;
    // Short loops: the processor waits for many slots, then for many records, at once.
    for (let i = 0; i < count; i++) {
      const hash = hashes[i] as number;
      let at = hash & mask;
      let slot = index[at] as number;
      while (slot !== 0 && (slot ^ hash) >>> 24 !== 0) {
        at = (at + 1) & mask;
        slot = index[at] as number;
      }
      slots[i] = slot;
    }
    const own = this.records.words;
    const lows = this.#low;
    const ports = this.#ports;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      const number = (slot & 0xffffff) - 1;
      const at = number * RECORD_WORDS;
      numbers[i] =
        slot !== 0 && own[at + RECORD.ports] === ports[i] && own[at + RECORD.low] === lows[i] ? number : -1;
    }
    for (let i = 0; i < count; i++) {
      const kind = words[i * ROW_WORDS + ROW.kind] as number;
      const high = this.#high[i] as number;
      const at = (numbers[i] as number) * RECORD_WORDS;
      if (at >= 0 && own[at + RECORD.high] === high && own[at + RECORD.kind] === kind) continue;
      numbers[i] = this.index.find(hashes[i] as number, lows[i] as number, high, ports[i] as number, kind);
    }
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
    this.#keys(batch.words, 1);
    if (!this.#isInFilter(this.#hash[0] as number)) return false;
    this.lookUp(batch, this.#numbers);
    const number = this.#numbers[0] as number;
    return number >= 0 && (this.records.word(number, RECORD.notes) & NOTE.wanted) !== 0;
  }

  /** Tells of the packets that nothing has been told of yet. */
  finish(): void {
    for (let number = 0; number < this.records.count; number++) this.#tellAll(number);
  }

  #keys(words: Uint32Array, count: number): void {
    const hashes = this.#hash;
    const lows = this.#low;
    const highs = this.#high;
    const pairs = this.#ports;
    const sides = this.#side;
    for (let i = 0; i < count; i++) {
      const row = i * ROW_WORDS;
      const source = words[row + ROW.source] as number;
      const destination = words[row + ROW.destination] as number;
      const ports = words[row + ROW.ports] as number;
      const sourcePort = ports >>> 16;
      const destinationPort = ports & 0xffff;
      const isLow = source < destination || (source === destination && sourcePort <= destinationPort);
      const low = isLow ? source : destination;
      const high = isLow ? destination : source;
      const ordered = isLow ? ports : ((destinationPort << 16) | sourcePort) >>> 0;
      const hash = hashOf(low, high, ordered, words[row + ROW.kind] as number);
      lows[i] = low;
      highs[i] = high;
      pairs[i] = ordered;
      sides[i] = isLow ? 0 : 1;
      hashes[i] = hash;
    }
  }

  #update(
    segment: Uint32Array,
    base: number,
    doubles: Float64Array,
    words: Uint32Array,
    rowDoubles: Float64Array,
    row: number,
    side: number,
    number: number,
  ): void {
    const at = base + RECORD.sides + side * RECORD.sideWords;
    const last = (base + RECORD.last) >> 1;
    const time = rowDoubles[(row + ROW.time) >> 1] as number;
    if (time >= (doubles[last] as number)) doubles[last] = time;
    else if (time < this.records.first(number)) this.records.setFirst(number, time);
    const packets = segment[at + SIDE.packets] as number;
    segment[at + SIDE.packets] = packets + 1;
    let notes = segment[base + RECORD.notes] as number;
    const bits = words[row + ROW.bits] as number;
    const came = (bits & 0xff00) | ((words[row + ROW.macs] as number) << 16);
    const before = segment[at + SIDE.bits] as number;
    if (((before ^ came) & ~255) !== 0 && packets > 0) {
      this.#changed(number, side, this.records.tell(number, side, packets));
      if ((before & 0xff00) > (bits & 0xff00)) notes |= NOTE.ttlFell;
    }
    segment[at + SIDE.bits] = came | ((before | bits) & 255);
    let rows = segment[at + SIDE.rows] as number;
    const kind = (words[row + ROW.kind] as number) & 255;
    const payload = words[row + ROW.payload] as number;
    if (payload > 0) rows |= HAS_DATA;
    if (kind === TCP) {
      if (payload > 1) {
        const sequence = words[row + ROW.sequence] as number;
        if (segment[at + SIDE.sequence] !== sequence) {
          segment[at + SIDE.sequence] = sequence;
          rows &= ~REPEATS;
        } else if ((rows & REPEATS) !== REPEATS) rows += REPEAT_ONE;
      }
      if ((bits & SYN) !== 0) notes = noteSyn(notes, side === 1, (bits & ACK) !== 0);
    } else {
      const marks = bits >>> 16;
      if ((marks & MARK.nameError) !== 0) notes |= NOTE.nameError;
      if (kind !== UDP && (notes & NOTE.certain) === 0) {
        notes |= NOTE.certain | ((side === 1) === ((marks & MARK.echoRequest) !== 0) ? NOTE.highBegan : 0);
      }
    }
    // How long the other side has been silent.
    const current = (notes & NOTE.highLast) === side << 6 ? Math.min((rows & 255) + 1, 255) : 1;
    const most = (rows >>> 8) & 255;
    segment[at + SIDE.rows] = (rows & ~0xffff) | current | (Math.max(most, current) << 8);
    segment[base + RECORD.notes] = (notes & ~NOTE.highLast) | (side << 6);
  }
}

/** `repeats` in a side's `rows`. */
const REPEATS = 0xff0000 & ~HAS_DATA;
const REPEAT_ONE = 0x10000;

/** Who began is certain after a SYN. */
function noteSyn(notes: number, high: boolean, answer: boolean): number {
  let noted = notes;
  if ((noted & NOTE.certain) === 0) noted |= NOTE.certain | (high !== answer ? NOTE.highBegan : 0);
  const one = answer ? SYN_ACK_ONE : SYN_ONE;
  const count = (noted >>> (answer ? 24 : 16)) & 255;
  return count === 255 ? noted : noted + one;
}

/** Of each side so many first packets are signed, besides those that are sampled. */
const SIGNED = 1;

/** One packet in so many is signed wherever it is seen: the choice depends on what NAT leaves alone, so all points choose the same ones. */
const SAMPLE = 31;

function isSampled(words: Uint32Array, row: number): boolean {
  if (((words[row + ROW.kind] as number) & 255) !== TCP)
    return ((words[row + ROW.id] as number) & SAMPLE) === 1;
  const sequence = words[row + ROW.sequence] as number;
  return (
    (words[row + ROW.payload] as number) > 0 && ((Math.imul(sequence, 0x9e3779b1) >>> 27) & SAMPLE) === 1
  );
}
