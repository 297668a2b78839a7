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
  /** Packets since the other side spoke; how often in a row that segment came again << 16; each counts to 255. The top bit: it sent data. */
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
  /** Of some of its packets TTL and MACs have been told. */
  told: 256,
} as const;

export const HAS_DATA = 0x80000000;
export const SYN_ONE = 1 << 16;
export const SYN_ACK_ONE = 1 << 24;

/** The same as plain data; what lies in a kernel's memory still does. */
export interface RecordsParts {
  readonly words: Uint32Array;
  readonly firsts: Float64Array;
  readonly told: Uint32Array<ArrayBuffer>;
  readonly count: number;
}

/** Records that there is room for at first; then eight times as many whenever it runs out. */
const FIRST = 1 << 12;
const GROWTH = 8;

/**
 * The room is one array: what isn't written yet is no memory of ours, only addresses, and one array is found faster than one of
 * several.
 */
export class Records {
  words: Uint32Array = new Uint32Array(FIRST * RECORD_WORDS);
  doubles: Float64Array = new Float64Array(this.words.buffer);
  /** Epoch seconds of each one's first packet. */
  firsts: Float64Array = new Float64Array(FIRST);
  count = 0;
  /** Of both sides of those with `NOTE.told`: so many packets. Memory of the others is never touched. */
  #told = new Uint32Array(0);
  #room = FIRST;

  parts(): RecordsParts {
    const { words, firsts, count } = this;
    return {
      words: words.subarray(0, count * RECORD_WORDS),
      firsts: firsts.subarray(0, count),
      told: this.#told,
      count,
    };
  }

  static of({ words, firsts, told, count }: RecordsParts): Records {
    const records = new Records();
    records.place(words, firsts);
    records.#told = told;
    records.count = count;
    return records;
  }

  /** From now on these are its arrays; they hold what the old ones did. */
  place(words: Uint32Array, firsts: Float64Array): void {
    this.words = words;
    this.doubles = new Float64Array(words.buffer, words.byteOffset, words.length / 2);
    this.firsts = firsts;
    this.#room = firsts.length;
  }

  /** A new record, all zero. */
  add(): number {
    if (this.count === this.#room) this.#grow();
    return this.count++;
  }

  #grow(): void {
    this.#room *= GROWTH;
    const words = new Uint32Array(this.#room * RECORD_WORDS);
    words.set(this.words);
    const firsts = new Float64Array(this.#room);
    firsts.set(this.firsts);
    this.place(words, firsts);
  }

  /** Copies a record over another one. */
  move(from: number, to: number): void {
    if (from === to) return;
    this.words.copyWithin(to * RECORD_WORDS, from * RECORD_WORDS, (from + 1) * RECORD_WORDS);
    this.firsts[to] = this.firsts[from] as number;
    if ((this.word(to, RECORD.notes) & NOTE.told) !== 0)
      this.#told.copyWithin(to * 2, from * 2, from * 2 + 2);
  }

  /** The first `count` stay; what comes after them is zero again. */
  cut(count: number): void {
    this.words.fill(0, count * RECORD_WORDS, this.count * RECORD_WORDS);
    this.count = count;
  }

  word(number: number, word: number): number {
    return this.words[number * RECORD_WORDS + word] as number;
  }

  /** A word of a side: 0 what the lower end sent, 1 the higher. */
  side(number: number, side: number, word: number): number {
    return this.word(number, RECORD.sides + side * RECORD.sideWords + word);
  }

  note(number: number, note: number): void {
    const at = number * RECORD_WORDS + RECORD.notes;
    this.words[at] = (this.words[at] as number) | note;
  }

  /** Epoch seconds. */
  first(number: number): number {
    return this.firsts[number] as number;
  }

  last(number: number): number {
    return this.doubles[(number * RECORD_WORDS + RECORD.last) >> 1] as number;
  }

  /** Packets of a side whose TTL and MACs have been told. */
  told(number: number, side: number): number {
    return (this.word(number, RECORD.notes) & NOTE.told) === 0
      ? 0
      : (this.#told[number * 2 + side] as number);
  }

  setTold(number: number, side: number, packets: number): void {
    if (number * 2 + 2 > this.#told.length) {
      const told = new Uint32Array(2 ** Math.ceil(Math.log2(number * 2 + 2)));
      told.set(this.#told);
      this.#told = told;
    }
    if ((this.word(number, RECORD.notes) & NOTE.told) === 0) this.#told.fill(0, number * 2, number * 2 + 2);
    this.note(number, NOTE.told);
    this.#told[number * 2 + side] = packets;
  }
}
