import { DEFAULT_LIMITS, type InputLimits, type LimitName } from '../base/limits.ts';
import type { FrameColumns } from './columns.ts';
import type { Frame } from './frame.ts';
import { BlockFrame } from './frame.ts';
import type { Stretches } from './stretches.ts';
import type { CaptureSummary, IssueLog } from './summary.ts';

/** A stretch of bytes that a parser works through: `start` moves up to `end`. */
export interface Chunk {
  view: DataView;
  start: number;
  end: number;
}

/**
 * One capture format. `parse` takes what is complete and leaves `chunk.start` at the first record that is not; `need` says
 * then how many bytes from there it wants before it is asked again.
 */
export interface Parser {
  need: number;
  /** Nothing more can be read: what follows is not in the format. */
  done: boolean;
  /**
   * It can go on here after somebody has left out records: how many descriptions of what follows it has read so far, none of which may be
   * left out. Undefined in the middle of something, and in formats that build on every record.
   */
  readonly described?: number | undefined;
  parse(chunk: Chunk): void;
  /** Does what `parse` does, for a reader that nobody gave a visitor: the same books, no frames. */
  count?(chunk: Chunk): void;
  /** Does what `parse` does, with records handed on many at once (`ParserContext.emitColumns`); some may still come as frames. */
  parseColumns?(chunk: Chunk, columns: FrameColumns): void;
  /**
   * Takes in of the stretch that begins at the chunk's start, and of those behind it, what the columns take in by themselves, up to the chunk's end; notes
   * each that begins, as long as `length` bytes, and gives where the last of them does.
   */
  passStretches?(chunk: Chunk, columns: FrameColumns, length: number, stretches: Stretches): number;
  /** The input is over, and `chunk` is what no record was made of yet. */
  finish?(chunk: Chunk): void;
  /** The input is over, with `rest` bytes that are no complete record. */
  end(rest: number): void;
}

/** Those that captures have. */
export type CaptureLimits = Pick<InputLimits, Extract<LimitName, `pcapng${string}`>>;

/** What parsers share: the frame they hand out, and the books they keep. */
export class ParserContext {
  readonly frame = new BlockFrame();
  readonly summary: CaptureSummary;
  readonly issues: IssueLog;
  /** Offset in the file of the chunk's first byte. */
  base = 0;
  /** Interfaces are to be described with all of their options. */
  keepOptions = false;
  /** Packets are handed on as they come: none waits for what is behind it to show that it is whole. */
  isPrompt = false;
  limits: CaptureLimits = DEFAULT_LIMITS;
  private readonly linkTypes = new Set<number>();
  private readonly onFrame: (frame: Frame) => void;
  private readonly onColumns: ((columns: FrameColumns) => void) | undefined;
  private firstSeconds = 0;
  private firstNanoseconds = 0;
  private lastSeconds = 0;
  private lastNanoseconds = 0;
  private timed = false;

  constructor(
    summary: CaptureSummary,
    issues: IssueLog,
    onFrame: (frame: Frame) => void,
    onColumns?: (columns: FrameColumns) => void,
  ) {
    this.summary = summary;
    this.issues = issues;
    this.onFrame = onFrame;
    this.onColumns = onColumns;
  }

  /** Counts `frame` and hands it on. Its fields but `number` must be set. */
  emit(timed: boolean): void {
    const frame = this.frame;
    const summary = this.summary;
    frame.number = ++summary.packets;
    summary.bytes += frame.length;
    summary.capturedBytes += frame.captured;
    if (frame.captured < frame.length) summary.cut++;
    if (timed) this.account(frame.seconds, frame.nanoseconds);
    this.onFrame(frame);
  }

  /** Counts records that have times and are summed up, hands them on and empties the columns. Their fields but `number` must be set. */
  emitColumns(columns: FrameColumns): void {
    const { count, seconds, nanoseconds, earliest, latest } = columns;
    if (count === 0) return;
    this.account(seconds[earliest] as number, nanoseconds[earliest] as number);
    this.account(seconds[latest] as number, nanoseconds[latest] as number);
    columns.number = this.summary.packets + 1;
    this.addAll(count, columns.bytes, columns.capturedBytes, columns.cut);
    this.onColumns?.(columns);
    columns.count = 0;
    columns.isPassed = false;
  }

  /** Counts packets that no frame is made of. */
  addAll(packets: number, bytes: number, capturedBytes: number, cut: number): void {
    const { summary } = this;
    summary.packets += packets;
    summary.bytes += bytes;
    summary.capturedBytes += capturedBytes;
    summary.cut += cut;
  }

  linkType(linkType: number): void {
    if (this.linkTypes.has(linkType)) return;
    this.linkTypes.add(linkType);
    this.summary.linkTypes.push(linkType);
  }

  finish(): void {
    if (!this.timed) return;
    this.summary.first = { seconds: this.firstSeconds, nanoseconds: this.firstNanoseconds };
    this.summary.last = { seconds: this.lastSeconds, nanoseconds: this.lastNanoseconds };
  }

  /** Keeps the earliest and the latest time. */
  account(seconds: number, nanoseconds: number): void {
    if (!this.timed) {
      this.timed = true;
      this.firstSeconds = this.lastSeconds = seconds;
      this.firstNanoseconds = this.lastNanoseconds = nanoseconds;
    } else if (
      seconds > this.lastSeconds ||
      (seconds === this.lastSeconds && nanoseconds > this.lastNanoseconds)
    ) {
      this.lastSeconds = seconds;
      this.lastNanoseconds = nanoseconds;
    } else if (
      seconds < this.firstSeconds ||
      (seconds === this.firstSeconds && nanoseconds < this.firstNanoseconds)
    ) {
      this.firstSeconds = seconds;
      this.firstNanoseconds = nanoseconds;
    }
  }
}

/** libpcap's limit on a record (MAXIMUM_SNAPLEN), and the largest that any file's own snaplen may raise it to. */
export const MOST_CAPTURED = 262144;
const MOST_SNAPLEN = 128 * 1024 * 1024;

/** Longest record that is believed, given the snaplen that the file says. */
export function recordLimit(snaplen: number): number {
  return Math.max(MOST_CAPTURED, Math.min(snaplen, MOST_SNAPLEN));
}
