/** When it is worth telling how much is kept: as it begins, now and then while it lasts, and as all is kept again. */
import type { LiveEvent } from './events.ts';
import type { Sampling } from './sampler.ts';

/** Seconds. */
const NOW_AND_THEN = 10;

export class SamplingNews {
  #told: number | undefined;

  /** Of now; undefined: nothing is new. `time`: epoch seconds. */
  next(sampling: Sampling | undefined, time: number): LiveEvent | undefined {
    if (!sampling) {
      if (this.#told === undefined) return undefined;
      this.#told = undefined;
      return { event: 'sampled', time, share: 1, aside: 0 };
    }
    const { share, aside } = sampling;
    // Of the first second nothing is known yet.
    if (share >= 1 || (this.#told !== undefined && time - this.#told < NOW_AND_THEN)) return undefined;
    this.#told = time;
    return { event: 'sampled', time, share: Number(share.toPrecision(3)), aside };
  }
}
