/** A set asked about a packet (struct ip_set_adt_opt), and what it says. */
import type { Unknown } from '../base/ternary.ts';
import type { Skb } from '../skb/skb.ts';
import type { Direction } from './dimension.ts';
import type { Clock, Element, EntryValues, SkbInfo } from './element.ts';

export interface Query {
  readonly skb: Skb;
  /** One for each dimension. */
  readonly directions: readonly Direction[];
  readonly returnNomatch: boolean;
  /** IPSET_FLAG_MATCH_COUNTERS: holds for the element's own counters, with this packet counted. */
  readonly counters?: (packets: bigint, bytes: bigint) => boolean;
  /** IPSET_FLAG_SKIP_COUNTER_UPDATE */
  readonly skipCounters: boolean;
  /** IPSET_FLAG_SKIP_SUBCOUNTER_UPDATE */
  readonly skipSubcounters: boolean;
  /** IPSET_FLAG_EXIST: adding what is there refreshes it. */
  readonly exist: boolean;
  /** Seconds; the set's default when absent. */
  readonly timeout?: number;
  /** Filled in by the element that matched: what `--map-set` maps. */
  found: SkbInfo | undefined;
}

/** `nomatch`: an exception matched (-ENOTEMPTY). `fill`: the element wants the packet's MAC address first (-EAGAIN). */
export type Tested = 'in' | 'out' | 'nomatch' | 'fill' | Unknown;

/** Why an element was not added or deleted; the kernel's own words follow in commands.ts. */
export type Changed = 'done' | 'exists' | 'missing' | 'full' | 'range' | 'invalid' | Unknown;

/** How the members of a list are asked: ip_set_test(), ip_set_add(), ip_set_del(). */
export interface Members {
  test(name: string, query: Query): Tested;
  change(change: 'add' | 'del', name: string, query: Query): Changed;
}

/** What a set of any type does. `kadt` and `uadt` of struct ip_set_type_variant. */
export interface Store {
  readonly size: number;
  test(query: Query): Tested;
  add(query: Query): Changed;
  del(query: Query): Changed;
  /** `ipset test`, `ipset add -exist`, `ipset del`. */
  testEntry(entry: EntryValues): Tested;
  addEntry(entry: EntryValues, exist: boolean): Changed;
  delEntry(entry: EntryValues): Changed;
  flush(): void;
  /**
   * The same elements for a world whose time is the clock's: what neither of them changes both have in common. This one, which was
   * made at time 0, must not be changed any more.
   */
  share(clock: Clock, members: Members): Store;
  /** Those that are not expired. */
  elements(): Iterable<Element>;
}
