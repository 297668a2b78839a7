/**
 * Classic pcap: draft-ietf-opsawg-pcap. A file header of 24 bytes, then records of 16 bytes and the packet's bytes:
 *
 *   0  magic a1b2c3d4 (µs), a1b23c4d (ns), a1b2cd34 ("modified": records have 8 bytes more)    0  seconds
 *   4  version major, minor                                                                    4  µs or ns
 *   8  reserved, reserved                                                                      8  captured length
 *  16  snaplen                                                                                12  length on the wire
 *  20  FCS length and link type
 */
import { COLUMNS, type FrameColumns, type RecordShape } from './columns.ts';
import type { Chunk, Parser, ParserContext } from './parser.ts';
import { recordLimit } from './parser.ts';

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const MODIFIED_RECORD_HEADER = 24;
const MICRO = 0xa1b2c3d4;
const NANO = 0xa1b23c4d;
const MODIFIED = 0xa1b2cd34;
const MOST_OF_RUN = 1024;

export class PcapParser implements Parser, RecordShape {
  need = FILE_HEADER;
  done = false;
  private readonly context: ParserContext;
  little = false;
  header = RECORD_HEADER;
  unit = 1000;
  limit = 0;
  private snaplen = 0;
  /** Files before version 2.4 may have the two lengths the other way round. */
  private swapped: 'no' | 'perhaps' | 'yes' = 'no';
  private opened = false;
  /** Where a record said what can't be, and how much; what comes next that can be a record is looked for. */
  private lost: { readonly offset: number; readonly captured: number; readonly packets: number } | undefined;
  /** Of the last record that `countRun` counted. */
  private lastFraction = 0;

  constructor(context: ParserContext) {
    this.context = context;
  }

  /** It can go on anywhere but behind a damaged record. */
  get described(): number | undefined {
    return this.lost ? undefined : 0;
  }

  parse(chunk: Chunk): void {
    if (!this.opened) this.open(chunk);
    while (this.isFound(chunk)) if (!this.walk(chunk)) return;
  }

  /** What is complete, record by record. @returns whether it came to a damaged one */
  private walk(chunk: Chunk): boolean {
    const { view, end } = chunk;
    const { context, little, header, unit, limit } = this;
    const frame = context.frame;
    const plain = this.swapped === 'no';
    frame.view = view;
    let at = chunk.start;
    for (;;) {
      if (at + header > end) {
        this.need = header;
        break;
      }
      let captured = view.getUint32(at + 8, little);
      let length = view.getUint32(at + 12, little);
      if (!plain && (this.swapped === 'yes' || captured > length)) [captured, length] = [length, captured];
      if (captured > limit) {
        this.tooLong(at, captured);
        break;
      }
      if (at + header + captured > end) {
        this.need = header + captured;
        break;
      }
      const seconds = view.getUint32(at, little);
      const nanoseconds = view.getUint32(at + 4, little) * unit;
      if (nanoseconds < 1e9) {
        frame.seconds = seconds;
        frame.nanoseconds = nanoseconds;
      } else {
        frame.seconds = seconds + Math.floor(nanoseconds / 1e9);
        frame.nanoseconds = nanoseconds % 1e9;
      }
      frame.length = length;
      frame.captured = captured;
      frame.offset = at + header;
      context.emit(true);
      at += header + captured;
    }
    chunk.start = at;
    return this.lost !== undefined;
  }

  /** The walk of `parse` without a call a record. */
  parseColumns(chunk: Chunk, columns: FrameColumns): void {
    if (!this.opened) this.open(chunk);
    // Which of the two lengths is which has to be looked at record by record.
    if (this.swapped !== 'no') this.parse(chunk);
    else while (this.isFound(chunk)) if (!this.walkColumns(chunk, columns)) return;
  }

  private walkColumns(chunk: Chunk, columns: FrameColumns): boolean {
    const { view, end } = chunk;
    const { context, header, limit } = this;
    columns.linkType = context.frame.linkType;
    let at = chunk.start;
    let isFull = true;
    while (isFull) {
      at = columns.walk(view, at, end, this);
      isFull = columns.count === COLUMNS;
      context.emitColumns(columns);
    }
    chunk.start = at;
    this.need = header;
    if (at + header > end) return false;
    const captured = view.getUint32(at + 8, this.little);
    if (captured > limit) this.tooLong(at, captured);
    else this.need = header + captured;
    return this.lost !== undefined;
  }

