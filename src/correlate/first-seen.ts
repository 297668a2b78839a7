/** Which packets of several captures, taken in order of time, are seen for the first time. */

/** A packet reaches the next capture point within this many seconds, or it is another packet. */
const SAME_PACKET_SECONDS = 3;
/** Entries that are kept before old ones are looked for. */
const SWEEP = 1 << 16;

interface Seen {
  time: number;
  readonly points: Set<number>;
}

export class FirstSeen {
  readonly #bySignature = new Map<string, Seen>();

  /**
   * `signature`: of correlate/signature.ts; a packet that has none is always new. The same packet at a second point is
   * not new; at the same point again it is another one (a retransmission).
   */
  isNew(point: number, time: number, signature: string | undefined): boolean {
    if (signature === undefined) return true;
    const seen = this.#bySignature.get(signature);
    if (seen && time - seen.time <= SAME_PACKET_SECONDS && !seen.points.has(point)) {
      seen.points.add(point);
      return false;
    }
    if (this.#bySignature.size >= SWEEP) this.#sweep(time);
    this.#bySignature.set(signature, { time, points: new Set([point]) });
    return true;
  }

  #sweep(now: number): void {
    for (const [signature, { time }] of this.#bySignature) {
      if (now - time > SAME_PACKET_SECONDS) this.#bySignature.delete(signature);
    }
  }
}
