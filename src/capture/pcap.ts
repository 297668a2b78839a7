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
  readonly described = 0;
  private readonly context: ParserContext;
  little = false;
  header = RECORD_HEADER;
  unit = 1000;
  limit = 0;
  private snaplen = 0;
  /** Files before version 2.4 may have the two lengths the other way round. */
  private swapped: 'no' | 'perhaps' | 'yes' = 'no';
  private opened = false;
  /** Of the last record that `countRun` counted. */
  private lastFraction = 0;

  constructor(context: ParserContext) {
    this.context = context;
  }

  parse(chunk: Chunk): void {
    if (!this.opened) this.open(chunk);
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
  }

  /** The walk of `parse` without a call a record. */
  parseColumns(chunk: Chunk, columns: FrameColumns): void {
    if (!this.opened) this.open(chunk);
    // Which of the two lengths is which has to be looked at record by record.
    if (this.swapped !== 'no') {
      this.parse(chunk);
      return;
    }
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
    if (at + header > end) return;
    const captured = view.getUint32(at + 8, this.little);
    if (captured > limit) this.tooLong(at, captured);
    else this.need = header + captured;
  }

  /** What `parse` does, without frames. Only the usual header is worth the way by itself. */
  count(chunk: Chunk): void {
    if (!this.opened) this.open(chunk);
    if (!this.little || this.header !== RECORD_HEADER || this.swapped !== 'no') {
      this.parse(chunk);
      return;
    }
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
    } else if (rest > 0 && !this.done) {
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
    this.done = true;
    const count = this.context.summary.packets;
    this.context.issues.add({
      severity: 'error',
      code: 'pcap-record-too-long',
      packet: count + 1,
      text: `the record at byte ${this.context.base + at} says ${captured} bytes captured, at most ${this.limit} are possible (snaplen ${this.snaplen}): the file is damaged from here on; the ${count} packets before were read`,
    });
  }
}
