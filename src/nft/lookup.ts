/** nft_lookup_eval(), net/netfilter/nft_lookup.c; nft_dynset_eval(), net/netfilter/nft_dynset.c: sets that packets change. */
import type { NftContext } from './context.ts';
import { constantOf, findElement, indexOf } from './elements.ts';
import type { Expression } from './expression.ts';
import type { NftSet, SetElement } from './set.ts';
import type { LiveElement, NftState, SetState } from './state.ts';
import type { Statement } from './statement.ts';
import { keyText, type Value } from './value.ts';
import type { Verdict } from './verdict.ts';

/** An element that a packet's key met. */
export interface Found {
  readonly data?: Value | { readonly verdict: Verdict } | { readonly expression: Expression };
  /** Counters, limits … that the element carries, with where they keep their state. */
  readonly statements: readonly Statement[];
  readonly slot: string;
}

/** Of a set of the table; elements whose time is over are not there. */
export function lookup(ctx: NftContext, set: NftSet, key: Value): Found | undefined {
  const { skb, state } = ctx;
  const text = keyText(key);
  const live = state.sets.get(set)?.changed.get(text);
  if (live === 'deleted') return undefined;
  if (live && (live.expires ?? Number.POSITIVE_INFINITY) > skb.time) {
    return {
      ...(live.data === undefined ? {} : { data: live.data }),
      statements: live.statements,
      slot: text,
    };
  }
  if (live) return undefined;
  const index = indexOf(set.elements);
  const element = findElement(index, key) ?? index.rest;
  return element && isAlive(state, element, skb.time) ? foundOf(element, set.statements) : undefined;
}

/** Of a set written in the rule itself. */
export function lookupHere(elements: readonly SetElement[], key: Value): Found | undefined {
  const index = indexOf(elements);
  const element = findElement(index, key) ?? index.rest;
  return element && foundOf(element, []);
}

function foundOf(element: SetElement, templates: readonly Statement[]): Found {
  const { data } = element;
  return {
    ...(data === undefined
      ? {}
      : { data: data.kind === 'verdict' ? { verdict: data.verdict } : { expression: data } }),
    statements: element.statements ?? templates,
    slot: element.statements ? '' : keyTextOf(element),
  };
}

function keyTextOf({ key }: SetElement): string {
  const value = constantOf(key);
  return value === undefined ? '' : keyText(value);
}

function isAlive(state: NftState, { expires }: SetElement, now: number): boolean {
  if (expires === undefined) return true;
  state.start ??= now;
  return state.start + expires / 1000 > now;
}

export type Change = {
  readonly op: 'add' | 'update' | 'delete';
  readonly key: Value;
  readonly data?: Value | { readonly verdict: Verdict };
  /** Milliseconds. */
  readonly timeout?: number;
  /** What the rule gives a new element, where the set has nothing of its own. */
  readonly statements: readonly Statement[];
};

/** Undefined: the set is full, and the rule ends. */
export function change(ctx: NftContext, set: NftSet, wanted: Change): Found | undefined {
  const { op, key, data, timeout } = wanted;
  const { state, skb } = ctx;
  const changed = changesOf(state, set);
  const text = keyText(key);
  const present = lookup(ctx, set, key);
  if (op === 'delete') {
    if (present) changed.set(text, 'deleted');
    return { statements: [], slot: text };
  }
  const lifetime = timeout ?? set.timeout;
  const expires = lifetime === undefined || lifetime === 0 ? undefined : skb.time + lifetime / 1000;
  if (present && op === 'add') return present;
  if (!present && countAlive(state, set, skb.time) >= (set.size ?? DEFAULT_SIZE)) return undefined;
  const statements = present?.statements ?? (set.statements.length > 0 ? set.statements : wanted.statements);
  const element: LiveElement = {
    key,
    statements,
    ...(data === undefined ? {} : { data }),
    ...(expires === undefined ? {} : { expires }),
  };
  if (!present) for (const statement of statements) state.records.get(statement)?.delete(text);
  if (!present || expires !== undefined) changed.set(text, element);
  return { statements, slot: present?.slot ?? text };
}

/** What nft gives a set that rules add to, when nobody says. */
const DEFAULT_SIZE = 65535;

function changesOf(state: NftState, set: NftSet): SetState['changed'] {
  const known = state.sets.get(set);
  if (known) return known.changed;
  const made: SetState = { changed: new Map() };
  state.sets.set(set, made);
  return made.changed;
}

/** Elements whose time is over are counted until the garbage collector comes by; the model takes them away at once. */
function countAlive(state: NftState, set: NftSet, now: number): number {
  const changed = changesOf(state, set);
  let count = 0;
  for (const [text, element] of changed) {
    if (element === 'deleted') continue;
    if ((element.expires ?? Number.POSITIVE_INFINITY) > now) count++;
    else changed.delete(text);
  }
  for (const element of set.elements) {
    if (!changed.has(keyTextOf(element)) && isAlive(state, element, now)) count++;
  }
  return count;
}
