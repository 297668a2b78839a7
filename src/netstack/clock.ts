/** jiffies: the clock that limits are reckoned by goes on CONFIG_HZ times a second, at moments that no packet shows. */
export interface Clock {
  readonly hz: number;
  /** Epoch seconds of one of its ticks. */
  readonly tick: number;
}

/** Seconds from one moment (epoch seconds) to another as that clock counts them; exact ones where its ticks aren't known. */
export function elapsed(clock: Clock | undefined, from: number, to: number): number {
  if (!clock) return Math.max(0, to - from);
  const ticks = (time: number) => Math.floor((time - clock.tick) * clock.hz);
  return Math.max(0, ticks(to) - ticks(from)) / clock.hz;
}
