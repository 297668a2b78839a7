import { viewOf } from '../base/bytes.ts';
import type { Pace } from '../base/pace.ts';
import { FrameColumns, LONG_RECORDS } from './columns.ts';
import { CountingColumns } from './counting-columns.ts';
import type { Frame } from './frame.ts';
import { type CaptureFormat, foreignCapture, isCapture, MAGIC_LENGTH } from './magic.ts';
import { type CaptureLimits, type Chunk, type Parser, ParserContext } from './parser.ts';
import { PcapParser } from './pcap.ts';
import { PcapngParser } from './pcapng.ts';
import { SnoopParser } from './snoop.ts';
import type { ByteSource } from './source.ts';
import { lengthOfStretch, type Stretches } from './stretches.ts';
import { type CaptureInterface, type CaptureSummary, IssueLog } from './summary.ts';
import { ToldParser } from './told.ts';

const PARSERS: Record<CaptureFormat, (context: ParserContext) => Parser> = {
  pcap: (context) => new PcapParser(context),
  pcapng: (context) => new PcapngParser(context),
  snoop: (context) => new SnoopParser(context),
  tcpdump: (context) => new ToldParser(context),
};

export interface ScanOptions {
  /** Name of the file, for the issues. */
  readonly path?: string | undefined;
  /** Filled with the places where the capture can be entered again. */
  readonly stretches?: Stretches | undefined;
  /** Called with many records at once where the format allows; the others come as frames, all in the file's order. */
  readonly onColumns?: ((columns: FrameColumns) => void) | undefined;
  /** Those that it is called with. */
  readonly columns?: FrameColumns | undefined;
  /** Interfaces of the summary get all of the options that a pcapng gives them. */
  readonly keepOptions?: boolean | undefined;
  readonly limits?: CaptureLimits | undefined;
  /** Packets are handed on as they come; else one may wait for the next, which shows whether it is damaged. */
  readonly isPrompt?: boolean | undefined;
  /** Called when the frames handed out so far are about to lose their bytes. */
  readonly onBlockEnd?: (() => void) | undefined;
  /** Called after every block with the bytes read so far; false stops the scan there. */
  readonly onProgress?: ((bytes: number) => boolean | undefined) | undefined;
  /** Lets others have their turn between blocks, and ends the scan by rejecting. */
  readonly pace?: Pace | undefined;
}

/**
 * Reads a capture of any format, calls `onFrame` for every packet record in the file's order, and closes the source. The
 * Frame is one object, valid during the call only. Without `onFrame` packets are only counted, to the same summary. Never
 * throws for what the bytes hold: `issues` of the summary says what could not be read; everything before it was.
 */
export async function scanCapture(
  source: ByteSource,
  onFrame: ((frame: Frame) => void) | undefined,
  options: ScanOptions = {},
): Promise<CaptureSummary> {
  const reader = new CaptureReader(onFrame, options);
  let bytes = 0;
  let room = reader.roomFor(source);
  if (room) source.readInto?.(room);
  try {
    for (;;) {
      let block = source.read();
      // A file's blocks come at once; waiting for each would cost more than reading it.
      if (block instanceof Promise) block = await (options.pace?.unlessAborted(block) ?? block);
      if (!block) break;
      bytes += block.length;
      if (source.size && options.columns) options.columns.share = bytes / source.size;
      if (!reader.push(block)) break;
      if (options.onProgress?.(bytes) === false) {
        reader.stop();
        break;
      }
      const turn = options.pace?.after(block.length);
      if (turn) await turn;
      const next = reader.roomFor(source);
      if (next && next !== room) source.readInto?.(next);
      room = next;
    }
    return reader.end(source.issue);
  } finally {
    source.close();
  }
}

/** The same, pushed: for sources that call with their blocks themselves. A block is not kept beyond the call. */
export class CaptureReader {
  private readonly context: ParserContext;
  private readonly counting: boolean;
  private readonly columns: FrameColumns | undefined;
  private parser: Parser | undefined;
  private stopped = false;
  /** The bytes of a record that straddles blocks; grows as its bytes arrive, never by what a length field claims. */
  private carry = new Uint8Array(4096);
  private carryView = viewOf(this.carry);
  private carried = 0;
  /** Of the source that it is read from. */
  private isLongBest: boolean | undefined;
  /** The block of the last push, which most sources use again. */
  private block: Uint8Array = this.carry;
  private blockView: DataView = this.carryView;
  private readonly chunk: Chunk = { view: this.carryView, start: 0, end: 0 };
  private readonly onBlockEnd: (() => void) | undefined;
  private readonly stretches: Stretches | undefined;
  private described: number | undefined;

