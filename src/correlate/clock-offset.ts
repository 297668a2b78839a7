/**
 * How far one machine's clock is ahead of another's, by packets that both saw: a packet can't arrive before it was sent, so one way
 * says at most how much, and the other way at least (as NTP reckons, RFC 5905). Without packets both ways it is a bound alone.
 */

/** One packet on two machines: when each saw it (its own clock, epoch seconds), and which of them sent it on to the other. */
export interface SharedPacket {
  readonly here: number;
  readonly there: number;
  /** Undefined: neither TTL nor addresses tell. */
  readonly toThere: boolean | undefined;
}

export interface ClockOffset {
  /** Seconds that the other clock is ahead. */
  readonly offset: number;
  /** It is that within plus or minus so many seconds. */
  readonly error: number;
  readonly packets: number;
  /** All packets went one way: it may be less by the time that they took. */
  readonly oneWay: boolean;
}

/** Packets look alike by chance, and retransmissions do; those that agree within so many seconds are believed. */
const WINDOW = 0.5;

export function clockOffset(shared: readonly SharedPacket[]): ClockOffset | undefined {
  const agreeing = densest(shared.map((one) => ({ ...one, ahead: one.there - one.here })));
  const [first] = agreeing;
  if (!first) return undefined;
  const most = Math.min(...agreeing.filter(({ toThere }) => toThere === true).map(({ ahead }) => ahead));
  const least = Math.max(...agreeing.filter(({ toThere }) => toThere === false).map(({ ahead }) => ahead));
  const packets = agreeing.length;
  if (Number.isFinite(most) && Number.isFinite(least)) {
    return { offset: (most + least) / 2, error: Math.abs(most - least) / 2, packets, oneWay: false };
  }
  const spread = (agreeing.at(-1)?.ahead ?? first.ahead) - first.ahead;
  if (Number.isFinite(most)) return { offset: most, error: spread, packets, oneWay: true };
  if (Number.isFinite(least)) return { offset: least, error: spread, packets, oneWay: true };
  return { offset: first.ahead + spread / 2, error: spread / 2, packets, oneWay: true };
}

/** In order of `ahead`: the most that lie within the window; of equal numbers, those that lie closest. */
function densest<T extends { readonly ahead: number }>(samples: readonly T[]): T[] {
  const sorted = samples.toSorted((left, right) => left.ahead - right.ahead);
  let best = { from: 0, to: 0, width: 0 };
  let to = 0;
  for (const [from, { ahead }] of sorted.entries()) {
    while (to < sorted.length && (sorted[to]?.ahead ?? 0) - ahead <= WINDOW) to++;
    const width = (sorted[to - 1]?.ahead ?? ahead) - ahead;
    const more = to - from - (best.to - best.from);
    if (more > 0 || (more === 0 && width < best.width)) best = { from, to, width };
  }
  return sorted.slice(best.from, best.to);
}
