/**
 * TCP's numbers made absolute again. tcpdump prints those of a connection's first segment with ACK as they are, and subtracts them
 * from all later ones with ACK (tcp_print() in print-tcp.c, `tseq_hash`); with `-S` it doesn't. Which of the two a number is,
 * shows: of both readings one lies near the connection's beginning.
 */
export interface SegmentNumbers {
  /** Names the connection and its direction; the same text for both ends the other way round. */
  readonly from: string;
  readonly to: string;
  /** FIN 1, SYN 2, ACK 16 … */
  readonly flags: number;
  readonly sequence?: number | undefined;
  readonly acknowledgement?: number | undefined;
  /** Sequence numbers that it uses up: data, SYN and FIN. */
  readonly length: number;
}

export interface AbsoluteNumbers {
  readonly sequence: number;
  readonly acknowledgement: number;
  /** False: guessed, or counted from an arbitrary number. */
  readonly sequenceTold: boolean;
  readonly acknowledgementTold: boolean;
}

/** What the numbers of one sender are counted from. */
interface Base {
  readonly number: number;
  /** It was never printed: 0 stands for it. */
  readonly arbitrary: boolean;
}

const FIN = 1;
const SYN = 2;
const ACK = 16;
/** A first segment whose numbers are smaller is taken out of the middle, where they are counted from the beginning. */
const SMALL = 1 << 20;

export class SequenceBook {
  readonly #bases = new Map<string, Base>();
  /** The number behind all that a side has sent. */
  readonly #next = new Map<string, number>();
  readonly #absolute: boolean | undefined;

  /** `absolute`: was `-S` given; undefined where nobody knows. */
  constructor(absolute?: boolean) {
    this.#absolute = absolute;
  }

  resolve(segment: SegmentNumbers): AbsoluteNumbers {
    const { from, to, flags, sequence, acknowledgement } = segment;
    const there = `${from} ${to}`;
    const back = `${to} ${from}`;
    const acked = (flags & ACK) !== 0;
    if ((flags & SYN) !== 0) this.#next.delete(there);
    const first = acked && ((flags & SYN) !== 0 || !this.#bases.has(there));
    if (first) this.#begin(segment, there, back);
    const own = acked ? this.#bases.get(there) : undefined;
    const other = this.#bases.get(back);
    const seq = sequence === undefined || !acked ? sequence : this.#absoluteOf(sequence, own, first);
    const ack = acknowledgement === undefined ? undefined : this.#absoluteOf(acknowledgement, other, first);
    const before = this.#next.get(there);
    const known = seq ?? before ?? own?.number ?? 0;
    const end = (known + segment.length) >>> 0;
    if (before === undefined || ((end - before) | 0) > 0) this.#next.set(there, end);
    if (ack !== undefined && !this.#next.has(back)) this.#next.set(back, ack >>> 0);
    return {
      sequence: known >>> 0,
      acknowledgement: (ack ?? 0) >>> 0,
      sequenceTold: seq !== undefined && !own?.arbitrary,
      acknowledgementTold: ack !== undefined && !other?.arbitrary,
    };
  }

  #begin({ flags, sequence, acknowledgement }: SegmentNumbers, there: string, back: string): void {
    const middle =
      (flags & SYN) === 0 &&
      this.#absolute !== true &&
      (sequence ?? 0) < SMALL &&
      (acknowledgement ?? 0) < SMALL &&
      !this.#next.has(there);
    const start = middle ? undefined : (sequence ?? this.#next.get(there));
    this.#bases.set(there, { number: start ?? 0, arbitrary: start === undefined });
    this.#bases.set(back, { number: middle ? 0 : ((acknowledgement ?? 1) - 1) >>> 0, arbitrary: middle });
  }

  /** `first`: of the segment that the others are counted from. */
  #absoluteOf(number: number, base: Base | undefined, first: boolean): number {
    if (!base || this.#absolute === true || (first && !base.arbitrary)) return number;
    const relative = (number + base.number) >>> 0;
    if (this.#absolute === false || base.arbitrary) return relative;
    return Math.abs((number - base.number) | 0) < Math.abs(number | 0) ? number : relative;
  }
}

export function usedUp(flags: number, length: number): number {
  return length + ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0);
}
