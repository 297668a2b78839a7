/** Time stamps as they are written: draft-ietf-opsawg-pcapng sections 4.2 and 4.3. */

export interface StampClock {
  /** Digits behind the point. */
  readonly resolution: 6 | 9;
  /** Seconds that readers add: if_tsoffset. */
  readonly offset: number;
}

const LAST_STAMP = 2n ** 64n - 1n;

/** A time that the interface can't tell becomes the nearest one that it can. */
export function stampOf({ resolution, offset }: StampClock, seconds: number, nanoseconds: number): bigint {
  const since = seconds - offset;
  if (since < 0) return 0n;
  const [unit, fraction] =
    resolution === 9 ? [1_000_000_000n, nanoseconds] : [1_000_000n, nanoseconds / 1000];
  const stamp = BigInt(since) * unit + BigInt(Math.floor(fraction));
  return stamp > LAST_STAMP ? LAST_STAMP : stamp;
}
