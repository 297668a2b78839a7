import { RECORD } from '../../scan/records.ts';
import { type LegRef, type LegRoom, SEVERE, type SeenFlows } from './flows.ts';

/** How many flows are looked at packet by packet. */
export interface Budget {
  /** Of flows that fail in one way at one service: all over, and of one client. */
  readonly alike: number;
  readonly ofClient: number;
  /** Of the services that one client is the first to fail at in one way; more are a scan, where it means none of them. */
  readonly ofScanner: number;
  readonly failing: number;
  /** Of flows that work, or only look odd, at one service. */
  readonly working: number;
  readonly workingAlike: number;
  /** Of neighbours in time, one of which fails and the other doesn't: what tells when a change came. */
  readonly turning: number;
}

export const BUDGET: Budget = {
  alike: 8,
  ofClient: 1,
  ofScanner: 128,
  failing: 512,
  working: 256,
  workingAlike: 2,
  turning: 256,
};

export const EVERYTHING: Budget = {
  alike: Number.POSITIVE_INFINITY,
  ofClient: Number.POSITIVE_INFINITY,
  ofScanner: Number.POSITIVE_INFINITY,
  failing: Number.POSITIVE_INFINITY,
  working: Number.POSITIVE_INFINITY,
  workingAlike: Number.POSITIVE_INFINITY,
  turning: Number.POSITIVE_INFINITY,
};

/** Stands in `shapes` for what is no flow at all. */
export const NOISE = 0xffff;
/** Stands there for flows that nobody asked for. */
export const LEFT_OUT = 0xfffe;

/** Of the flows that nobody asked for, so many are read beside those that were: what an explanation compares with. */
export const BESIDE: Budget = {
  alike: 2,
  ofClient: 0,
  ofScanner: 16,
  failing: 64,
  working: 64,
  workingAlike: 1,
  turning: 64,
};

export interface Choice {
  /** 1 for the flows that are looked at packet by packet. */
  readonly wanted: Uint8Array;
  readonly shapes: Uint16Array;
  /** For a failing flow that isn't: one that is, and fails in the same way at the same service, or of the same client's scan; -1 for none. */
  readonly like: Int32Array;
}

/**
 * Of flows that fare alike some stand for the rest: the first of each service and way of failing, the first of each client among them,
 * and those beside which behaviour turns. What doesn't fail is only sampled. `isAsked`: the others are none of it.
 */
export function choose(
  flows: SeenFlows,
  budget: Budget = BUDGET,
  isAsked: (flow: number, legs: readonly LegRef[]) => boolean = () => true,
): Choice {
  const { count } = flows;
  const wanted = new Uint8Array(count);
  const shapes = new Uint16Array(count);
  const like = new Int32Array(count).fill(-1);
  const groups = new Groups(count);
  const turns = new Turns(count);
  const meant = new Uint8Array(CLIENTS);
  const room: LegRoom = [];
  let failing = 0;
  let working = 0;
  let turning = 0;
  for (let flow = 0; flow < count; flow++) {
    const legs = flows.legs(flow, room);
    const near = flows.near(legs);
    if (flows.isNoise(near)) {
      shapes[flow] = NOISE;
      continue;
    }
    if (!isAsked(flow, legs)) {
      shapes[flow] = LEFT_OUT;
      continue;
    }
    const shape = flows.shape(legs);
    shapes[flow] = shape;
    const client = flows.clientWord(near);
    const server = flows.serverWord(near);
    const service = mix(
      mix(server, flows.servicePort(near)),
      near.records.word(near.record, RECORD.kind) & 0xffff,
    );
    const fails = (shape & SEVERE) !== 0;
    const before = turns.before(mix(service, client), flow, fails);
    if (before >= 0 && turning < budget.turning) {
      turning++;
      wanted[before] = 1;
      wanted[flow] = 1;
    }
    const place = mix(service, pointsOf(legs));
    if (flows.isMeant(near, shape)) meant[client & (CLIENTS - 1)] = 1;
    if (!fails) {
      const seen = groups.count(mix(place, shape), shape);
      if (seen <= budget.workingAlike && working < budget.working) {
        working++;
        wanted[flow] = 1;
      }
      continue;
    }
    const group = mix(place, shape & SEVERE);
    const seen = groups.count(group, ~server);
    const ofClient = groups.count(mix(group, client), ~client);
    const first = groups.first(group, ~server, flow);
    // Who asks for everything, and means nothing by it, leaves room for the others; what was looked at of it stands for the rest.
    const scan = mix(mix(mix(client, SCAN), pointsOf(legs)), mix(flows.protocol(near), shape & SEVERE));
    const asked = seen === 1 ? groups.count(scan, ~client) : groups.counted(scan, ~client);
    const isScan = asked > budget.ofScanner && meant[client & (CLIENTS - 1)] === 0;
    // Of each way of failing at each service the first is looked at, long after the others' turn is over.
    const isFirst = seen === 1 && failing < budget.failing * 2;
    const isAlike = seen <= budget.alike || ofClient <= budget.ofClient;
    if (!isScan && (isFirst || (isAlike && failing < budget.failing))) {
      failing++;
      wanted[flow] = 1;
      groups.setFirst(mix(group, client), ~client, flow);
      groups.first(scan, ~client, flow);
    }
    if (wanted[flow] === 0) {
      const own = groups.known(mix(group, client), ~client);
      const scanned = isScan ? groups.known(scan, ~client) : -1;
      like[flow] = [own, first, scanned].find((other) => other >= 0 && wanted[other] === 1) ?? -1;
    }
  }
  return { wanted, shapes, like };
}