  /** What `parse` does, without frames. Only the usual header is worth the way by itself. */
  count(chunk: Chunk): void {
    if (!this.opened) this.open(chunk);
    if (!this.little || this.header !== RECORD_HEADER || this.swapped !== 'no') this.parse(chunk);
    else while (this.isFound(chunk)) if (!this.walkCounting(chunk)) return;
  }

  private walkCounting(chunk: Chunk): boolean {
    const { view, end } = chunk;
    const { context, unit, limit } = this;
    const whole = 1e9 / unit;
    let at = chunk.start;
    for (;;) {
      if (at + RECORD_HEADER > end) {
        this.need = RECORD_HEADER;
        break;
      }
      const captured = view.getUint32(at + 8, true);
      if (captured > limit) {
        this.tooLong(at, captured);
        break;
      }
      const next = at + RECORD_HEADER + captured;
      if (next > end) {
        this.need = RECORD_HEADER + captured;
        break;
      }
      const seconds = view.getUint32(at, true);
      const fraction = view.getUint32(at + 4, true);
      if (fraction < whole) {
        context.account(seconds, fraction * unit);
        at = this.countRun(view, at, end, fraction);
        context.account(seconds, this.lastFraction * unit);
      } else {
        const nanoseconds = fraction * unit;
        context.account(seconds + Math.floor(nanoseconds / 1e9), nanoseconds % 1e9);
        const length = view.getUint32(at + 12, true);
        context.addAll(1, length, captured, captured < length ? 1 : 0);
        at = next;
      }
    }
    chunk.start = at;
    return this.lost !== undefined;
  }

  /**
   * Counts records of one second that are in order, from the one at `at` on, whose time was accounted for; gives where they end.
   * It has nothing but the usual case, and is called often enough to be compiled once all of it has been seen: V8 would throw the
   * code away where something comes up that it hasn't, and compile anew (a tenth of the count of 10 M packets).
   */
  private countRun(view: DataView, start: number, end: number, first: number): number {
    const { limit } = this;
    const whole = 1e9 / this.unit;
    // Signed, since small integers are faster than 32 bits unsigned: below 0 is beyond every limit.
    const second = view.getInt32(start, true);
    let fraction = first;
    let at = start;
    let packets = 0;
    let beyond = 0;
    let cut = 0;
    while (packets < MOST_OF_RUN && at + RECORD_HEADER <= end) {
      const captured = view.getInt32(at + 8, true);
      const next = at + RECORD_HEADER + captured;
      if (captured < 0 || captured > limit || next > end) break;
      const itsFraction = view.getInt32(at + 4, true);
      if (view.getInt32(at, true) !== second || itsFraction < fraction || itsFraction >= whole) break;
      const length = view.getInt32(at + 12, true);
      if (length !== captured) {
        beyond += (length >>> 0) - captured;
        if (captured < length >>> 0) cut++;
      }
      fraction = itsFraction;
      packets++;
      at = next;
    }
    this.lastFraction = fraction;
    const capturedBytes = at - start - packets * RECORD_HEADER;
    this.context.addAll(packets, capturedBytes + beyond, capturedBytes, cut);
    return at;
  }

  end(rest: number): void {
    const { context } = this;
    const count = context.summary.packets;
    if (!this.opened) {
      context.issues.add({
        severity: 'error',
        code: 'pcap-truncated',
        text: `the file ends after ${rest} bytes, a pcap file header has ${FILE_HEADER}`,
      });
    } else if (this.lost) {
      context.issues.add({
        severity: 'error',
        code: 'pcap-record-too-long',
        packet: this.lost.packets + 1,
        text: `${this.damage(this.lost)}, and nothing behind it can be a record; the ${count} packets before were read`,
      });
    } else if (rest > 0) {
      context.issues.add({
        severity: 'warning',
        code: 'pcap-truncated',
        packet: count + 1,
        text: `the file ends in the middle of this record (${rest} of ${rest < this.header ? `its header's ${this.header}` : this.need} bytes); the ${count} before it were read`,
      });
    }
  }

