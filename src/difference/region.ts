/** Packets that may be treated differently at all: those that a rule takes which only one state has. Everything else needs no walk. */
import { NONE, type Node } from '../symbolic/bdd.ts';
import type { Field } from '../symbolic/layout.ts';
import { PacketState } from '../symbolic/packet-state.ts';
import { enterHook, HOOKS_OF, type Way } from '../symbolic/path.ts';
import type { Space } from '../symbolic/space.ts';
import { allRules } from '../symbolic/space.ts';
import type { Walker } from '../symbolic/walk.ts';
import type { Ruleset } from '../xtables/rule.ts';
import type { Alignment } from './align.ts';

const CONNECTION: readonly Field[] = ['state', 'direction', 'sourceNat', 'destinationNat', 'status'];
const DESTINATION: readonly Field[] = ['destination', 'destinationPort', 'destinationType', 'destinationNat'];
const SOURCE: readonly Field[] = ['source', 'sourcePort', 'sourceNat'];

/** Fields that a target may give another value. */
const CHANGES: Readonly<Record<string, readonly Field[]>> = {
  MARK: ['mark'],
  CONNMARK: ['mark', 'connmark'],
  HMARK: ['mark'],
  TPROXY: ['mark'],
  SET: ['mark'],
  TOS: ['tos'],
  DSCP: ['tos'],
  TTL: ['ttl'],
  HL: ['ttl'],
  CT: CONNECTION,
  NOTRACK: CONNECTION,
  DNAT: DESTINATION,
  REDIRECT: DESTINATION,
  DNPT: DESTINATION,
  NETMAP: [...DESTINATION, ...SOURCE],
  SNAT: SOURCE,
  MASQUERADE: SOURCE,
  SNPT: SOURCE,
};

/**
 * What of the way's packets can come to a changed rule and match it, or fall through to another policy. Of fields that some rule
 * changes, any value counts: it is more than needed, never less.
 */
export function suspects(
  space: Space,
  way: Way,
  { changed, policies }: Alignment,
  walkers: Readonly<Record<'before' | 'after', Walker>>,
  rulesets: readonly Ruleset[],
): Node {
  const { bdd, domain } = space;
  if (HOOKS_OF[way].some((hook) => policies.has(hook))) return domain;
  const mutable = new Set<Field>();
  for (const { target } of allRules(rulesets)) {
    if (target?.kind === 'extension') for (const field of CHANGES[target.name] ?? []) mutable.add(field);
  }
  let region = NONE;
  for (const hook of HOOKS_OF[way]) {
    const here = changed.filter(({ hooks }) => hooks.has(hook));
    if (here.length === 0) continue;
    const state = new PacketState(space);
    enterHook(state, hook, way);
    if (way === 'sent') for (const field of ['hasMac', 'mac', 'packetType'] as const) state.set(field, 1, 0);
    for (const { ruleset, rule, table, side } of here) {
      // Before conntrack has seen the packet it is of no state.
      const open = new Set([...mutable, ...(table === 'raw' ? CONNECTION : [])]);
      const cube = bdd.cube([...open].flatMap((field) => space.layout[field]));
      const matches = bdd.exists(walkers[side].matches(ruleset, rule), cube);
      region = bdd.or(region, bdd.and(domain, state.now(matches)));
    }
  }
  return region;
}
