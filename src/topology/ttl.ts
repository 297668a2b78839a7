/** What systems begin with: Linux and BSD 64, Windows 128, network gear 255, old systems 32. */
const INITIAL = [32, 64, 128, 255];

/** Routers a packet with this TTL has come through, if it began with the next usual value. */
export function hopsOfTtl(ttl: number): number {
  const initial = INITIAL.find((value) => value >= ttl) ?? 255;
  return initial - ttl;
}

/** Of many packets: the least, leaving aside those of traceroute and multicast, whose small TTLs say nothing. */
export function hopsOf(ttls: ReadonlyMap<number, number>): number {
  const usual = [...ttls.keys()].filter((ttl) => hopsOfTtl(ttl) < 24 && ttl > 4);
  return usual.length === 0 ? 0 : Math.min(...usual.map(hopsOfTtl));
}
