import { RECORD } from '../../scan/records.ts';
import { type LegRef, SEVERE, type SeenFlows } from './flows.ts';

/** How many flows are looked at packet by packet. */
export interface Budget {
  /** Of flows that fail in one way at one service: all over, and of one client. */
  readonly alike: number;
  readonly ofClient: number;
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
  failing: 512,
  working: 256,
  workingAlike: 2,
  turning: 256,
};

export const EVERYTHING: Budget = {
  alike: Number.POSITIVE_INFINITY,
  ofClient: Number.POSITIVE_INFINITY,
  failing: Number.POSITIVE_INFINITY,
  working: Number.POSITIVE_INFINITY,
  workingAlike: Number.POSITIVE_INFINITY,
  turning: Number.POSITIVE_INFINITY,
};

/** Stands in `shapes` for what is no flow at all. */
export const NOISE = 0xffff;

export interface Choice {
  /** 1 for the flows that are looked at packet by packet. */
  readonly wanted: Uint8Array;
  readonly shapes: Uint16Array;
  /** For a failing flow that isn't: one that is, and fails in the same way at the same service; -1 for none. */
  readonly like: Int32Array;
}

/**
 * Of flows that fare alike some stand for the rest: the first of each service and way of failing, the first of each client among them,
 * and those beside which behaviour turns. What doesn't fail is only sampled.
 */
export function choose(flows: SeenFlows, budget: Budget = BUDGET): Choice {
  const { count } = flows;
  const wanted = new Uint8Array(count);
  const shapes = new Uint16Array(count);
  const like = new Int32Array(count).fill(-1);
  const groups = new Groups();
  const turns = new Turns(count);
  let failing = 0;
  let working = 0;
  let turning = 0;
  for (let flow = 0; flow < count; flow++) {
    const legs = flows.legs(flow);
    const shape = flows.shape(legs);
    shapes[flow] = shape;
    const near = flows.near(legs);
    if (flows.isNoise(near)) {
      shapes[flow] = NOISE;
      continue;
    }
    const { client, server, port } = flows.keyWords(near);
    const service = mix(mix(server, port), near.records.word(near.record, RECORD.kind) & 0xffff);
    const fails = (shape & SEVERE) !== 0;
    const before = turns.before(mix(service, client), flow, fails);
    if (before >= 0 && turning < budget.turning) {
      turning++;
      wanted[before] = 1;
      wanted[flow] = 1;
    }
    const place = mix(service, pointsOf(legs));
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
    // Of each way of failing at each service the first is looked at, long after the others' turn is over.
    const isFirst = seen === 1 && failing < budget.failing * 2;
    if (isFirst || ((seen <= budget.alike || ofClient <= budget.ofClient) && failing < budget.failing)) {
      failing++;
      wanted[flow] = 1;
      groups.setFirst(mix(group, client), ~client, flow);
    }
    if (wanted[flow] === 0) {
      const own = groups.known(mix(group, client), ~client);
      const other = own >= 0 ? own : first;
      like[flow] = other >= 0 && wanted[other] === 1 ? other : -1;
    }
  }
  return { wanted, shapes, like };
}

/** Counts of groups and the first flow of each, by two words of hash. */
class Groups {
  readonly #counts = new Map<number, number>();
  readonly #first = new Map<number, number>();

  /** This one included. */
  count(one: number, other: number): number {
    const key = keyOf(one, other);
    const known = this.#counts.get(key) ?? 0;
    // Groups of one flow each are as many as flows: what they count isn't worth the memory.
    if (known === 0 && this.#counts.size >= MOST_GROUPS) return MOST_GROUPS;
    this.#counts.set(key, known + 1);
    return known + 1;
  }

  first(one: number, other: number, flow: number): number {
    const key = keyOf(one, other);
    const known = this.#first.get(key);
    if (known !== undefined) return known;
    if (this.#first.size < MOST_GROUPS) this.#first.set(key, flow);
    return flow;
  }

  setFirst(one: number, other: number, flow: number): void {
    if (this.#first.size < MOST_GROUPS) this.#first.set(keyOf(one, other), flow);
  }

  known(one: number, other: number): number {
    return this.#first.get(keyOf(one, other)) ?? -1;
  }
}

const MOST_GROUPS = 1 << 16;

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

function keyOf(one: number, other: number): number {
  return (one >>> 0) * 0x200000 + (mix(other >>> 0, one) >>> 11);
}