  private open(chunk: Chunk): void {
    const { context } = this;
    const { view, start } = chunk;
    const magic = view.getUint32(start);
    this.little = magic !== MICRO && magic !== NANO && magic !== MODIFIED;
    const native = view.getUint32(start, this.little);
    if (native === NANO) this.unit = 1;
    if (native === MODIFIED) this.header = MODIFIED_RECORD_HEADER;
    const major = view.getUint16(start + 4, this.little);
    const minor = view.getUint16(start + 6, this.little);
    if (major === 543) this.swapped = 'yes';
    else if (major === 2 && minor < 3) this.swapped = 'yes';
    else if (major === 2 && minor === 3) this.swapped = 'perhaps';
    else if (major !== 2) {
      context.issues.add({
        severity: 'warning',
        code: 'pcap-version',
        text: `the file header says version ${major}.${minor}, 2.4 is the one in use; read as 2.4`,
      });
    }
    this.snaplen = view.getUint32(start + 16, this.little);
    this.limit = recordLimit(this.snaplen);
    const network = view.getUint32(start + 20, this.little);
    const linkType = network & 0xffff;
    if ((network & 0x03ff0000) !== 0) {
      context.issues.add({
        severity: 'warning',
        code: 'pcap-link-type',
        text: `the link type field 0x${network.toString(16).padStart(8, '0')} has reserved bits; read as link type ${linkType}`,
      });
    }
    const { summary } = context;
    summary.byteOrder = this.little ? 'little' : 'big';
    summary.snaplen = this.snaplen;
    summary.sections = 1;
    summary.interfaces.push({
      linkType,
      snaplen: this.snaplen,
      ...(this.unit === 1 && { resolution: 9 }),
      section: 0,
      packets: 0,
    });
    context.linkType(linkType);
    context.frame.linkType = linkType;
    this.opened = true;
    chunk.start = start + FILE_HEADER;
  }

  private tooLong(at: number, captured: number): void {
    this.lost = { offset: this.context.base + at, captured, packets: this.context.summary.packets };
  }

  /**
   * Behind a damaged record, goes to the next place that can be a record with another one behind it. `isAll`: nothing comes behind what is
   * there. @returns false when more has to be there first
   */
  private isFound(chunk: Chunk, isAll = false): boolean {
    const { lost, header } = this;
    if (!lost) return true;
    const { view, end } = chunk;
    for (let at = chunk.start; ; at++) {
      chunk.start = at;
      this.need = header;
      if (at + header > end) return false;
      const next = this.behind(view, at);
      if (next < 0) continue;
      const isLast = isAll && next === end;
      if (next + header > end && !isLast) {
        if (isAll) continue;
        // More than that, so that not each of many places that look like records is waited for.
        this.need = next + header - at + AHEAD;
        return false;
      }
      if (!isLast && this.behind(view, next) < 0) continue;
      this.goOn(at);
      return true;
    }
  }

  private goOn(at: number): void {
    const { lost, context } = this;
    if (!lost) return;
    const offset = context.base + at;
    const text = `${this.damage(lost)}; ${offset - lost.offset} bytes are left out, and what is read next is the record at byte ${offset}`;
    this.lost = undefined;
    context.issues.add({ severity: 'warning', code: 'pcap-record-too-long', packet: lost.packets + 1, text });
  }

  /** The last record has none behind it; and one that the file has no room for may have said a wrong length. */
  finish(chunk: Chunk): void {
    while (this.opened && chunk.end - chunk.start >= this.header) {
      const { start } = chunk;
      const known = this.lost;
      if (!known) {
        this.tooLong(start, chunk.view.getUint32(start + 8, this.little));
        chunk.start++;
      }
      if (!this.isFound(chunk, true)) {
        this.lost = known;
        if (!known) chunk.start = start;
        return;
      }
      this.parse(chunk);
    }
  }

  /** Where the record at `at` ends, if it can be one; below 0. */
  private behind(view: DataView, at: number): number {
    const { little, unit, limit, swapped, context } = this;
    let captured = view.getUint32(at + 8, little);
    let length = view.getUint32(at + 12, little);
    if (swapped === 'yes' || (swapped === 'perhaps' && captured > length))
      [captured, length] = [length, captured];
    if (captured === 0 || captured > limit || length < captured || length > MOST_LENGTH) return -1;
    if (view.getUint32(at + 4, little) * unit >= 1e9) return -1;
    const { latest } = context;
    if (latest !== undefined && Math.abs(view.getUint32(at, little) - latest) > YEAR) return -1;
    return at + this.header + captured;
  }

  private damage({ offset, captured }: { readonly offset: number; readonly captured: number }): string {
    const possible =
      captured > this.limit
        ? `at most ${this.limit} are possible (snaplen ${this.snaplen})`
        : 'the rest of the file has less';
    return `the record at byte ${offset} says ${captured} bytes captured, ${possible}: the file is damaged there`;
  }
}

/** Bytes that are looked through at once. */
const AHEAD = 1 << 18;
/** Seconds; packets of one capture that are further apart are none. */
const YEAR = 366 * 86400;
/** Bytes of a packet on the wire. */
const MOST_LENGTH = 1 << 24;
