/** mtype_test(), mtype_add() and mtype_del(), net/netfilter/ipset/ip_set_bitmap_gen.h; MAC addresses as in ip_set_bitmap_ipmac.c. */
import { isUnknown, type Unknown } from '../../base/ternary.ts';
import {
  alter,
  type Clock,
  copyOf,
  type Element,
  type EntryValues,
  expiryOf,
  isExpired,
  matchExtensions,
  newElement,
  packetValues,
  renewed,
} from '../element.ts';
import type { Changed, Query, Store, Tested } from '../query.ts';
import type { Part, SetHeader } from '../record.ts';
import type { SetType } from '../type.ts';
import { Layered } from './layered.ts';
import { packetParts } from './packet-parts.ts';

/** What is in one. */
interface Content {
  readonly members: ReadonlyMap<number, Element>;
  readonly stored: WeakMap<Element, number>;
}

/** `shared`: what it begins with. */
export function createBitmap(type: SetType, header: SetHeader, clock: Clock, shared?: Content): Store {
  const members = new Layered(shared?.members ?? NOTHING, (element): Element => {
    const copy = copyOf(element, origin);
    const seconds = shared?.stored.get(element);
    if (seconds !== undefined) stored.set(copy, seconds);
    return copy;
  });
  const origin = clock.now;
  /** Seconds that an element without a MAC address will have from when it gets one. */
  const stored = new WeakMap<Element, number>();
  const { first, last } = header.range ?? { first: 0, last: -1 };
  const withMac = type.dimensions.length > 1;
  const shift = 2 ** (32 - (header.netmask ?? 32));

  const idOf = ([part]: readonly Part[]): number | undefined => {
    const value = part?.kind === 'address' ? Number(part.address) : part?.kind === 'port' ? part.port : -1;
    return value < first || value > last ? undefined : Math.floor((value - first) / shift);
  };

  const set = (id: number, element: Element): void => {
    const before = members.get(id);
    members.set(id, element);
    clock.journal?.push(() => restore(id, before));
  };
  const restore = (id: number, before: Element | undefined): void => {
    if (before) members.set(id, before);
    else members.delete(id);
  };

  const isFilled = (element: Element): boolean => !withMac || element.parts.length > 1;
  const isGone = (element: Element): boolean => isFilled(element) && isExpired(element, clock);

  const test = (parts: readonly Part[], accept: (element: Element) => boolean): Tested => {
    const id = idOf(parts);
    const element = id === undefined ? undefined : members.get(id);
    if (!element) return 'out';
    if (withMac) {
      // Asked without a MAC address, or holding none: -EAGAIN.
      if (parts.length < 2 || !isFilled(element)) return 'fill';
      if (macOf(parts) !== macOf(element.parts)) return 'out';
    }
    return accept(element) ? 'in' : 'out';
  };

  const add = (entry: EntryValues, exist: boolean): Changed => {
    const id = idOf(entry.parts);
    if (id === undefined) return 'range';
    const known = members.get(id);
    if (!known) {
      const element = newElement(entry, header, clock, 0);
      if (!isFilled(element)) store(element, entry.timeout);
      set(id, element);
      return 'done';
    }
    if (isFilled(known) || entry.parts.length < 2) return again(known, entry, exist);
    const asked = entry.timeout === header.timeout ? undefined : entry.timeout;
    const { expires: _, ...rest } = renewed(known, entry, header, clock);
    alter(known, clock, {
      ...rest,
      parts: entry.parts,
      expires: expiryOf(asked ?? stored.get(known), header, clock),
    });
    return 'done';
  };

  const store = (element: Element, timeout: number | undefined): void => {
    const seconds = timeout ?? header.timeout;
    if (seconds !== undefined) stored.set(element, seconds);
    element.expires = Number.POSITIVE_INFINITY;
  };

  /** IPSET_ADD_FAILED: with a MAC address an existing one is replaced, if asked to. */
  const again = (known: Element, entry: EntryValues, exist: boolean): Changed => {
    if (!exist && !isGone(known)) return 'exists';
    const parts = exist && entry.parts.length > 1 ? entry.parts : known.parts;
    alter(known, clock, { ...renewed(known, entry, header, clock), parts });
    if (!isFilled(known)) store(known, entry.timeout);
    // Without a MAC address the seconds are kept as they are, which a filled element takes for a time long past.
    else if (withMac && entry.parts.length < 2 && header.timeout !== undefined) {
      const seconds = entry.timeout ?? header.timeout;
      alter(known, clock, { expires: seconds === 0 ? Number.POSITIVE_INFINITY : LONG_PAST });
    }
    return 'done';
  };

  const del = (parts: readonly Part[]): Changed => {
    const id = idOf(parts);
    if (id === undefined) return 'range';
    const known = members.get(id);
    if (!known) return 'missing';
    members.delete(id);
    clock.journal?.push(() => restore(id, known));
    return isGone(known) ? 'missing' : 'done';
  };

  const ofPacket = (query: Query): readonly Part[] | undefined | Unknown => {
    const parts = packetParts(query, type, header);
    if (parts === undefined || !isUnknown(parts)) return parts;
    // The address decides first.
    const [address] = type.dimensions;
    const part = address?.ofPacket(query.skb, query.directions[0] ?? 'dst', header);
    return part !== undefined && !isUnknown(part) && !mayHold([part]) ? undefined : parts;
  };
  const mayHold = (parts: readonly Part[]): boolean => {
    const id = idOf(parts);
    return id !== undefined && members.has(id);
  };

  return {
    get size() {
      return members.size;
    },
    test(query) {
      const parts = ofPacket(query);
      if (parts === undefined || isUnknown(parts)) return parts ?? 'out';
      return test(parts, (element) => matchExtensions(element, header, query, clock));
    },
    add(query) {
      const parts = packetParts(query, type, header);
      if (parts === undefined || isUnknown(parts)) return parts ?? 'invalid';
      return add(packetValues(query.skb, parts, query), query.exist);
    },
    del(query) {
      const parts = ofPacket(query);
      if (parts === undefined || isUnknown(parts)) return parts ?? 'invalid';
      return del(parts);
    },
    testEntry({ parts }) {
      const tested = test(parts, (element) => !isExpired(element, clock));
      // A program that asks doesn't fill anything in.
      return tested === 'fill' ? 'in' : tested;
    },
    addEntry: add,
    delEntry: ({ parts }) => del(parts),
    flush: () => members.clear(),
    *elements() {
      for (const [, element] of [...members.entries()].toSorted(([a], [b]) => a - b)) {
        if (isGone(element)) continue;
        const seconds = stored.get(element);
        const expires = isFilled(element) || !seconds ? element.expires : clock.now + seconds;
        yield { ...element, expires };
      }
    },
    share: (other) => createBitmap(type, header, other, { members: members.own, stored }),
  };
}

const NOTHING: ReadonlyMap<number, Element> = new Map();
const LONG_PAST = Number.NEGATIVE_INFINITY;

function macOf(parts: readonly Part[]): number | undefined {
  const part = parts[1];
  return part?.kind === 'mac' ? part.mac : undefined;
}
