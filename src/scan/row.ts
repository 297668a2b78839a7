/**
 * A batch of plain packets, one row of 16 words each: rows that lie together are filled by the decoder and emptied by the flow
 * table while they are still in the first cache.
 */

/** Rows of a batch: enough for the flow table's loads to overlap and for what a stretch of a capture mostly has, few enough to stay in the cache. */
export const BATCH = 1024;
export const ROW_WORDS = 16;

/**
 * Words of a row. The first four are the key of its conversation, as a record has them: the ends in order of address and port, so that
 * both directions have one.
 */
export const ROW = {
  /** The lower and the higher end: IPv4 addresses as numbers, IPv6 ones by their number in the address table. */
  low: 0,
  high: 1,
  /** The lower end's port in the upper half; an echo's identifier in both. */
  ports: 2,
  /** `kindOf`. */
  kind: 3,
  /** Epoch seconds, a double in two words. */
  time: 4,
  /** Bytes of the frame on the wire. */
  wire: 6,
  /** `hashOf` the key. */
  hash: 7,
  /** Upper-layer payload in bytes. */
  payload: 8,
  /** TCP's; what stands there for others is of no packet. */
  sequence: 9,
  acknowledgement: 10,
  /** TCP flags, TTL << 8, `MARK` << 16. */
  bits: 11,
  /** IPv4 identification; an ICMP echo's sequence number << 16. */
  id: 12,
  /** Number of its pair of MAC addresses. */
  macs: 13,
  /** Offset in the kernel's memory of the bytes behind the ports or the echo's identifier, and of the end of the captured bytes. */
  at: 14,
  end: 15,
} as const;

/** What the decoder notes besides. */
export const MARK = {
  /** The higher end sent it: the side that it counts for. */
  high: 1,
  /** An answer of a name server that is none: its RCODE isn't 0. */
  nameError: 2,
  /** An echo, and a request (else a reply). */
  echo: 4,
  echoRequest: 8,
  /** The snaplen has cut the frame. */
  cut: 16,
  /** A TCP segment with more than a byte of data: not a keepalive. */
  segment: 32,
  /** One of those that are signed wherever they are seen. */
  sampled: 64,
} as const;

export class Batch {
  readonly words: Uint32Array;
  /** The same memory: the time of row `i` is at `i * ROW_WORDS / 2 + ROW.time / 2`. */
  readonly doubles: Float64Array;
  count = 0;

  constructor(words: Uint32Array = new Uint32Array(BATCH * ROW_WORDS)) {
    this.words = words;
    this.doubles = new Float64Array(words.buffer, words.byteOffset, words.length / 2);
  }
}

/** Protocol, family and capture point in one word: with addresses and ports, what tells one conversation at one point from others. */
export function kindOf(protocol: number, isIpv6: boolean, point: number): number {
  return (protocol | (isIpv6 ? 256 : 0) | (point << 16)) >>> 0;
}

/** Points that a kind has room for. */
export const MOST_POINTS = 1 << 15;
