/** Snoop version 2: RFC 1761. All big-endian; a header of 16 bytes, then records of 24 bytes, the packet and padding. */
import type { Chunk, Parser, ParserContext } from './parser.ts';
import { recordLimit } from './parser.ts';

const FILE_HEADER = 16;
const RECORD_HEADER = 24;
/** Snoop's data link types as LINKTYPE_* numbers. */
const LINK_TYPES = new Map<number, number>([
  [0, 1],
  [2, 6],
  [4, 1],
  [8, 10],
]);

export class SnoopParser implements Parser {
  need = FILE_HEADER;
  done = false;
  private readonly context: ParserContext;
  private opened = false;
  /** Padding behind the last record that is still to come. */
  private skip = 0;

  constructor(context: ParserContext) {
    this.context = context;
  }

  parse(chunk: Chunk): void {
    if (!this.opened) this.open(chunk);
    const { view, end } = chunk;
    const { context } = this;
    const frame = context.frame;
    frame.view = view;
    let at = chunk.start;
    while (!this.done) {
      const step = Math.min(this.skip, end - at);
      at += step;
      this.skip -= step;
      if (at + RECORD_HEADER > end) {
        this.need = this.skip > 0 ? 1 : RECORD_HEADER;
        break;
      }
      const captured = view.getUint32(at + 4);
      const record = view.getUint32(at + 8);
      if (captured > recordLimit(0) || record < RECORD_HEADER + captured || record > recordLimit(0) * 2) {
        this.damaged(at, captured, record);
        break;
      }
      if (at + RECORD_HEADER + captured > end) {
        this.need = RECORD_HEADER + captured;
        break;
      }
      frame.seconds = view.getUint32(at + 16);
      frame.nanoseconds = view.getUint32(at + 20) * 1000;
      if (frame.nanoseconds >= 1e9) {
        frame.seconds += Math.floor(frame.nanoseconds / 1e9);
        frame.nanoseconds %= 1e9;
      }
      frame.length = view.getUint32(at);
      frame.captured = captured;
      frame.offset = at + RECORD_HEADER;
      context.emit(true);
      at += RECORD_HEADER + captured;
      this.skip = record - RECORD_HEADER - captured;
    }
    chunk.start = at;
  }

  end(rest: number): void {
    if (this.done || (rest === 0 && this.opened)) return;
    const count = this.context.summary.packets;
    this.context.issues.add({
      severity: 'warning',
      code: 'snoop-truncated',
      packet: count + 1,
      text: `the file ends in the middle of this record; the ${count} before it were read`,
    });
  }

  private open(chunk: Chunk): void {
    const { context } = this;
    const version = chunk.view.getUint32(chunk.start + 8);
    const type = chunk.view.getUint32(chunk.start + 12);
    const linkType = LINK_TYPES.get(type) ?? -1;
    if (version !== 2 || linkType < 0) {
      context.issues.add({
        severity: 'warning',
        code: 'snoop-header',
        text: `snoop version ${version} with data link type ${type}; version 2 with Ethernet (4) is what is understood`,
      });
    }
    context.summary.byteOrder = 'big';
    context.summary.sections = 1;
    context.summary.interfaces.push({ linkType, snaplen: 0, section: 0, packets: 0 });
    context.linkType(linkType);
    context.frame.linkType = linkType;
    chunk.start += FILE_HEADER;
    this.opened = true;
  }

  private damaged(at: number, captured: number, record: number): void {
    this.done = true;
    const count = this.context.summary.packets;
    this.context.issues.add({
      severity: 'error',
      code: 'snoop-record-too-long',
      packet: count + 1,
      text: `the record at byte ${this.context.base + at} says ${captured} bytes captured in ${record}, at most ${recordLimit(0)} are possible: the file is damaged from here on; the ${count} packets before were read`,
    });
  }
}
