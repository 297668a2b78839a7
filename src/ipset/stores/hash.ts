/** mtype_test(), mtype_add() and mtype_del(), net/netfilter/ipset/ip_set_hash_gen.h. */
import { isUnknown, unknown } from '../../base/ternary.ts';
import { bitsOf, familyOf } from '../../net/ip.ts';
import { isHost, masked } from '../dimensions/address.ts';
import {
  alter,
  type Clock,
  type Element,
  type EntryValues,
  isExpired,
  matchExtensions,
  newElement,
  packetValues,
  renewed,
} from '../element.ts';
import type { Changed, Query, Store, Tested } from '../query.ts';
import type { Part, SetHeader } from '../record.ts';
import { networksOf, type SetType } from '../type.ts';
import { Buckets } from './buckets.ts';
import { Lengths } from './lengths.ts';
import { isZero, packetParts } from './packet-parts.ts';

/** What is in one. */
interface Content {
  readonly buckets: Buckets;
  readonly lengths: readonly Lengths[];
  readonly size: number;
  readonly order: number;
  readonly evicted: number;
}

/** `shared`: what it begins with. */
export function createHash(type: SetType, header: SetHeader, clock: Clock, shared?: Content): Store {
  const networks = networksOf(type);
  const lengths = networks.map((_, i) => new Lengths(shared?.lengths[i]));
  const byInterface = type.dimensions.some(({ name }) => name === 'iface');
  const maxelem = header.maxelem ?? 65536;
  let size = shared?.size ?? 0;
  let order = shared?.order ?? 0;
  /** The order that was next when an element was last evicted: which one it was is up to the kernel's hash. */
  let evicted = shared?.evicted ?? 0;

  const [only] = type.dimensions.length === 1 ? type.dimensions : [];
  const keyOf = (parts: readonly Part[]): string | number =>
    only
      ? only.key(parts[0] as Part)
      : parts.map((part, at) => type.dimensions[at]?.key(part) ?? '').join(',');
  const buckets = new Buckets(keyOf, shared?.buckets, clock.now);

  const same = (element: Element, parts: readonly Part[]): boolean =>
    !byInterface || sameInterface(element, parts.at(-1));

  const find = (parts: readonly Part[]): Element | undefined =>
    buckets.get(parts).find((element) => same(element, parts));

  /** mtype_test_cidrs(): the longest prefixes of the first network first, and of the second within. */
  const search = (parts: readonly Part[], accept: (element: Element) => boolean): Element | undefined => {
    let found: Element | undefined;
    const tryBucket = (candidate: readonly Part[]): boolean => {
      // A network that is there for another interface hides the shorter prefixes (`multi` in the kernel).
      let hides = false;
      for (const element of buckets.get(candidate)) {
        hides = byInterface;
        if (!same(element, candidate)) continue;
        if (accept(element)) {
          found = element;
          return true;
        }
        hides = false;
      }
      return hides;
    };
    descend(parts, networks, lengths, 0, tryBucket);
    return found;
  };

  const test = (parts: readonly Part[], accept: (element: Element) => boolean): Tested => {
    const isAddress = networks.every((at) => {
      const part = parts[at];
      return part?.kind === 'address' && isHost(part);
    });
    const single = isAddress ? undefined : find(parts);
    const element = isAddress ? search(parts, accept) : single && accept(single) ? single : undefined;
    if (!element) return 'out';
    if (element.order < evicted) {
      return unknown('which elements gave way when the set was full (forceadd; ipset save tells)');
    }
    return element.nomatch ? 'nomatch' : 'in';
  };

  const insert = (element: Element): void => {
    buckets.insert(element);
    for (const [i, at] of networks.entries()) lengths[i]?.add(lengthOf(element.parts[at]));
    size++;
  };

  const remove = (element: Element): void => {
    buckets.remove(element);
    for (const [i, at] of networks.entries()) lengths[i]?.delete(lengthOf(element.parts[at]));
    size--;
  };

  /** mtype_gc_do(). What expired for good is not needed back after a trial. */
  const collect = (): void => {
    for (const element of buckets.expired(clock)) remove(element);
  };

  const add = (entry: EntryValues, exist: boolean, byPacket = false): Changed => {
    if (type.refusesZero && entry.parts.some(isZero)) return 'invalid';
    const known = find(entry.parts);
    if (known) {
      if (!exist && !isExpired(known, clock)) return 'exists';
      // A packet leaves the comment of what is there; a program that gives none takes it away.
      const comment = byPacket ? known.comment : entry.comment;
      alter(known, clock, { ...renewed(known, entry, header, clock), comment });
      buckets.expiresAt(known.expires);
      return 'done';
    }
    collect();
    if (size >= maxelem) {
      if (!header.forceadd) return 'full';
      const before = evicted;
      clock.journal?.push(() => {
        evicted = before;
      });
      // Whether the new one found a place is as uncertain as which one left.
      evicted = order + 1;
    }
    const element = newElement(entry, header, clock, order++);
    insert(element);
    clock.journal?.push(() => remove(element));
    return 'done';
  };

  const del = (parts: readonly Part[]): Changed => {
    const known = find(parts);
    if (!known || isExpired(known, clock)) return 'missing';
    remove(known);
    clock.journal?.push(() => insert(known));
    return 'done';
  };

  /** Networks of what a packet adds or deletes are as long as the longest of the set (INIT_CIDR). */
  const withLengths = (parts: readonly Part[]): readonly Part[] => {
    collect();
    return parts.map((part, at) => {
      const i = networks.indexOf(at);
      if (i < 0 || part.kind !== 'address') return part;
      const length = lengths[i]?.longest ?? bitsOf(familyOf(part.address));
      return { ...part, address: masked(part.address, length), length };
    });
  };

  return {
    get size() {
      return size;
    },
    test(query: Query) {
      const parts = packetParts(query, type, header);
      if (parts === undefined || isUnknown(parts)) return parts ?? 'out';
      return test(parts, (element) => matchExtensions(element, header, query, clock));
    },
    add(query) {
      const parts = packetParts(query, type, header);
      if (parts === undefined || isUnknown(parts)) return parts ?? 'invalid';
      return add(packetValues(query.skb, withLengths(parts), query), query.exist, true);
    },
    del(query) {
      const parts = packetParts(query, type, header);
      if (parts === undefined || isUnknown(parts)) return parts ?? 'invalid';
      return del(withLengths(parts));
    },
    testEntry: ({ parts }) => test(parts, (element) => !isExpired(element, clock)),
    addEntry: (entry, exist) => add(entry, exist),
    delEntry: ({ parts }) => (type.refusesZero && parts.some(isZero) ? 'invalid' : del(parts)),
    flush() {
      for (const element of [...buckets.elements()]) {
        for (const [i, at] of networks.entries()) lengths[i]?.delete(lengthOf(element.parts[at]));
      }
      buckets.clear();
      size = 0;
    },
    *elements() {
      for (const element of buckets.elements()) if (!isExpired(element, clock)) yield element;
    },
    share: (other) => createHash(type, header, other, { buckets, lengths, size, order, evicted }),
  };
}

/** Calls `tried` with every way to shorten the networks to lengths of the set; true ends it. */
function descend(
  parts: readonly Part[],
  networks: readonly number[],
  lengths: readonly Lengths[],
  depth: number,
  tried: (parts: readonly Part[]) => boolean,
): boolean {
  const at = networks[depth];
  if (at === undefined) return tried(parts);
  const part = parts[at];
  if (part?.kind !== 'address') return false;
  for (const length of lengths[depth]?.descending ?? []) {
    const shorter = parts.with(at, { ...part, address: masked(part.address, length), length });
    if (descend(shorter, networks, lengths, depth + 1, tried)) return true;
  }
  return false;
}

function lengthOf(part: Part | undefined): number {
  return part?.kind === 'address' ? part.length : 0;
}

function sameInterface(element: Element, asked: Part | undefined): boolean {
  const own = element.parts.at(-1);
  if (own?.kind !== 'iface' || asked?.kind !== 'iface') return false;
  return element.wildcard ? asked.name.startsWith(own.name) : asked.name === own.name;
}
