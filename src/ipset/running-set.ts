/** A set of a dump made ready to be asked: ip_set_create(), and the adds that ipset-restore would do. */
import { once } from '../base/memo.ts';
import type { Span } from '../base/span.ts';
import { isHost } from './dimensions/address.ts';
import type { Clock, EntryValues } from './element.ts';
import { entryOf } from './element.ts';
import type { Changed, Members, Store, Tested } from './query.ts';
import type { IpSet, Part, SetHeader } from './record.ts';
import { createBitmap } from './stores/bitmap.ts';
import { createHash } from './stores/hash.ts';
import { createList } from './stores/list.ts';
import type { SetType } from './type.ts';
import { typeOf } from './types.ts';

export interface RunningSet {
  readonly name: string;
  readonly header: SetHeader;
  readonly type: SetType;
  readonly store: Store;
  /** Its elements were not dumped, or are more than are kept: what isn't found in it is unknown. Says which. */
  readonly partial?: string;
}

/** Elements beyond one an entry, of all sets of a namespace: a range written by hand may stand for billions. */
export const MOST_EXPANDED = 1 << 17;

export function createStore(header: SetHeader, clock: Clock, members: Members): Store {
  const type = typeOf(header);
  switch (type.store) {
    case 'hash':
      return createHash(type, header, clock);
    case 'bitmap':
      return createBitmap(type, header, clock);
    case 'list':
      return createList(header, clock, members);
  }
}

export function runSet(set: IpSet, clock: Clock, members: Members, room: { left: number }): RunningSet {
  const type = typeOf(set.header);
  const store = createStore(set.header, clock, members);
  const common = { name: set.name, header: set.header, type, store };
  if (!set.entries) return { ...common, partial: 'its elements were not dumped (ipset save)' };
  for (const entry of set.entries) {
    if (isSingle(entry.parts, type, set.header)) {
      store.addEntry(entry, true);
      continue;
    }
    let first = true;
    for (const parts of expand(entry.parts, type, set.header, firstReduced(type, entry.parts))) {
      if (!first && room.left-- <= 0) {
        return {
          ...common,
          partial: `not all that its ranges stand for is kept (${MOST_EXPANDED} elements)`,
        };
      }
      first = false;
      if (store.addEntry({ ...entry, parts }, true) === 'full') break;
    }
  }
  return common;
}

/** Expanding it would give it back: most elements of large sets are such. */
function isSingle(parts: readonly Part[], { dimensions }: SetType, header: SetHeader): boolean {
  const [part] = parts;
  if (parts.length > 1 || part?.kind !== 'address' || !isHost(part)) return false;
  const [dimension] = dimensions;
  return (
    dimension?.name === 'net' ||
    (dimension?.name === 'ip' && header.netmask === undefined && header.bitmask === undefined)
  );
}

/** A set as it was dumped, for all worlds; each lays its own changes over it. */
const dumpedSet = once((set: IpSet): { readonly set: RunningSet; readonly left: number } => {
  const room = { left: MOST_EXPANDED };
  const made = runSet(set, { now: 0, journal: undefined }, NO_MEMBERS, room);
  return { set: made, left: room.left };
});

/** The set of a dump in one world. `room`: what ranges may still take there; where that isn't enough it is made anew. */
export function openSet(set: IpSet, clock: Clock, members: Members, room: { left: number }): RunningSet {
  const dumped = dumpedSet(set);
  const taken = MOST_EXPANDED - dumped.left;
  if (taken > 0 && room.left < Math.min(MOST_EXPANDED, taken)) return runSet(set, clock, members, room);
  room.left -= taken;
  return { ...dumped.set, store: dumped.set.store.share(clock, members) };
}

const NO_MEMBERS: Members = { test: () => 'out', change: () => 'done' };

/**
 * The first dimension of a dumped element that is still to be reduced. Ranges leave addresses in a hash:ip,port that its netmask
 * would have reduced (hash_ipport4_uadt() does so with the first one only); no packet finds them, but they are there.
 */
function firstReduced(type: SetType, [address]: readonly Part[]): number {
  return type.name === 'hash:ip,port' && address?.kind === 'address' && isHost(address) ? 1 : 0;
}

/** All single elements that an entry stands for: the first dimension outermost. */
export function* expand(
  parts: readonly Part[],
  type: SetType,
  header: SetHeader,
  at = 0,
): Generator<readonly Part[]> {
  const part = parts[at];
  const dimension = type.dimensions[at];
  if (!part || !dimension) {
    yield parts;
    return;
  }
  for (const single of dimension.expand(part, header))
    yield* expand(parts.with(at, single), type, header, at + 1);
}

/** `ipset test`: of the element as the set's masks reduce it. */
export function testEntry({ store, type, header }: RunningSet, entry: EntryValues): Tested {
  const [parts = entry.parts] = expand(entry.parts, type, header);
  return store.testEntry({ ...entry, parts });
}

/** `ipset add` and `ipset del` of an entry, with all that it stands for, up to the first that fails. */
export function changeEntry(
  { store, type, header }: RunningSet,
  change: 'add' | 'del',
  entry: EntryValues,
  exist: boolean,
  most: number,
): Changed | 'many' {
  let count = 0;
  for (const parts of expand(entry.parts, type, header)) {
    if (++count > most) return 'many';
    const single = { ...entry, parts };
    const changed = change === 'add' ? store.addEntry(single, exist) : store.delEntry(single);
    const forgiven = exist && (changed === 'exists' || changed === 'missing');
    if (changed !== 'done' && !forgiven) return changed;
  }
  return count === 0 ? 'invalid' : 'done';
}

/** The set as a dump of now would show it. */
export function recordOf({ name, header, store }: RunningSet, clock: Clock, span: Span): IpSet {
  return {
    name,
    header,
    entries: [...store.elements()].map((element) => entryOf(element, header, clock, span)),
    span,
  };
}
