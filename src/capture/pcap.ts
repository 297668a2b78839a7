/** Classic pcap: draft-ietf-opsawg-pcap. The file's header is read in pcap-header.ts; which bytes can be a record, pcap-records.ts knows. */
import { COLUMNS, type EndedStretch, type FrameColumns } from './columns.ts';
import type { Chunk, Parser, ParserContext } from './parser.ts';
import { FILE_HEADER, RECORD_HEADER, readPcapHeader } from './pcap-header.ts';
import { MORE, NONE, PcapRecords } from './pcap-records.ts';
import type { Stretches } from './stretches.ts';

/** Bytes that are looked through at once, and that are read beyond those that have to be there. */
const WINDOW = 1 << 18;
const AHEAD = 1 << 18;

/** Until the file's header is read. */
const USUAL = { little: true, header: RECORD_HEADER, unit: 1000, limit: 0, ahead: RECORD_HEADER };

const OTHER_TIME = 'is of another time than those before it';

/** A record that can't be, and the packets before it. */
interface Lost {
  readonly offset: number;
  readonly packets: number;
  readonly why: string;
}

export class PcapParser implements Parser {
  need = FILE_HEADER;
  done = false;
  private readonly context: ParserContext;
  private records = new PcapRecords(USUAL, 0, 'no');
  private snaplen = 0;
  private readonly ended: EndedStretch = {
    end: 0,
    records: 0,
    firstSeconds: 0,
    firstNanoseconds: 0,
    lastSeconds: 0,
    lastNanoseconds: 0,
  };
  private opened = false;
  /** Nothing comes behind what is there. */
  private isAll = false;
  /** The next record may be damaged: whether another one begins within it is to be looked at. */
  private isSuspect = false;
  /** What comes next that can be a record is looked for. */
  private lost: Lost | undefined;

  constructor(context: ParserContext) {
    this.context = context;
  }

  /** It can go on anywhere but behind a damaged record. */
  get described(): number | undefined {
    return this.lost || this.isSuspect ? undefined : 0;
  }

  parse(chunk: Chunk): void {
    if (!this.opened) this.open(chunk);
    while (this.settle(chunk) && this.walk(chunk));
  }

  /** What is complete, record by record. @returns whether it came to one that `settle` has to look at */
  private walk(chunk: Chunk): boolean {
    const { view, end } = chunk;
    let at = chunk.start;
    for (;;) {
      const next = this.whole(view, at, end);
      if (next < 0) break;
      this.emit(view, at, next);
      at = next;
    }
    chunk.start = at;
    return this.isStopped;
  }

  private get isStopped(): boolean {
    return this.lost !== undefined || this.isSuspect;
  }

  /** Where the record at `at` ends, if it can be handed on; else below 0, and what is `need`ed or why it is stopped at is noted. */
  private whole(view: DataView, at: number, end: number): number {
    const { records } = this;
    const { header, ahead } = records;
    if (at + header > end) {
      this.need = header;
      return NONE;
    }
    const captured = records.captured(view, at);
    if (captured > records.limit) {
      const most = `at most ${records.limit} are possible (snaplen ${this.snaplen})`;
      this.damaged(at, `${said(captured)}, ${most}`);
      return NONE;
    }
    const next = at + header + captured;
    if (next + ahead > end) {
      this.need = header + captured + ahead;
      return NONE;
    }
    // What is left is no header: the file was cut there, or this one says more than it has.
    const isBroken = this.isAll && next < end && next + header > end;
    this.isSuspect = records.isOdd(view, at, next, end) || isBroken;
    return this.isSuspect ? NONE : next;
  }

  /** Hands on the record from `at` to `next`. */
  private emit(view: DataView, at: number, next: number): void {
    const { context, records } = this;
    const { frame } = context;
    const { little, header, unit } = records;
    const seconds = view.getUint32(at, little);
    const nanoseconds = view.getUint32(at + 4, little) * unit;
    if (nanoseconds < 1e9) {
      frame.seconds = seconds;
      frame.nanoseconds = nanoseconds;
    } else {
      frame.seconds = seconds + Math.floor(nanoseconds / 1e9);
      frame.nanoseconds = nanoseconds % 1e9;
    }
    frame.view = view;
    frame.length = records.length(view, at);
    frame.captured = next - at - header;
    frame.offset = at + header;
    context.emit(true);
  }