  constructor(
    onFrame: ((frame: Frame) => void) | undefined,
    options: Pick<
      ScanOptions,
      'path' | 'onColumns' | 'columns' | 'onBlockEnd' | 'stretches' | 'keepOptions' | 'limits' | 'isPrompt'
    > = {},
  ) {
    this.onBlockEnd = options.onBlockEnd;
    this.stretches = options.stretches;
    const summary: CaptureSummary = {
      linkTypes: [],
      snaplen: 0,
      sections: 0,
      packets: 0,
      bytes: 0,
      capturedBytes: 0,
      cut: 0,
      interfaces: [],
      comments: [],
      issues: [],
    };
    this.counting = onFrame === undefined;
    if (options.onColumns) this.columns = options.columns ?? new FrameColumns();
    else if (this.counting) this.columns = new CountingColumns();
    const issues = new IssueLog(options.path);
    this.context = new ParserContext(summary, issues, onFrame ?? (() => {}), options.onColumns);
    this.context.keepOptions = options.keepOptions ?? false;
    this.context.isPrompt = options.isPrompt ?? false;
    if (options.limits) this.context.limits = options.limits;
  }

  /** Where the source's next block is best read to. */
  roomFor(source: Pick<ByteSource, 'isLongBest'>): Uint8Array | undefined {
    const { packets, capturedBytes } = this.context.summary;
    const isLong = packets > 0 && capturedBytes >= packets * LONG_RECORDS;
    return this.columns?.blockFor(isLong && this.readsLong(source));
  }

  private readsLong(source: Pick<ByteSource, 'isLongBest'>): boolean {
    this.isLongBest ??= source.isLongBest ?? false;
    return this.isLongBest;
  }

  /** False when nothing more will be read from it. */
  push(block: Uint8Array): boolean {
    if (this.carried > 0 && !this.over && this.joins(block)) return this.pushJoined(block);
    let at = 0;
    while (this.carried > 0 && !this.over) {
      const need = this.parser?.need ?? MAGIC_LENGTH;
      const step = Math.min(need - this.carried, block.length - at);
      this.keep(block, at, at + step);
      at += step;
      if (this.carried < need) return true;
      const left = this.run(this.carryView, 0, this.carried);
      this.carry.copyWithin(0, left, this.carried);
      this.carried -= left;
      // What is left came with this block: it is read there.
      if (this.carried <= at) {
        at -= this.carried;
        this.carried = 0;
      }
    }
    if (this.over) return false;
    if (at < block.length) {
      const left = this.run(this.viewOfBlock(block), at, block.length);
      if (!this.over) this.keep(block, left, block.length);
    }
    return !this.over;
  }

  /** What is left of the block before has room before this one. */
  private joins(block: Uint8Array): boolean {
    const { memory, head } = this.columns ?? {};
    if (!memory || head === undefined || this.carried > head) return false;
    return block.buffer === memory.buffer && block.byteOffset === memory.byteOffset + head;
  }

  /** Both are read as one. */
  private pushJoined(block: Uint8Array): boolean {
    const { carry, carried, columns } = this;
    const { memory, head } = columns as FrameColumns & { readonly memory: Uint8Array };
    const end = head + block.length;
    memory.set(carry.subarray(0, carried), head - carried);
    this.carried = 0;
    const left = this.run(this.viewOfBlock(memory), head - carried, end);
    if (!this.over) this.keep(memory, left, end);
    return !this.over;
  }

  /**
   * Goes on with the record at `offset` of the file, which `packets` come before: one of `Stretches`. What was described in between must
   * have been read.
   */
  enter(offset: number, packets: number): void {
    this.carried = 0;
    this.context.base = offset;
    this.context.summary.packets = packets;
  }

  /** Of the last one it read, or of the one before the record that it would read next. */
  get packets(): number {
    return this.context.summary.packets;
  }

  /** Those that it has read of so far. */
  get interfaces(): readonly CaptureInterface[] {
    return this.context.summary.interfaces;
  }

  /** Ends the reading on purpose: a record left incomplete is no truncation. */
  stop(): void {
    this.stopped = true;
  }

