/** What passes the links of the namespaces, by the kernel's counters as they are read from time to time. */
import type { HostState } from './host-state.ts';

/** Of the time between two readings. */
export interface LinkRate {
  /** Both ways, a second. */
  readonly packets: number;
  readonly bytes: number;
  /** Packets that the device had no room for, or nobody to give to, both ways. */
  readonly dropped: number;
  readonly errors: number;
  /** Seconds between the readings. */
  readonly span: number;
}

/** By `host:eth0`. */
export type LinkRates = ReadonlyMap<string, LinkRate>;

export class LinkBook {
  #rates: LinkRates = new Map();

  /** Takes what was read since. */
  update(_state: HostState): LinkRates {
    return this.#rates;
  }
}
