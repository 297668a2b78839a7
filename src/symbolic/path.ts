/** The way of packets through the hooks of one namespace, in the order in which the model has them registered. */
import type { LoadedTables } from '../netstack/netfilter/tables.ts';
import type { Hook } from '../xtables/rule.ts';
import { ALL, type Node } from './bdd.ts';
import { type Field, STATES } from './layout.ts';
import type { PacketState } from './packet-state.ts';
import { add } from './vector.ts';
import type { Walker } from './walk.ts';

/** How a packet may go: to this host, through it, from it. */
export const WAYS = ['received', 'forwarded', 'sent'] as const;
export type Way = (typeof WAYS)[number];

export const HOOKS_OF: Readonly<Record<Way, readonly Hook[]>> = {
  received: ['PREROUTING', 'INPUT'],
  forwarded: ['PREROUTING', 'FORWARD', 'POSTROUTING'],
  sent: ['OUTPUT', 'POSTROUTING'],
};

const CONNECTION: readonly Field[] = ['direction', 'sourceNat', 'destinationNat', 'status'];

/** What a packet is before its first hook: of no connection yet, and without what only frames off a wire have when it is sent. */
export function begin(state: PacketState, way: Way): void {
  state.set('state', ALL, STATES.indexOf('INVALID'));
  for (const field of CONNECTION) state.set(field, ALL, 0);
  if (way !== 'sent') return;
  for (const field of ['hasMac', 'mac', 'packetType'] as const) state.set(field, ALL, 0);
}

/**
 * Interfaces as netfilter names them in the hook: nf_hook_state. Those that the hook has not are no name; the others are the
 * packet's own, or what a routing decision chose.
 */
export function enterHook(state: PacketState, hook: Hook, way: Way, route?: PacketState): void {
  const { space } = state;
  const absent = (field: 'iif' | 'oif' | 'physin' | 'physout'): void =>
    state.set(field, ALL, space.alphabets[field].none);
  const present = (field: 'iif' | 'oif' | 'physin' | 'physout'): void =>
    state.assign(field, ALL, route?.field(field) ?? space.field(field));
  const incoming = way !== 'sent';
  const outgoing = hook === 'FORWARD' || hook === 'OUTPUT' || hook === 'POSTROUTING';
  (incoming ? present : absent)('iif');
  (outgoing ? present : absent)('oif');
  (incoming ? present : absent)('physin');
  (way === 'forwarded' && outgoing ? present : absent)('physout');
}

/** nf_hook_slow(): @returns the packets of the region that the hook lets go on */
export function walkHook(walker: Walker, tables: LoadedTables, hook: Hook, region: Node): Node {
  let left = region;
  for (const entry of tables.hooks[hook]) {
    switch (entry.kind) {
      case 'conntrack':
        track(walker.state);
        break;
      case 'nat':
        left = translate(walker, tables, hook, left);
        break;
      case 'table':
        left = walker.base(entry.base, left);
        break;
      case 'nft':
      case 'defrag':
      case 'confirm':
        break;
    }
  }
  return left;
}

/** nf_conntrack_in(): the packet is in the state that it came with, unless a rule exempted it. */
function track(state: PacketState): void {
  const { space } = state;
  const seen = space.bdd.not(state.now(space.equals('state', STATES.indexOf('UNTRACKED'))));
  for (const field of ['state', ...CONNECTION] as const) state.assign(field, seen, space.field(field));
}

/** Rules of nat tables see the packet that opens a connection; of several tables the first that maps it has it. */
function translate(walker: Walker, tables: LoadedTables, hook: Hook, region: Node): Node {
  const { space } = walker.state;
  const { bdd } = space;
  const side = hook === 'PREROUTING' || hook === 'OUTPUT' ? 'destination' : 'source';
  const opens = bdd.and(region, walker.state.now(space.equals('state', STATES.indexOf('NEW'))));
  let mapped = walker.state.noted('mapped', side);
  let left = bdd.diff(opens, mapped);
  let done = bdd.and(opens, mapped);
  for (const entry of tables.nat[hook]) {
    if (entry.kind !== 'table') continue;
    const passed = walker.base(entry.base, left);
    mapped = walker.state.noted('mapped', side);
    done = bdd.or(done, bdd.and(passed, mapped));
    left = bdd.diff(passed, mapped);
  }
  return bdd.or(bdd.diff(region, opens), bdd.or(done, left));
}

/**
 * ip_forward(), net/ipv4/ip_forward.c: what goes through the host has one less to live from there on, before the FORWARD hook.
 * @returns the packets of the region that still live
 */
export function forward(walker: Walker, region: Node): Node {
  const { state } = walker;
  const { bdd } = state.space;
  const expired = bdd.and(region, state.now(state.space.inRange('ttl', 0, 1)));
  walker.stop(EXPIRED, expired);
  decreaseTtl(state);
  return bdd.diff(region, expired);
}

export const EXPIRED = 'its TTL is used up';

export function decreaseTtl(state: PacketState): void {
  state.assign('ttl', ALL, add(state.space.bdd, state.field('ttl'), 255).sum);
}

/** @returns the packets of the region that go on behind all hooks of the way */
export function walkWay(walker: Walker, tables: LoadedTables, way: Way, region: Node): Node {
  begin(walker.state, way);
  let left = region;
  for (const hook of HOOKS_OF[way]) {
    if (hook === 'FORWARD') left = forward(walker, left);
    enterHook(walker.state, hook, way);
    left = walkHook(walker, tables, hook, left);
  }
  return left;
}
