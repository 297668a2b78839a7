/** As many packets as a stretch has: few enough that what is looked for in a few stretches is found soon. */
const PACKETS = 512;
/** As many bytes, however large packets are. */
const LEAST = 1 << 16;
const MOST = 1 << 20;

/** Bytes of the stretches to come, by the packets before. */
export function lengthOfStretch({
  capturedBytes,
  packets,
}: {
  readonly capturedBytes: number;
  readonly packets: number;
}): number {
  return Math.min(MOST, Math.max(LEAST, Math.ceil((capturedBytes / packets || 0) * PACKETS)));
}

export interface StretchesParts {
  readonly offsets: readonly number[];
  readonly packets: readonly number[];
  readonly least: readonly number[];
  readonly most: readonly number[];
  readonly needed: readonly number[];
}

/**
 * Where a capture can be entered again: at a record every few hundred packets, with what lies between it and the next. Somebody who reads the
 * capture for the first time fills it, somebody who looks for a part of it reads the stretches that may hold that part.
 */
export class Stretches {
  /** Offset in the file of each one's first byte, and the packets before it. */
  readonly offsets: number[] = [];
  readonly packets: number[] = [];
  /** Earliest and latest time that its packets may have, epoch seconds. */
  readonly #least: number[] = [];
  readonly #most: number[] = [];
  /** 1: it is needed whatever is looked for. */
  readonly #needed: number[] = [];
  /** The first one that packets which weren't told yet may be in. */
  #open = 0;

  get count(): number {
    return this.offsets.length;
  }

  begin(offset: number, packets: number): void {
    if (offset === this.offsets.at(-1)) return;
    this.offsets.push(offset);
    this.packets.push(packets);
    this.#least.push(Number.POSITIVE_INFINITY);
    this.#most.push(Number.NEGATIVE_INFINITY);
    // The file's header is in the first.
    this.#needed.push(this.count === 1 ? 1 : 0);
  }

  /** The newest holds something that has to be read each time. */
  need(): void {
    if (this.count > 0) this.#needed[this.count - 1] = 1;
  }

  /** Packets since the last time this was called are no earlier than `least` and no later than `most`. */
  timed(least: number, most: number): void {
    for (let i = this.#open; i < this.count; i++) {
      this.#least[i] = Math.min(this.#least[i] as number, least);
      this.#most[i] = Math.max(this.#most[i] as number, most);
    }
    this.#open = Math.max(0, this.count - 1);
  }

  parts(): StretchesParts {
    const { offsets, packets } = this;
    return { offsets, packets, least: this.#least, most: this.#most, needed: this.#needed };
  }

  static of({ offsets, packets, least, most, needed }: StretchesParts): Stretches {
    const stretches = new Stretches();
    for (let i = 0; i < offsets.length; i++) {
      stretches.offsets.push(offsets[i] as number);
      stretches.packets.push(packets[i] as number);
      stretches.#least.push(least[i] as number);
      stretches.#most.push(most[i] as number);
      stretches.#needed.push(needed[i] as number);
    }
    return stretches;
  }

  /** Those that are needed in any case or may hold a packet of one of the spans of time: begin and end of each in turn, epoch seconds, in order. */
  within(spans: Float64Array): Uint8Array {
    const wanted = Uint8Array.from(this.#needed);
    for (let i = 0; i < this.count; i++) {
      const at = firstEndingFrom(spans, this.#least[i] as number);
      if (at < spans.length && (spans[at] as number) <= (this.#most[i] as number)) wanted[i] = 1;
    }
    return wanted;
  }
}

/** Index of the first span whose end isn't before `time`; spans don't overlap. */
function firstEndingFrom(spans: Float64Array, time: number): number {
  let low = 0;
  let high = spans.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle * 2 + 1] as number) < time) low = middle + 1;
    else high = middle;
  }
  return low * 2;
}
