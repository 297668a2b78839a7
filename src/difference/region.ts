/** Packets that may be treated differently at all: those that a rule takes which only one state has. No others need a walk. */
import { addTo } from '../base/group-by.ts';
import { ALL, NONE, type Node } from '../symbolic/bdd.ts';
import { FIELDS, type Field } from '../symbolic/layout.ts';
import { PacketState } from '../symbolic/packet-state.ts';
import { decreaseTtl, enterHook, HOOKS_OF, type Way } from '../symbolic/path.ts';
import type { Space } from '../symbolic/space.ts';
import { allRules } from '../symbolic/space.ts';
import { bitAt } from '../symbolic/vector.ts';
import type { Walker } from '../symbolic/walk.ts';
import { isUnparsed } from '../xtables/extension.ts';
import type { Hook, Ruleset, TableName } from '../xtables/rule.ts';
import type { DnatInfo } from '../xtables/targets/DNAT.ts';
import type { NatPorts } from '../xtables/values/nat.ts';
import type { Alignment } from './align.ts';

const CONNECTION: readonly Field[] = ['state', 'direction', 'sourceNat', 'destinationNat', 'status'];
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
};

/** Source NAT comes last: only the security table, as iptables-nft registers it, sees what came of it. */
const AFTER_SOURCE_NAT = 'security';
const SOURCE_TARGETS = new Set(['SNAT', 'MASQUERADE', 'NETMAP', 'SNPT']);

/** Changed rules that ask the same fields are followed together; of sets of fields there are no more than that. */
const MOST_REGIONS = 24;

/**
 * What of the way's packets can come to a changed rule and match it, or fall through to another policy: sets that have no packet in
 * common. Of fields that some rule changes, any value counts: it is more than needed, never less.
 */
export function suspects(
  space: Space,
  way: Way,
  { changed, policies }: Alignment,
  walkers: Readonly<Record<'before' | 'after', Walker>>,
  rulesetsOf: Readonly<Record<'before' | 'after', readonly Ruleset[]>>,
): Node[] {
  const { bdd } = space;
  const rulesets = [...rulesetsOf.before, ...rulesetsOf.after];
  if (HOOKS_OF[way].some((hook) => policies.has(hook))) return [ALL];
  const mutable = new Set<Field>();
  let mapsSources = false;
  for (const { target } of allRules(rulesets)) {
    if (target?.kind !== 'extension') continue;
    for (const field of CHANGES[target.name] ?? []) mutable.add(field);
    mapsSources ||= SOURCE_TARGETS.has(target.name);
  }
  const without = (node: Node, fields: Iterable<Field>): Node =>
    bdd.exists(node, bdd.cube([...fields].flatMap((field) => space.layout[field])));
  const mapped = {
    before: translations(space, way, walkers.before, rulesetsOf.before, mutable),
    after: translations(space, way, walkers.after, rulesetsOf.after, mutable),
  };
  const sets = new Set<Node>();
  for (const hook of HOOKS_OF[way]) {
    const here = changed.filter(({ hooks }) => hooks.has(hook));
    if (here.length === 0) continue;
    const state = new PacketState(space);
    enterHook(state, hook, way);
    if (way === 'forwarded' && hook !== 'PREROUTING') decreaseTtl(state);
    if (way === 'sent')
      for (const field of ['hasMac', 'mac', 'packetType'] as const) state.set(field, ALL, 0);
    for (const { ruleset, rule, table, side } of here) {
      const open = new Set(mutable);
      // Before conntrack has seen the packet it is of no state.
      if (table === 'raw') for (const field of CONNECTION) open.add(field);
      if (table === AFTER_SOURCE_NAT && mapsSources) for (const field of SOURCE) open.add(field);
      const matches = without(walkers[side].matches(ruleset, rule), open);
      sets.add(state.now(matches));
      if (!seesNewDestination(hook, table)) continue;
      const typed = without(matches, ['destinationType', 'destinationNat']);
      let arriving = NONE;
      for (const { from, values, any } of mapped[side]) {
        const wanted = any ? without(typed, ['destination', 'destinationPort']) : bdd.compose(typed, values);
        arriving = bdd.or(arriving, bdd.and(from, state.now(wanted)));
      }
      sets.add(arriving);
    }
  }
  sets.delete(NONE);
  return disjoint(space, [...sets]);
}

/** nat PREROUTING and OUTPUT come behind raw and mangle, and of nat itself the first rule that maps is the last. */
function seesNewDestination(hook: Hook, table: TableName): boolean {
  if (hook === 'PREROUTING') return false;
  return hook !== 'OUTPUT' || table === 'filter' || table === 'security';
}

/** Packets that a rule may give another destination, and which. */
interface Translation {
  readonly from: Node;
  /** The bits of the new destination. */
  readonly values: ReadonlyMap<number, Node>;
  /** It may be any. */
  readonly any: boolean;
}

const DESTINATION_TARGETS = new Set(['DNAT', 'REDIRECT', 'NETMAP', 'DNPT']);

function translations(
  space: Space,
  way: Way,
  walker: Walker,
  rulesets: readonly Ruleset[],
  mutable: ReadonlySet<Field>,
): Translation[] {
  const { bdd, layout } = space;
  const state = new PacketState(space);
  enterHook(state, way === 'sent' ? 'OUTPUT' : 'PREROUTING', way);
  const cube = bdd.cube([...mutable].flatMap((field) => layout[field]));
  const found: Translation[] = [];
  for (const ruleset of rulesets) {
    for (const { rules } of ruleset.tables.get('nat')?.chains.values() ?? []) {
      for (const rule of rules) {
        const { target } = rule;
        if (target?.kind !== 'extension' || !DESTINATION_TARGETS.has(target.name)) continue;
        const from = state.now(bdd.exists(walker.matches(ruleset, rule), cube));
        const values = new Map<number, Node>();
        const put = (field: Field, value: number | bigint): void => {
          for (const [i, level] of layout[field].entries())
            values.set(level, bitAt(value, layout[field].length - 1 - i) ? ALL : NONE);
        };
        const { to } = (
          target.name === 'DNAT' && !isUnparsed(target.info) ? target.info : {}
        ) as Partial<DnatInfo>;
        const exact = to?.min !== undefined && to.min === to.max && (!to.ports || isSingle(to.ports));
        if (exact && to?.min !== undefined) put('destination', to.min);
        if (exact && to?.ports) put('destinationPort', to.ports.min);
        found.push({ from, values, any: !exact });
      }
    }
  }
  return found;
}

function isSingle({ min, max, base }: NatPorts): boolean {
  return min === max && base === undefined;
}

/** Sets that ask the same fields go together: what is left of them behind other rules has the same form. */
function disjoint({ bdd, layout }: Space, sets: readonly Node[]): Node[] {
  const groups = new Map<string, Node[]>();
  for (const set of sets) {
    const levels = new Set(bdd.support(set));
    const fields = FIELDS.filter((field) => layout[field].some((level) => levels.has(level)));
    const key = groups.size < MOST_REGIONS ? fields.join() : 'rest';
    addTo(groups, key, set);
  }
  const regions: Node[] = [];
  let before = NONE;
  for (const group of groups.values()) {
    const union = bdd.union(group);
    const region = bdd.diff(union, before);
    if (region !== NONE) regions.push(region);
    before = bdd.or(before, union);
  }
  return regions;
}
