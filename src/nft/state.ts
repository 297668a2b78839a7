/** What rules and sets of an nft ruleset remember from packet to packet: limits, quotas, counters, generators, elements. */
import type { Counters } from '../xtables/rule.ts';
import type { NftSet } from './set.ts';
import type { Statement } from './statement.ts';
import type { Value } from './value.ts';
import type { Verdict } from './verdict.ts';

export interface NftState {
  /** By statement, expression or object; then by element of a set, '' where there is none. Records are plain data. */
  readonly records: Map<object, Map<string, Record<string, unknown>>>;
  readonly sets: Map<NftSet, SetState>;
  /** By rule: packets that it was a step of, bytes of them. */
  readonly counters: Map<object, Counters>;
  /** Time of the first packet: what the dump says is left of an element's time counts from there. */
  start?: number;
}

/** What differs from the set's dumped elements, by the key's text. */
export interface SetState {
  readonly changed: Map<string, LiveElement | 'deleted'>;
}

/** Never altered, only replaced: copies share them. */
export interface LiveElement {
  readonly key: Value;
  readonly data?: Value | { readonly verdict: Verdict };
  /** Epoch seconds. */
  readonly expires?: number;
  /** What it carries: the set's, or those of the rule that made it. */
  readonly statements: readonly Statement[];
}

export function createNftState(): NftState {
  return { records: new Map(), sets: new Map(), counters: new Map() };
}

/** For trying one way out of several; nothing of it comes back. */
export function copyNftState(state: NftState): NftState {
  return {
    records: new Map(
      [...state.records].map(([owner, slots]) => [
        owner,
        new Map([...slots].map(([slot, record]) => [slot, { ...record }])),
      ]),
    ),
    sets: new Map([...state.sets].map(([set, { changed }]) => [set, { changed: new Map(changed) }])),
    counters: new Map(),
    ...(state.start === undefined ? {} : { start: state.start }),
  };
}

export function recordOf<T extends Record<string, unknown>>(
  state: NftState,
  owner: object,
  slot: string,
  create: () => T,
): T {
  let slots = state.records.get(owner);
  if (!slots) {
    slots = new Map();
    state.records.set(owner, slots);
  }
  let record = slots.get(slot) as T | undefined;
  if (!record) {
    record = create();
    slots.set(slot, record);
  }
  return record;
}
