/**
 * What one capture point saw of one conversation, in the order of first sight: 16 words that every packet touches, which are one line of
 * the cache, and 4 beside that few do. The ends are in order of address and port, so that both directions have one key: side 0 is
 * what the lower end sent, side 1 what the higher did.
 */

export const RECORD_WORDS = 16;

export const RECORD = {
  /** The key: lower and higher end's address, their ports (lower end's in the upper half), `kindOf`. */
  low: 0,
  high: 1,
  ports: 2,
  kind: 3,
  /** Epoch seconds of its last packet; a double. */
  last: 4,
  /** `NOTE`, SYNs << 16, SYN-ACKs << 24; each counts to 255. */
  notes: 6,
  /** Words of a side, and where each begins. */
  sides: 8,
  sideWords: 4,
} as const;

export const SIDE = {
  packets: 0,
  /** Sequence number of the last segment with more than a byte of data. */
  sequence: 1,
  /** TCP flags of all packets, TTL of the last << 8, number of its pair of MACs << 16. */
  bits: 2,
  /**
   * Packets since the other side spoke; the most there ever were << 8; how often in a row that segment came again << 16; each counts to
   * 255. The top bit: it sent data.
   */
  rows: 3,
} as const;

/** What is noted of a record as a whole; 16 bits. */
export const NOTE = {
  /** The higher end's packet was read first. */
  highFirst: 1,
  /** The initiator is known for sure, and it is the higher end. */
  certain: 2,
  highBegan: 4,
  /** A TTL below that of the packet before it. */
  ttlFell: 8,
  nameError: 32,
  /** The last packet is the higher end's. */
  highLast: 64,
  /** It has been decided that its packets are wanted one by one. */
  wanted: 128,
} as const;

export const HAS_DATA = 0x80000000;
export const SYN_ONE = 1 << 16;
export const SYN_ACK_ONE = 1 << 24;

/** Words beside: time of the first packet (a double), and of each side the packets whose TTL and MACs have been told. */
export const BESIDE_WORDS = 4;
export const BESIDE = { first: 0, told: 2 } as const;

/** Records of a segment: they grow by segments, since growing by copying would touch every page again and again. */
const SHIFT = 13;
const SEGMENT = 1 << SHIFT;

/** Both arrays of one buffer. */
interface Words {
  readonly words: Uint32Array<ArrayBuffer>;
  readonly doubles: Float64Array<ArrayBuffer>;
}

export class Records {
  readonly words: Uint32Array<ArrayBuffer>[] = [];
  readonly doubles: Float64Array<ArrayBuffer>[] = [];
  readonly beside: Words[] = [];
  count = 0;

  /** Records that another thread made. */
  static of({ words, beside, count }: PlainRecords): Records {
    const records = new Records();
    for (const segment of words) records.#push(segment);
    for (const segment of beside) records.beside.push(both(segment));
    records.count = count;
    return records;
  }

  /** As they cross to another thread: the segments themselves. */
  plain(): PlainRecords {
    return { words: this.words, beside: this.beside.map(({ words }) => words), count: this.count };
  }

  /** A new record, all zero. */
  add(): number {
    const number = this.count++;
    if (number >> SHIFT === this.words.length) {
      this.#push(new Uint32Array(SEGMENT * RECORD_WORDS));
      this.beside.push(both(new Uint32Array(SEGMENT * BESIDE_WORDS)));
    }
    return number;
  }

  /** Copies a record over another one. */
  move(from: number, to: number): void {
    if (from === to) return;
    const at = Records.at(from);
    this.segment(to).set(this.segment(from).subarray(at, at + RECORD_WORDS), Records.at(to));
    const source = (from & (SEGMENT - 1)) * BESIDE_WORDS;
    const { words } = this.beside[to >> SHIFT] as Words;
    const { words: own } = this.beside[from >> SHIFT] as Words;
    words.set(own.subarray(source, source + BESIDE_WORDS), (to & (SEGMENT - 1)) * BESIDE_WORDS);
  }

  /** The first `count` stay; what comes after them is zero again. */
  cut(count: number): void {
    for (let number = count; number < this.count; number++) {
      const at = Records.at(number);
      this.segment(number).fill(0, at, at + RECORD_WORDS);
      const beside = (number & (SEGMENT - 1)) * BESIDE_WORDS;
      (this.beside[number >> SHIFT] as Words).words.fill(0, beside, beside + BESIDE_WORDS);
    }
    this.count = count;
  }

  #push(segment: Uint32Array<ArrayBuffer>): void {
    this.words.push(segment);
    this.doubles.push(new Float64Array(segment.buffer));
  }

  segment(number: number): Uint32Array<ArrayBuffer> {
    return this.words[number >> SHIFT] as Uint32Array<ArrayBuffer>;
  }

  doublesOf(number: number): Float64Array<ArrayBuffer> {
    return this.doubles[number >> SHIFT] as Float64Array<ArrayBuffer>;
  }

  /** Offset of its first word in its segment. */
  static at(number: number): number {
    return (number & (SEGMENT - 1)) * RECORD_WORDS;
  }

  word(number: number, word: number): number {
    return this.segment(number)[Records.at(number) + word] as number;
  }

  /** A word of a side: 0 what the lower end sent, 1 the higher. */
  side(number: number, side: number, word: number): number {
    return this.word(number, RECORD.sides + side * RECORD.sideWords + word);
  }

  note(number: number, note: number): void {
    const words = this.segment(number);
    const at = Records.at(number) + RECORD.notes;
    words[at] = (words[at] as number) | note;
  }

  /** Epoch seconds. */
  first(number: number): number {
    const { doubles } = this.beside[number >> SHIFT] as Words;
    return doubles[((number & (SEGMENT - 1)) * BESIDE_WORDS + BESIDE.first) >> 1] as number;
  }

  setFirst(number: number, time: number): void {
    const { doubles } = this.beside[number >> SHIFT] as Words;
    doubles[((number & (SEGMENT - 1)) * BESIDE_WORDS + BESIDE.first) >> 1] = time;
  }

  last(number: number): number {
    return this.doublesOf(number)[(Records.at(number) + RECORD.last) >> 1] as number;
  }

  /** Packets of a side whose TTL and MACs were not told yet; from now on they are. */
  tell(number: number, side: number, packets: number): number {
    const { words } = this.beside[number >> SHIFT] as Words;
    const at = (number & (SEGMENT - 1)) * BESIDE_WORDS + BESIDE.told + side;
    const told = words[at] as number;
    words[at] = packets;
    return packets - told;
  }
}

/** Typed arrays alone. */
export interface PlainRecords {
  readonly words: readonly Uint32Array<ArrayBuffer>[];
  readonly beside: readonly Uint32Array<ArrayBuffer>[];
  readonly count: number;
}

function both(words: Uint32Array<ArrayBuffer>): Words {
  return { words, doubles: new Float64Array(words.buffer) };
}