/** Counts of groups and the first flow of each, by two words of hash: open addressing over arrays, since every flow asks. */
class Groups {
  readonly #ones: Uint32Array;
  readonly #others: Uint32Array;
  readonly #counts: Uint32Array;
  /** Flow + 1; 0 where none is known. */
  readonly #first: Uint32Array;
  readonly #taken: Uint8Array;
  #groups = 0;

  constructor(flows: number) {
    const slots = 2 ** Math.ceil(Math.log2(2 * Math.min(MOST_GROUPS, flows * GROUPS_OF_FLOW + 1)));
    this.#ones = new Uint32Array(slots);
    this.#others = new Uint32Array(slots);
    this.#counts = new Uint32Array(slots);
    this.#first = new Uint32Array(slots);
    this.#taken = new Uint8Array(slots);
  }

  /** This one included. */
  count(one: number, other: number): number {
    const slot = this.#slotOf(one, other);
    if (slot < 0) return MOST_GROUPS;
    const count = (this.#counts[slot] as number) + 1;
    this.#counts[slot] = count;
    return count;
  }

  /** So many were counted. */
  counted(one: number, other: number): number {
    const slot = this.#slotOf(one, other);
    return slot < 0 ? 0 : (this.#counts[slot] as number);
  }

  /** `flow` is the first where none is known. */
  first(one: number, other: number, flow: number): number {
    const slot = this.#slotOf(one, other);
    if (slot < 0) return flow;
    if (this.#first[slot] === 0) this.#first[slot] = flow + 1;
    return (this.#first[slot] as number) - 1;
  }

  setFirst(one: number, other: number, flow: number): void {
    const slot = this.#slotOf(one, other);
    if (slot >= 0) this.#first[slot] = flow + 1;
  }

  known(one: number, other: number): number {
    const slot = this.#slotOf(one, other);
    return slot < 0 ? -1 : (this.#first[slot] as number) - 1;
  }

  /** -1 when there are too many: groups of one flow each are as many as flows, and what they count isn't worth the memory. */
  #slotOf(one: number, other: number): number {
    const left = one >>> 0;
    const right = mix(other >>> 0, one);
    const mask = this.#taken.length - 1;
    for (let at = (left ^ right) & mask; ; at = (at + 1) & mask) {
      if (this.#taken[at] === 1) {
        if (this.#ones[at] === left && this.#others[at] === right) return at;
        continue;
      }
      if (this.#groups >= MOST_GROUPS) return -1;
      this.#groups++;
      this.#ones[at] = left;
      this.#others[at] = right;
      this.#taken[at] = 1;
      return at;
    }
  }
}

const MOST_GROUPS = 1 << 16;
/** That a flow may be counted in. */
const GROUPS_OF_FLOW = 4;
/** What tells the groups of a client's services from other groups. */
const SCAN = 0x5ca7;
/** By the last bits of their address, whether clients mean a flow of theirs: who is taken for another one is no scanner. A group each would leave no room for those of failing flows. */
const CLIENTS = 1 << 16;

/** The latest flow of each client and service, and whether it failed: where one hash stands for two kinds, more flows are looked at than need be. */
class Turns {
  readonly #slots: Int32Array;

  constructor(flows: number) {
    this.#slots = new Int32Array(Math.max(1024, Math.min(1 << 20, 2 ** Math.ceil(Math.log2(flows + 1)))));
  }

  /** The flow before this one, if it fared otherwise; -1. */
  before(kind: number, flow: number, fails: boolean): number {
    const at = kind & (this.#slots.length - 1);
    const known = this.#slots[at] as number;
    this.#slots[at] = ((flow + 1) << 1) | (fails ? 1 : 0);
    if (known === 0 || (known & 1) === (fails ? 1 : 0)) return -1;
    return (known >> 1) - 1;
  }
}

function pointsOf(legs: readonly LegRef[]): number {
  let hash = 0;
  for (const { capture, record, records } of legs) {
    hash = (hash + mix(capture + 1, records.word(record, RECORD.kind) >>> 16)) | 0;
  }
  return hash;
}

function mix(hash: number, word: number): number {
  let mixed = Math.imul(hash ^ (word >>> 16) ^ (word << 16), 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ word, 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
