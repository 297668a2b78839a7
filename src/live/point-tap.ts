/** A capture point that is followed: its tap, the last of its packets, and what it has seen. */
import type { Frame } from '../capture/frame.ts';
import type { CapturePoint } from '../collect/capture-points.ts';
import type { Host } from '../collect/host.ts';
import { type CaptureProgram, ChildTap } from './child-tap.ts';
import { Window } from './window.ts';

export interface LivePoint {
  readonly point: CapturePoint;
  /** Since it was begun; bytes on the wire. */
  readonly packets: number;
  readonly bytes: number;
  /** Packets that the kernel had no room for; undefined: nobody tells. */
  readonly dropped: number | undefined;
  /** Why nothing is captured any more. */
  readonly ended?: string | undefined;
  /** The program that captures there gives no answer: it was stopped, or hangs. */
  readonly isSilent?: boolean;
}

export interface PointListener {
  /** `bytes`: what it takes to keep it. False: it isn't kept. */
  onPacket(frame: Frame, bytes: number): boolean;
  onEnd(reason: string): void;
  /** The program gives no answer any more (it was stopped, or hangs), or does so again. */
  onSilence(isSilent: boolean): void;
}

/** Milliseconds between two questions for what the kernel dropped. */
const ASK = 2000;
/** Questions without an answer until that is told. */
const UNANSWERED = 5;
/** Seconds that a packet is on its way to us as a rule, at most; and without any after which none is any more. */
const LATE = 0.1;
const QUIET = 0.3;
/** Seconds that a packet can be of the future. */
const AHEAD = 1;
/** Answers that are remembered: of longer than packets are kept. */
const MOST_LOSSES = 60;

export class PointTap implements LivePoint {
  readonly point: CapturePoint;
  readonly window: Window;
  readonly listening: Promise<void>;
  packets = 0;
  bytes = 0;
  dropped: number | undefined;
  ended: string | undefined;
  readonly #tap: ChildTap;
  readonly #listener: PointListener;
  /** Epoch seconds: when the last packet came here, and when it was captured. */
  #received = 0;
  #last = 0;
  /** Epoch seconds, and how many until then; the latest last. */
  readonly #losses: { readonly time: number; readonly dropped: number }[] = [];
  readonly #asking: NodeJS.Timeout;
  #unanswered = 0;

  constructor(
    point: CapturePoint,
    program: CaptureProgram,
    snaplen: number,
    host: Host,
    listener: PointListener,
  ) {
    this.point = point;
    this.#listener = listener;
    this.dropped = program.tellsDrops ? 0 : undefined;
    this.window = new Window(snaplen);
    this.#tap = new ChildTap(point, program, host, {
      onFrame: (frame: Frame) => {
        this.packets++;
        this.bytes += frame.length;
        this.#received = Date.now() / 1000;
        this.#last = frame.seconds + frame.nanoseconds / 1e9;
        // Of before the clock went back.
        if (this.#last > this.#received + AHEAD) return;
        if (listener.onPacket(frame, this.window.cost(frame))) this.window.add(frame);
      },
      onStatistics: ({ dropped }) => {
        this.dropped = dropped;
        if (this.isSilent) listener.onSilence(false);
        this.#unanswered = 0;
        this.#losses.push({ time: Date.now() / 1000, dropped });
        if (this.#losses.length > MOST_LOSSES) this.#losses.shift();
      },
      onEnd: (reason) => {
        this.ended = reason;
        clearInterval(this.#asking);
        listener.onEnd(reason);
      },
    });
    this.listening = this.#tap.listening;
    this.#asking = setInterval(() => {
      this.#tap.ask();
      if (program.tellsDrops && ++this.#unanswered === UNANSWERED) listener.onSilence(true);
    }, ASK);
    this.#asking.unref();
  }

  /** What passes here isn't seen. */
  get isSilent(): boolean {
    return this.#unanswered >= UNANSWERED;
  }

  /** It did, whatever became of it. */
  get hasListened(): boolean {
    return this.#tap.hasListened;
  }

  /** Of the program that captures. */
  get pid(): number | undefined {
    return this.#tap.pid;
  }

  /** Epoch seconds up to which all packets are known that passed here: where they come late, others are still on their way. */
  toldUntil(now: number): number {
    const isLate = this.#received - this.#last > LATE && now - this.#received < QUIET;
    return Math.min(now - LATE, isLate ? this.#last : now);
  }

  /** Packets that the kernel had no room for since a time (epoch seconds), or a little longer: it is asked now and then. */
  droppedSince(time: number): number | undefined {
    const before = this.#losses.findLast((each) => each.time <= time)?.dropped ?? 0;
    return this.dropped === undefined ? undefined : this.dropped - before;
  }

  /** What it has is of times that are still to come. */
  onClockBack(): void {
    this.window.clear();
    this.#received = 0;
    this.#last = 0;
    this.#losses.splice(0);
    if (this.dropped !== undefined)
      this.#losses.push({ time: Number.NEGATIVE_INFINITY, dropped: this.dropped });
  }

  /** Ends it for a reason of ours. */
  async leave(reason: string): Promise<void> {
    this.ended = reason;
    await this.stop();
    this.#listener.onEnd(reason);
  }

  async stop(): Promise<void> {
    clearInterval(this.#asking);
    await this.#tap.stop();
  }
}
