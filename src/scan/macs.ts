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
