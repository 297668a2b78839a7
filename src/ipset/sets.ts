/** The sets of a namespace as packets meet them: ip_set_test(), ip_set_add(), ip_set_del(), net/netfilter/ipset/ip_set_core.c. */
import { isUnknown, type Unknown, unknown } from '../base/ternary.ts';
import type { Clock } from './element.ts';
import type { Changed, Members, Query, Tested } from './query.ts';
import type { IpSet } from './record.ts';
import { MOST_EXPANDED, openSet, type RunningSet, recordOf } from './running-set.ts';

export interface Sets {
  /** Does the packet's tuple belong to it? */
  test(name: string, query: Query): boolean | Unknown;
  change(change: 'add' | 'del', name: string, query: Query): Changed;
  /** What happens inside is undone afterwards. */
  tentatively<T>(run: () => T): T;
  /** The sets as they are at a time, of those that were asked so far as well as of the others. */
  records(now: number): IpSet[];
}

/** `dumped` undefined: no dump of sets. `start`: when the timeouts of the dump begin to run; with the first packet if absent. */
export function createSets(namespace: string, dumped: readonly IpSet[] | undefined, start?: number): Sets {
  const clock: Clock = { now: start ?? Number.NaN, journal: undefined };
  const known = new Map((dumped ?? []).map((set) => [set.name, set]));
  const running = new Map<string, RunningSet>();
  const room = { left: MOST_EXPANDED };
  /** Time of the first packet. */
  let first = Number.NaN;

  /** A set of sets is no member of another: list_set_uadt() refuses it (IPSET_ERR_LOOP), and only a dump of somebody's making has one. */
  const isOfSets = (name: string): boolean => known.get(name)?.header.type === 'list:set';
  const members: Members = {
    test: (name, query) => (isOfSets(name) ? 'out' : testMember(name, query)),
    change: (change, name, query) => (isOfSets(name) ? 'invalid' : changeMember(change, name, query)),
  };
  const setNamed = (name: string): RunningSet | undefined => {
    const found = running.get(name);
    const record = found ? undefined : known.get(name);
    if (!record) return found;
    // It stood before the packet at hand, and stays whatever is only tried out.
    const { now, journal } = clock;
    clock.now = start ?? first;
    clock.journal = undefined;
    const made = openSet(record, clock, members, room);
    Object.assign(clock, { now, journal });
    running.set(name, made);
    return made;
  };

  const at = (query: Query): void => {
    if (Number.isNaN(first)) first = query.skb.time;
    clock.now = query.skb.time;
  };

  /** Not every set can be asked with those directions, and not of that family. */
  const accepts = ({ type, header }: RunningSet, { directions, skb }: Query): boolean =>
    directions.length >= type.dimensions.length &&
    (header.family === undefined || header.family === skb.family);

  const testSet = (set: RunningSet, query: Query): Tested => {
    if (!accepts(set, query)) return 'out';
    const tested = set.store.test(query);
    if (tested === 'fill') {
      set.store.add(query);
      return 'in';
    }
    if (isUnknown(tested)) return tested;
    if (tested === 'out' && set.partial !== undefined) return unknown(`set ${set.name}: ${set.partial}`);
    if (!query.returnNomatch || !set.type.nomatch) return tested;
    return tested === 'in' ? 'nomatch' : tested === 'nomatch' ? 'in' : 'out';
  };

  const missing = (name: string): Unknown => unknown(`${namespace}: no dump holds set ${name} (ipset save)`);

  function testMember(name: string, query: Query): Tested {
    const set = setNamed(name);
    return set ? testSet(set, query) : missing(name);
  }

  function changeMember(change: 'add' | 'del', name: string, query: Query): Changed {
    const set = setNamed(name);
    if (!set) return missing(name);
    if (!accepts(set, query)) return 'invalid';
    return set.store[change](query);
  }

  return {
    test(name, query) {
      at(query);
      const tested = testMember(name, query);
      return isUnknown(tested) ? tested : tested === 'in';
    },
    change(change, name, query) {
      at(query);
      return changeMember(change, name, query);
    },
    tentatively(run) {
      const outer = clock.journal;
      const journal: (() => void)[] = [];
      clock.journal = journal;
      try {
        return run();
      } finally {
        clock.journal = outer;
        for (const undo of journal.toReversed()) undo();
      }
    },
    records(now) {
      clock.now = now;
      if (Number.isNaN(first)) first = now;
      return [...known.values()].map((record) => {
        const set = setNamed(record.name);
        return set && set.partial === undefined ? recordOf(set, clock, record.span) : record;
      });
    },
  };
}