  /** The walk of `parse` without a call a record. */
  parseColumns(chunk: Chunk, columns: FrameColumns): void {
    if (!this.opened) this.open(chunk);
    // Which of the two lengths is which has to be looked at record by record.
    if (this.records.swapped !== 'no') this.parse(chunk);
    else while (this.settle(chunk) && this.walkColumns(chunk, columns));
  }

  passStretches(chunk: Chunk, columns: FrameColumns, length: number, stretches: Stretches): number {
    const { context, records, ended } = this;
    const { view, start, end } = chunk;
    if (!this.opened || this.isStopped || records.swapped !== 'no') return start;
    columns.linkType = context.frame.linkType;
    const at = columns.pass(view, start, end, records, length);
    if (at === start) return start;
    const before = context.summary.packets;
    let begun = start;
    for (let i = 0; i < columns.ended; i++) {
      columns.stretch(i, ended);
      context.account(ended.firstSeconds, ended.firstNanoseconds);
      context.account(ended.lastSeconds, ended.lastNanoseconds);
      stretches.timed(
        ended.firstSeconds + ended.firstNanoseconds / 1e9,
        ended.lastSeconds + ended.lastNanoseconds / 1e9,
      );
      begun = ended.end;
      stretches.begin(context.base + begun, before + ended.records);
    }
    records.accept(columns.lastSecond);
    context.emitColumns(columns);
    chunk.start = at;
    return begun;
  }