  /** `issue`: why the source ended, when that was not its end. */
  end(issue?: CaptureSummary['issues'][number]): CaptureSummary {
    const { context } = this;
    if (issue) context.issues.add(issue);
    if (!this.parser && !this.stopped) this.choose(this.carry.subarray(0, this.carried), true);
    if (this.parser && !this.stopped) {
      this.finish(this.parser);
      this.parser.end(this.carried);
    }
    context.finish();
    if (context.summary.format === 'pcap' || context.summary.format === 'snoop') {
      for (const only of context.summary.interfaces) only.packets = context.summary.packets;
    }
    context.summary.issues = context.issues.finish();
    return context.summary;
  }

  private finish(parser: Parser): void {
    const { chunk } = this;
    chunk.view = this.carryView;
    chunk.start = 0;
    chunk.end = this.carried;
    parser.finish?.(chunk);
    this.carried -= chunk.start;
  }

  private get over(): boolean {
    return this.stopped || this.parser?.done === true;
  }

  /** Parses what is complete; returns where the rest begins. */
  private run(view: DataView, start: number, end: number): number {
    if (!this.parser) {
      const head = new Uint8Array(view.buffer, view.byteOffset + start, Math.min(end - start, MAGIC_LENGTH));
      if (!this.choose(head, false)) return start;
    }
    const { chunk, context, parser } = this;
    if (!parser || end - start < parser.need) return start;
    chunk.view = view;
    chunk.start = start;
    chunk.end = end;
    context.base -= start;
    if (this.counting && parser.count) parser.count(chunk);
    else if (this.stretches) this.runStretches(parser, this.stretches);
    else this.parse(parser);
    this.onBlockEnd?.();
    context.base += chunk.start;
    return chunk.start;
  }

  private parse(parser: Parser): void {
    const { chunk, columns } = this;
    if (columns && parser.parseColumns) parser.parseColumns(chunk, columns);
    else parser.parse(chunk);
  }

  /** The same, and notes where it might have begun. */
  private runStretches(parser: Parser, stretches: Stretches): void {
    const { chunk, context, columns } = this;
    const { end } = chunk;
    const usual = lengthOfStretch(context.summary);
    do {
      chunk.end = end;
      if (parser.described !== undefined) {
        if (parser.described !== this.described) stretches.need();
        this.described = parser.described;
        stretches.begin(context.base + chunk.start, context.summary.packets);
      }
      const begun =
        columns && parser.passStretches
          ? parser.passStretches(chunk, columns, usual, stretches)
          : chunk.start;
      chunk.end = Math.min(end, begun + Math.max(usual, parser.need));
      this.parse(parser);
      // What is still to be told of this stretch must not be told of the next.
      this.onBlockEnd?.();
    } while (chunk.end < end && !parser.done);
    if (parser.described !== this.described) stretches.need();
    chunk.end = end;
  }

  private choose(head: Uint8Array, last: boolean): boolean {
    if (head.length < MAGIC_LENGTH && !last) return false;
    const { context } = this;
    const format = isCapture(head);
    if (format) {
      context.summary.format = format;
      this.parser = PARSERS[format](context);
      return true;
    }
    this.stopped = true;
    if (head.length === 0) {
      // A source that failed has said so already.
      if (context.issues.issues.length === 0) {
        context.issues.add({
          severity: 'error',
          code: 'capture-empty',
          text: 'the file is empty; even a capture without packets has a header of 24 bytes',
        });
      }
      return false;
    }
    const foreign = foreignCapture(head);
    context.issues.add({
      severity: 'error',
      code: foreign ? 'capture-unsupported' : 'capture-unknown',
      text: foreign
        ? `this is ${foreign}, which is not read: convert it with editcap -F pcapng`
        : `this is no capture: it begins with ${printable(head)}, pcap, pcapng and snoop begin otherwise`,
    });
    return false;
  }

  private viewOfBlock(block: Uint8Array): DataView {
    if (block !== this.block) {
      this.block = block;
      this.blockView = viewOf(block);
    }
    return this.blockView;
  }

  private keep(block: Uint8Array, start: number, end: number): void {
    const length = this.carried + end - start;
    if (length > this.carry.length) {
      const larger = new Uint8Array(Math.max(length, this.carry.length * 2));
      larger.set(this.carry.subarray(0, this.carried));
      this.carry = larger;
      this.carryView = viewOf(larger);
    }
    this.carry.set(block.subarray(start, end), this.carried);
    this.carried = length;
  }
}

/** Text as text, anything else in hexadecimal. */
function printable(head: Uint8Array): string {
  const text = String.fromCharCode(...head);
  if (/^[\t\r\n -~]+$/.test(text)) return JSON.stringify(text);
  return `bytes ${[...head.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
}
