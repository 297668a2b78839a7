export interface Macs {
  readonly source?: number;
  readonly destination?: number;
}

/** Stands for a receiver that the header doesn't tell: no packet that is plain goes to the broadcast address. */
export const NO_RECEIVER = -1;

/** Of the twelve bytes of an Ethernet header (receiver, sender), as three words; of SLL's source with `NO_RECEIVER` before it. */
export function macsOf(words: ArrayLike<number>): Macs {
  const [a = 0, b = 0, c = 0] = Array.from(words, (word) => word >>> 0);
  const source = (b & 0xffff) * 2 ** 32 + c;
  return a === NO_RECEIVER >>> 0 && b >>> 16 === 0xffff
    ? { source }
    : { source, destination: a * 2 ** 16 + (b >>> 16) };
}
