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

/** Of each stretch `STRETCH` words. */
export type StretchesParts = Float64Array<ArrayBuffer>;

/** Words of a stretch, and where each is. */
const STRETCH = 5;
const WORD = { offset: 0, packets: 1, least: 2, most: 3, needed: 4 } as const;
const FIRST = 64;

/**
 * Where a capture can be entered again: at a record every few hundred packets, with what lies between it and the next. Somebody who reads the
 * capture for the first time fills it, somebody who looks for a part of it reads the stretches that may hold that part.
 */
export class Stretches {
  count = 0;
  #words = new Float64Array(FIRST * STRETCH);
  /** The first one that packets which weren't told yet may be in. */
  #open = 0;

  /** Offset in the file of a stretch's first byte. */
  offset(stretch: number): number {
    return this.#word(stretch, WORD.offset);
  }

  /** The packets before it. */
  packets(stretch: number): number {
    return this.#word(stretch, WORD.packets);
  }

  begin(offset: number, packets: number): void {
    if (this.count > 0 && offset === this.offset(this.count - 1)) return;
    if (this.count * STRETCH === this.#words.length) {
      const larger = new Float64Array(this.#words.length * 2);
      larger.set(this.#words);
      this.#words = larger;
    }
    const at = this.count * STRETCH;
    const words = this.#words;
    words[at + WORD.offset] = offset;
    words[at + WORD.packets] = packets;
    words[at + WORD.least] = Number.POSITIVE_INFINITY;
    words[at + WORD.most] = Number.NEGATIVE_INFINITY;
    // The file's header is in the first.
    words[at + WORD.needed] = this.count === 0 ? 1 : 0;
    this.count++;
  }

  /** The newest holds something that has to be read each time. */
  need(): void {
    if (this.count > 0) this.#words[(this.count - 1) * STRETCH + WORD.needed] = 1;
  }

  /** Packets since the last time this was called are no earlier than `least` and no later than `most`: epoch seconds. */
  timed(least: number, most: number): void {
    const words = this.#words;
    for (let i = this.#open; i < this.count; i++) {
      const at = i * STRETCH;
      words[at + WORD.least] = Math.min(words[at + WORD.least] as number, least);
      words[at + WORD.most] = Math.max(words[at + WORD.most] as number, most);
    }
    this.#open = Math.max(0, this.count - 1);
  }

  parts(): StretchesParts {
    return this.#words.subarray(0, this.count * STRETCH);
  }

  /** To be looked at. */
  static of(parts: StretchesParts): Stretches {
    const stretches = new Stretches();
    stretches.#words = parts;
    stretches.count = parts.length / STRETCH;
    return stretches;
  }

  /** Those that are needed in any case or may hold a packet of one of the spans of time: begin and end of each in turn, epoch seconds, in order. */
  within(spans: Float64Array): Uint8Array {
    const wanted = new Uint8Array(this.count);
    for (let i = 0; i < this.count; i++) {
      const at = firstEndingFrom(spans, this.#word(i, WORD.least));
      const isWithin = at < spans.length && (spans[at] as number) <= this.#word(i, WORD.most);
      wanted[i] = isWithin || this.#word(i, WORD.needed) === 1 ? 1 : 0;
    }
    return wanted;
  }

  #word(stretch: number, word: number): number {
    return this.#words[stretch * STRETCH + word] as number;
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
