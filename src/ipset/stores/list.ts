/** list_set_ktest(), list_set_kadd(), list_set_uadd(), net/netfilter/ipset/ip_set_list_set.c. */
import { isUnknown } from '../../base/ternary.ts';
import {
  alter,
  type Clock,
  copyOf,
  type Element,
  type EntryValues,
  isExpired,
  matchExtensions,
  newElement,
  renewed,
} from '../element.ts';
import type { Changed, Members, Query, Store, Tested } from '../query.ts';
import type { MemberPart, Part, SetHeader } from '../record.ts';

/** `shared`: what it begins with. A list is gone through whole, so that it is copied whole. */
export function createList(
  header: SetHeader,
  clock: Clock,
  members: Members,
  shared: readonly Element[] = [],
): Store {
  const origin = clock.now;
  let list = shared.map((element) => copyOf(element, origin));

  const set = (next: Element[]): void => {
    const before = list;
    list = next;
    clock.journal?.push(() => {
      list = before;
    });
  };
  const alive = (): Element[] => list.filter((element) => !isExpired(element, clock));

  const test = (query: Query): Tested => {
    const { counters: _, ...inner } = query;
    const asked: Query = { ...inner, skipCounters: query.skipCounters || query.skipSubcounters };
    for (const element of list) {
      const tested = members.test(nameOf(element.parts), asked);
      if (isUnknown(tested)) return tested;
      if (tested !== 'in') continue;
      query.found = asked.found;
      if (matchExtensions(element, header, query, clock)) return 'in';
    }
    return 'out';
  };

  /** The first member that takes it has it; nothing fails. */
  const change = (kind: 'add' | 'del', query: Query): Changed => {
    for (const element of alive()) {
      const changed = members.change(kind, nameOf(element.parts), query);
      if (changed === 'done' || isUnknown(changed)) return changed;
    }
    return 'done';
  };

  const isAt = (index: number, part: MemberPart): boolean => {
    if (!part.place) return true;
    const neighbour = alive()[index + (part.place.where === 'before' ? 1 : -1)];
    return neighbour !== undefined && nameOf(neighbour.parts) === part.place.name;
  };
  const indexOf = (part: MemberPart): number => alive().findIndex(({ parts }) => nameOf(parts) === part.name);

  const add = (entry: EntryValues, exist: boolean): Changed => {
    const part = memberOf(entry.parts);
    const place = part.place;
    const reference = place ? alive().findIndex(({ parts }) => nameOf(parts) === place.name) : -1;
    // No set stands before or behind itself, not even one that is there already.
    if (place && (reference < 0 || place.name === part.name)) return 'invalid';
    const known = alive()[indexOf(part)];
    if (known) {
      if (!exist) return 'exists';
      alter(known, clock, renewed(known, entry, header, clock));
      return 'done';
    }
    const plain: EntryValues = { ...entry, parts: [{ kind: 'member', name: part.name }] };
    const at = place ? reference + (place.where === 'before' ? 0 : 1) : alive().length;
    set(alive().toSpliced(at, 0, newElement(plain, header, clock, 0)));
    return 'done';
  };

  return {
    get size() {
      return list.length;
    },
    test,
    add: (query) => change('add', query),
    del: (query) => change('del', query),
    testEntry({ parts }) {
      const part = memberOf(parts);
      const index = indexOf(part);
      return index >= 0 && isAt(index, part) ? 'in' : 'out';
    },
    addEntry: add,
    delEntry({ parts }) {
      const part = memberOf(parts);
      const index = indexOf(part);
      if (index < 0 || !isAt(index, part)) return part.place ? 'invalid' : 'missing';
      set(alive().toSpliced(index, 1));
      return 'done';
    },
    flush: () => set([]),
    elements: alive,
    share: (other, others) => createList(header, other, others, list),
  };
}

function memberOf(parts: readonly Part[]): MemberPart {
  const [part] = parts;
  return part?.kind === 'member' ? part : { kind: 'member', name: '' };
}

function nameOf(parts: readonly Part[]): string {
  return memberOf(parts).name;
}
