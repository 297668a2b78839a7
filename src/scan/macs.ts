export interface Macs {
  readonly source?: number;
  readonly destination?: number;
}

/** Stands for a receiver that the header doesn't tell: no packet that is plain goes to the broadcast address. */
export const NO_RECEIVER = -1;

/** Words of a pair: the twelve bytes of an Ethernet header (receiver, sender), or SLL's sender with `NO_RECEIVER` before it; and one that is empty. */
const PAIR_WORDS = 4;

export function macsOf(words: Uint32Array, pair: number): Macs {
  const at = pair * PAIR_WORDS;
  const a = words[at] as number;
  const b = words[at + 1] as number;
  const source = (b & 0xffff) * 2 ** 32 + (words[at + 2] as number);
  return a === NO_RECEIVER >>> 0 && b >>> 16 === 0xffff
    ? { source }
    : { source, destination: a * 2 ** 16 + (b >>> 16) };
}

/** Of pairs that one station sent, or that one received, the first that was asked for stands for the others. */
export class MacSides {
  readonly #words: Uint32Array;
  readonly #bySender = new Side('source');
  readonly #byReceiver = new Side('destination');

  /** Of all pairs. */
  constructor(words: Uint32Array) {
    this.#words = words;
  }

  sender(pair: number): number {
    return this.#bySender.first(this.#words, pair);
  }

  receiver(pair: number): number {
    return this.#byReceiver.first(this.#words, pair);
  }
}

const FIRST_PAIRS = 256;

class Side {
  readonly #side: keyof Macs;
  readonly #known = new Map<number | undefined, number>();
  /** Of each pair the one that stands for it, plus one; pairs behind its end have not been asked for. */
  #first = new Uint32Array(FIRST_PAIRS);

  constructor(side: keyof Macs) {
    this.#side = side;
  }

  first(words: Uint32Array, pair: number): number {
    const first = this.#first[pair];
    return first ? first - 1 : this.#ask(words, pair);
  }

  #ask(words: Uint32Array, pair: number): number {
    const mac = pair === 0 ? undefined : macsOf(words, pair)[this.#side];
    const first = this.#known.get(mac) ?? pair;
    this.#known.set(mac, first);
    if (pair >= this.#first.length) {
      const longer = new Uint32Array(2 ** Math.ceil(Math.log2(pair + 1)));
      longer.set(this.#first);
      this.#first = longer;
    }
    this.#first[pair] = first + 1;
    return first;
  }
}
