/** An element of a running set with its extensions: ip_set_match_extensions(), net/netfilter/ipset/ip_set_core.c. */
import type { Skb } from '../skb/skb.ts';
import type { Query } from './query.ts';
import type { EntryOptions, Part, SetEntry, SetHeader } from './record.ts';

export interface Element {
  parts: readonly Part[];
  nomatch: boolean;
  readonly wildcard: boolean;
  /** Epoch seconds; Infinity: for ever. Of what worlds share: seconds since their beginning. */
  expires: number;
  packets: bigint;
  bytes: bigint;
  comment: string | undefined;
  skb: SkbInfo;
  /** Its place in the order of a set that evicts elements. */
  readonly order: number;
}

export interface SkbInfo {
  readonly mark: number;
  readonly mask: number;
  readonly priority: number;
  readonly queue: number;
}

/** An entry without its place. */
export type EntryValues = EntryOptions & { readonly parts: readonly Part[] };

/** What all sets of a namespace share. */
export interface Clock {
  /** Epoch seconds of the packet at hand. */
  now: number;
  /** While something is only tried out: how to take back each change. */
  journal: (() => void)[] | undefined;
}

export const NO_INFO: SkbInfo = { mark: 0, mask: 0, priority: 0, queue: 0 };

/** An element of a dump, for one world: its seconds begin to run at `origin`. */
export function copyOf(element: Element, origin: number): Element {
  return { ...element, expires: element.expires + origin };
}

export function isExpired(element: Element, { now }: Clock): boolean {
  return element.expires <= now;
}

/** Changes an element; taken back when it was only a trial. */
export function alter(element: Element, clock: Clock, change: Partial<Element>): void {
  if (clock.journal) {
    const before: Element = { ...element };
    clock.journal.push(() => Object.assign(element, before));
  }
  Object.assign(element, change);
}

/** Timeout, counters and skbinfo, in that order; the packet counts before the counters are looked at. */
export function matchExtensions(element: Element, header: SetHeader, query: Query, clock: Clock): boolean {
  if (isExpired(element, clock)) return false;
  if (header.counters) {
    if (!query.skipCounters) {
      const counted = { packets: element.packets + 1n, bytes: element.bytes + BigInt(query.skb.length) };
      alter(element, clock, counted);
    }
    if (query.counters && !query.counters(element.packets, element.bytes)) return false;
  }
  if (header.skbinfo) query.found = element.skb;
  return true;
}

/** IP_SET_INIT_KEXT: what a packet that adds an element gives it. */
export function packetValues(skb: Skb, parts: readonly Part[], query: Query): EntryValues {
  return {
    parts,
    packets: 1n,
    bytes: BigInt(skb.length),
    ...(query.timeout === undefined ? {} : { timeout: query.timeout }),
  };
}

export function expiryOf(timeout: number | undefined, header: SetHeader, clock: Clock): number {
  const seconds = timeout ?? header.timeout;
  return header.timeout === undefined || seconds === undefined || seconds === 0
    ? Number.POSITIVE_INFINITY
    : clock.now + seconds;
}

export function skbInfoOf({ skbmark, skbprio, skbqueue }: EntryOptions): SkbInfo {
  if (skbmark === undefined && skbprio === undefined && skbqueue === undefined) return NO_INFO;
  return {
    mark: skbmark?.mark ?? 0,
    mask: skbmark?.mask ?? 0,
    priority: skbprio ?? 0,
    queue: skbqueue ?? 0,
  };
}

export function newElement(entry: EntryValues, header: SetHeader, clock: Clock, order: number): Element {
  return {
    parts: entry.parts,
    nomatch: entry.nomatch ?? false,
    wildcard: entry.wildcard ?? false,
    expires: expiryOf(entry.timeout, header, clock),
    packets: entry.packets ?? 0n,
    bytes: entry.bytes ?? 0n,
    comment: entry.comment,
    skb: skbInfoOf(entry),
    order,
  };
}

/** Adding what is there already writes its extensions anew; counters only when some are given. */
export function renewed(
  element: Element,
  entry: EntryValues,
  header: SetHeader,
  clock: Clock,
): Partial<Element> {
  return {
    nomatch: entry.nomatch ?? false,
    expires: expiryOf(entry.timeout, header, clock),
    packets: entry.packets ?? element.packets,
    bytes: entry.bytes ?? element.bytes,
    comment: entry.comment,
    skb: skbInfoOf(entry),
  };
}

/** As a dump would show it now. */
export function entryOf(element: Element, header: SetHeader, clock: Clock, span: SetEntry['span']): SetEntry {
  const { mark, mask, priority, queue } = element.skb;
  return {
    parts: element.parts,
    ...(header.timeout === undefined ? {} : { timeout: secondsLeft(element, clock) }),
    ...(element.nomatch ? { nomatch: true as const } : {}),
    ...(element.wildcard ? { wildcard: true as const } : {}),
    ...(header.counters ? { packets: element.packets, bytes: element.bytes } : {}),
    ...(element.comment === undefined ? {} : { comment: element.comment }),
    ...(mark === 0 && mask === 0 ? {} : { skbmark: { mark, mask } }),
    ...(priority === 0 ? {} : { skbprio: priority }),
    ...(queue === 0 ? {} : { skbqueue: queue }),
    span,
  };
}

/** ip_set_timeout_get(): whole seconds, but 0 means for ever. */
function secondsLeft({ expires }: Element, { now }: Clock): number {
  return expires === Number.POSITIVE_INFINITY ? 0 : Math.max(1, Math.floor(expires - now));
}
