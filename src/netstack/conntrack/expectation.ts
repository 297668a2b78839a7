/** Connections that helpers wait for, net/netfilter/nf_conntrack_expect.c. */
import type { Ip } from '../../net/ip.ts';
import type { CtDirection, CtZone } from '../../skb/nfct.ts';
import type { Tuple } from '../../skb/tuple.ts';
import { type Connection, zoneId } from './connection.ts';

export interface Expectation {
  readonly master: Connection;
  readonly protocol: number;
  /** Undefined: anybody. */
  readonly source?: Ip;
  readonly sourcePort?: number;
  destination: Ip;
  destinationPort: number;
  /** Expectations of one master and class replace each other beyond the helper's limit. */
  readonly class: number;
  /** Seconds. */
  readonly timeout: number;
  readonly permanent?: boolean;
  /** Nothing is taken for it yet (NF_CT_EXPECT_INACTIVE). */
  inactive?: boolean;
  /** Helper of the connection that comes. */
  readonly helper?: string;
  /** Of NAT: address and port before others were chosen for it, and the direction of the master that it follows. */
  savedAddress?: Ip;
  savedPort?: number;
  direction?: CtDirection;
  /** nf_nat_follow_master() or the like, once the connection is there. */
  arrived?: (connection: Connection, expectation: Expectation) => void;
}

export interface Waiting {
  readonly expectation: Expectation;
  expires: number;
}

export interface ExpectationTable {
  readonly size: number;
  /**
   * nf_ct_expect_related(). `anyMaster`: the very same expectation of another connection counts as this one, `already` there
   * (NF_CT_EXP_F_SKIP_MASTER).
   */
  add(
    expectation: Expectation,
    limit: number,
    now: number,
    anyMaster?: boolean,
  ): 'done' | 'busy' | 'full' | 'already';
  remove(expectation: Expectation): void;
  /** nf_ct_find_expectation() */
  take(tuple: Tuple, zone: CtZone, now: number): Expectation | undefined;
  /** __nf_ct_expect_find(): the one that such a packet would be of, active or not. */
  find(tuple: Tuple, zone: CtZone, now: number): Expectation | undefined;
  /** Of one connection's helper, the latest first. */
  ofMaster(master: Connection, now: number): Waiting[];
  all(now: number): Waiting[];
}

export function createExpectations(): ExpectationTable {
  let waiting: Waiting[] = [];
  const alive = (now: number): Waiting[] => {
    waiting = waiting.filter(
      ({ expectation: { master }, expires }) =>
        expires > now && !master.dead && (!master.confirmed || master.expires > now),
    );
    return waiting;
  };
  return {
    get size() {
      return waiting.length;
    },
    add(expectation, limit, now, anyMaster = false) {
      for (const each of alive(now)) {
        const known = each.expectation;
        if (!clashes(known, expectation)) continue;
        const foreign = known.master !== expectation.master;
        if (isSame(known, expectation) && (anyMaster || !foreign)) {
          if (foreign || known.class !== expectation.class) return 'already';
        }
        if (known.master !== expectation.master || known.class !== expectation.class) return 'busy';
        if (isSame(known, expectation)) {
          waiting = waiting.filter((other) => other !== each);
          break;
        }
        return 'busy';
      }
      const own = waiting.filter(
        ({ expectation: { master, class: of } }) => master === expectation.master && of === expectation.class,
      );
      if (limit > 0 && own.length >= limit) waiting = waiting.filter((each) => each !== own[0]);
      waiting.push({ expectation, expires: now + expectation.timeout });
      return 'done';
    },
    remove(expectation) {
      waiting = waiting.filter((each) => each.expectation !== expectation);
    },
    take(tuple, zone, now) {
      if (waiting.length === 0) return undefined;
      const found = alive(now).find(
        ({ expectation }) =>
          !expectation.inactive && fits(expectation, tuple) && sameZone(expectation.master.zone, zone),
      );
      if (!found?.expectation.master.confirmed) return undefined;
      if (!found.expectation.permanent) waiting = waiting.filter((each) => each !== found);
      return found.expectation;
    },
    find: (tuple, zone, now) =>
      alive(now).find(
        ({ expectation }) => fits(expectation, tuple) && sameZone(expectation.master.zone, zone),
      )?.expectation,
    ofMaster: (master, now) =>
      alive(now)
        .filter((each) => each.expectation.master === master)
        .reverse(),
    all: (now) => [...alive(now)],
  };
}

function fits(expectation: Expectation, tuple: Tuple): boolean {
  return (
    expectation.protocol === tuple.protocol &&
    expectation.destination === tuple.destination &&
    expectation.destinationPort === tuple.destinationPort &&
    (expectation.source === undefined || expectation.source === tuple.source) &&
    (expectation.sourcePort === undefined || expectation.sourcePort === tuple.sourcePort)
  );
}

/** nf_ct_zone_equal_any() */
function sameZone(one: CtZone, other: CtZone): boolean {
  return (['original', 'reply'] as const).some((each) => zoneId(one, each) === zoneId(other, each));
}

/** expect_clash(): could one packet be meant by both? */
function clashes(one: Expectation, other: Expectation): boolean {
  return (
    one.protocol === other.protocol &&
    one.destination === other.destination &&
    one.destinationPort === other.destinationPort &&
    (one.source === undefined || other.source === undefined || one.source === other.source) &&
    (one.sourcePort === undefined || other.sourcePort === undefined || one.sourcePort === other.sourcePort) &&
    sameZone(one.master.zone, other.master.zone)
  );
}

function isSame(one: Expectation, other: Expectation): boolean {
  return one.source === other.source && one.sourcePort === other.sourcePort;
}
