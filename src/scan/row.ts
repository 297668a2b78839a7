/**
 * A batch of plain packets, one row of 16 words each: rows that lie together are filled by the decoder and emptied by the flow
 * table while they are still in the first cache.
 */

/** Rows of a batch: enough for the flow table's loads to overlap, few enough to stay in the cache. */
export const BATCH = 512;
export const ROW_WORDS = 16;

/** Words of a row. */
export const ROW = {
  /** IPv4 addresses as numbers; IPv6 ones by their number in the address table. */
  source: 0,
  destination: 1,
  /** Source port in the upper half; an echo's identifier in both. */
  ports: 2,
  /** `kindOf`. */
  kind: 3,
  /** Epoch seconds, a double in two words. */
  time: 4,
  /** Bytes of the frame on the wire. */
  wire: 6,
  /** IP length and upper-layer payload in bytes. */
  length: 7,
  payload: 8,
  sequence: 9,
  acknowledgement: 10,
  /** TCP flags, TTL << 8, `MARK` << 16. */
  bits: 11,
  /** IPv4 identification; an ICMP echo's sequence number << 16. */
  id: 12,
  /** Number of its pair of MAC addresses. */
  macs: 13,
  /** Offset in the view of the bytes behind the ports or the echo's identifier, and of the end of the captured bytes. */
  at: 14,
  end: 15,
} as const;

/** What the decoder notes besides. */
export const MARK = {
  /** An answer of a name server that is none: its RCODE isn't 0. */
  nameError: 1,
  /** An echo request (else a reply). */
  echoRequest: 2,
  /** The snaplen has cut the frame. */
  cut: 8,
} as const;

export class Batch {
  readonly words = new Uint32Array(BATCH * ROW_WORDS);
  /** The same memory: the time of row `i` is at `i * ROW_WORDS / 2 + ROW.time / 2`. */
  readonly doubles = new Float64Array(this.words.buffer);
  count = 0;
}

/** Protocol, family and capture point in one word: with addresses and ports, what tells one conversation at one point from others. */
export function kindOf(protocol: number, isIpv6: boolean, point: number): number {
  return (protocol | (isIpv6 ? 256 : 0) | (point << 16)) >>> 0;
}

/** Points that a kind has room for. */
export const MOST_POINTS = 1 << 15;