  private walkColumns(chunk: Chunk, columns: FrameColumns): boolean {
    const { view, end } = chunk;
    const { context, records } = this;
    columns.linkType = context.frame.linkType;
    let at = chunk.start;
    let isFull = true;
    while (isFull) {
      const passed = columns.pass(view, at, end, records);
      if (passed > at) {
        at = passed;
        records.accept(columns.lastSecond);
        context.emitColumns(columns);
        if (!records.isWhole(view, at, end)) break;
      }
      at = columns.walk(view, at, end, records);
      const { count } = columns;
      isFull = count === COLUMNS;
      if (count > 0) records.accept(secondsOf(columns, count - 1, records));
      context.emitColumns(columns);
    }
    const next = this.whole(view, at, end);
    // Of another time than the one before it, but not than those before that.
    if (next >= 0) this.emit(view, at, next);
    chunk.start = Math.max(at, next);
    return next >= 0 || this.isStopped;
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
        text: `${damage(this.lost)}, and nothing behind it can be a record; the ${count} packets before were read`,
      });
    } else if (rest > 0) {
      const { header } = this.records;
      context.issues.add({
        severity: 'warning',
        code: 'pcap-truncated',
        packet: count + 1,
        text: `the file ends in the middle of this record (${rest} of ${rest < header ? `its header's ${header}` : this.need} bytes); the ${count} before it were read`,
      });
    }
  }

  private open(chunk: Chunk): void {
    const { context } = this;
    const { summary } = context;
    const { shape, swapped, snaplen, linkType, issues } = readPcapHeader(chunk.view, chunk.start);
    for (const issue of issues) context.issues.add(issue);
    this.snaplen = snaplen;
    const ahead = context.isPrompt ? 0 : shape.header;
    this.records = new PcapRecords({ ...shape, ahead }, snaplen, swapped);
    summary.byteOrder = shape.little ? 'little' : 'big';
    summary.snaplen = snaplen;
    summary.sections = 1;
    const nano = shape.unit === 1 && { resolution: 9 };
    summary.interfaces.push({ linkType, snaplen, ...nano, section: 0, packets: 0 });
    context.linkType(linkType);
    context.frame.linkType = linkType;
    this.opened = true;
    chunk.start += FILE_HEADER;
  }

  private damaged(at: number, why: string): void {
    this.lost = { offset: this.context.base + at, packets: this.context.summary.packets, why };
  }

  /** Goes to where records are read on. @returns false when more has to be there first */
  private settle(chunk: Chunk): boolean {
    if (this.isSuspect) return this.judge(chunk);
    return !this.lost || this.isFound(chunk);
  }

  /** Of a record that may be damaged: where another one begins within it, that is the next; else it is handed on. */
  private judge(chunk: Chunk): boolean {
    const { records } = this;
    const { view, start } = chunk;
    const { header, ahead } = records;
    const captured = records.captured(view, start);
    const next = start + header + captured;
    const found = records.instead(view, {
      ...{ start, next, end: chunk.end, isAll: ahead === 0 },
      offset: this.context.base + start,
    });
    if (found === MORE) {
      // More than that, so that not each of many places that look like records is waited for.
      this.need = records.wanted + AHEAD;
      return false;
    }
    this.isSuspect = false;
    if (found === NONE) {
      // By one whose lengths can't be nobody goes.
      if (records.behind(view, start) === next) records.accept(view.getUint32(start, records.little));
      this.emit(view, start, next);
      chunk.start = next;
    } else {
      const isOther = records.isOfAnotherTime(view, start);
      this.damaged(
        start,
        isOther ? OTHER_TIME : `${said(captured)}, and another record begins before their end`,
      );
      if (!isOther) {
        // More than there were on the wire can't be: then it is this length that is damaged.
        const isWrong = captured > records.length(view, start) && found >= start + header;
        this.emit(view, start, isWrong ? found : next);
      }
      chunk.start = found;
      this.goOn(found);
    }
    return true;
  }

  /**
   * Behind a damaged record, goes to the next place where records begin.
   * @returns false when more has to be there first
   */
  private isFound(chunk: Chunk): boolean {
    const { context, records, isAll } = this;
    const { view, end } = chunk;
    for (;;) {
      const from = chunk.start;
      const until = from + WINDOW;
      const found = records.find(view, {
        ...{ from, until, beyond: from, end, isAll, isNear: false, mayBeCut: true },
        offset: context.base + from,
      });
      if (found === MORE) {
        this.need = records.wanted + AHEAD;
        return false;
      }
      chunk.start = found === NONE ? Math.min(until, Math.max(from, end - records.header + 1)) : found;
      if (found !== NONE) this.goOn(found);
      if (found !== NONE || chunk.start < until) return found !== NONE;
    }
  }

  private goOn(at: number): void {
    const { lost, context } = this;
    if (!lost) return;
    this.lost = undefined;
    const offset = context.base + at;
    const isRead = context.summary.packets > lost.packets;
    const what = isRead ? 'it is read all the same' : `${offset - lost.offset} bytes are left out`;
    context.issues.add({
      severity: 'warning',
      code: isRead ? 'pcap-records-overlap' : 'pcap-record-too-long',
      packet: lost.packets + 1,
      text: `${damage(lost)}; ${what}, and what is read next is the record at byte ${offset}`,
    });
  }

  /** The last record has none behind it; and one that the file has no room for may have said a wrong length. */
  finish(chunk: Chunk): void {
    if (!this.opened) return;
    const { records } = this;
    this.isAll = true;
    records.ahead = 0;
    this.parse(chunk);
    while (chunk.end - chunk.start >= records.header) {
      const { start } = chunk;
      const { lost, need } = this;
      if (!lost) {
        const captured = records.captured(chunk.view, start);
        this.damaged(start, `${said(captured)}, the rest of the file has less`);
        chunk.start++;
      }
      if (!this.isFound(chunk)) {
        this.lost = lost;
        this.need = need;
        if (!lost) chunk.start = start;
        return;
      }
      this.parse(chunk);
    }
  }
}

function said(captured: number): string {
  return `says ${captured} bytes captured`;
}

function damage({ offset, why }: Lost): string {
  return `the record at byte ${offset} ${why}: the file is damaged there`;
}

/** Epoch seconds that a record of columns has. */
function secondsOf({ view, offset }: FrameColumns, index: number, { header, little }: PcapRecords): number {
  return view.getUint32((offset[index] as number) - header, little);
}
