/** fib_table_lookup(), net/ipv4/fib_trie.c; fib_select_path() and fib_select_default(), net/ipv4/fib_semantics.c. */
import type { Nexthop } from '../dump/records.ts';
import { ipKey } from '../net/ip-key.ts';
import { applyMask } from '../net/prefix.ts';
import type { FibEnvironment, FlowKey, TableResult } from './fib.ts';
import type { FibAlias, FibTable } from './fib-table.ts';
import { type Choice, type Path, selectGroup, selectPath4 } from './multipath.ts';
import { multipathHash } from './multipath-hash.ts';

/** Bits of the TOS octet that routes compare (INET_DSCP_LEGACY_TOS_MASK). */
const LEGACY_TOS = 0x1c;
/** NUD_VALID */
export const VALID_STATES = ['PERMANENT', 'NOARP', 'REACHABLE', 'STALE', 'DELAY', 'PROBE'];

export function lookupTable4(environment: FibEnvironment, table: FibTable, key: FlowKey): TableResult {
  for (const { length, mask, nodes } of table.levels) {
    for (const alias of nodes.get(ipKey(applyMask(key.destination, mask))) ?? []) {
      if (alias.tos !== 0 && alias.tos !== (key.tos & LEGACY_TOS)) continue;
      const { route } = alias;
      switch (route.type) {
        case 'throw':
          return 'next';
        case 'blackhole':
          return { kind: 'failed', error: 'EINVAL', route };
        case 'prohibit':
          return { kind: 'failed', error: 'EACCES', route };
        case 'unreachable':
          return { kind: 'failed', error: 'EHOSTUNREACH', route };
      }
      const first = alias.nexthops.find((nexthop) => isUsable(environment, alias, nexthop, key));
      if (!first) continue;
      const choice = selectPath(environment, table, alias, first, length, key);
      const { chosen, possible, of = alias } = choice;
      return {
        kind: 'found',
        route: of.route,
        nexthop: chosen,
        prefixLength: length,
        possible,
        realms: chosen.realms ?? of.realms,
      };
    }
  }
  return undefined;
}

/** fib_lookup_good_nhc() */
function isUsable(environment: FibEnvironment, alias: FibAlias, nexthop: Nexthop, key: FlowKey): boolean {
  const { dev, flags } = nexthop;
  if (dev === undefined) return key.oif === undefined;
  if (alias.route.type !== 'local' && !environment.isUp(dev)) return false;
  if (!key.anyLinkState) {
    if (flags.includes('dead') || alias.route.flags.includes('dead')) return false;
    if (flags.includes('linkdown') && environment.ignoresLinkDown(dev)) return false;
  } else if (flags.includes('dead') && !flags.includes('linkdown')) return false;
  return key.oif === undefined || key.oif === dev;
}

function selectPath(
  environment: FibEnvironment,
  table: FibTable,
  alias: FibAlias,
  first: Nexthop,
  length: number,
  key: FlowKey,
): Choice & { readonly of?: FibAlias } {
  const only: Choice = { chosen: first, possible: [first] };
  if (key.oif !== undefined || key.firstHop || alias.route.type === 'local') return only;
  if (alias.nexthops.length > 1) {
    const paths = alias.nexthops.map((nexthop) => pathOf(environment, alias, nexthop));
    const hash = multipathHash(4, key, environment.hash);
    if (alias.object !== undefined) {
      const counted = paths.map((path) => ({ ...path, counts: true }));
      return selectGroup(counted, hash, environment.bucketsOf(alias.object)) ?? only;
    }
    const { useNeighbours } = environment;
    const source = key.input ? undefined : key.source;
    return selectPath4(paths, hash, { source, useNeighbours }) ?? only;
  }
  if (length === 0 && alias.route.type === 'unicast') {
    return selectDefault(environment, table, alias, key) ?? only;
  }
  return only;
}

function pathOf(environment: FibEnvironment, alias: FibAlias, nexthop: Nexthop): Path {
  const { dev, gateway, flags } = nexthop;
  const dead =
    flags.includes('dead') ||
    (dev !== undefined && !environment.isUp(dev)) ||
    (dev !== undefined && flags.includes('linkdown') && environment.ignoresLinkDown(dev));
  const states =
    dev === undefined || gateway === undefined ? undefined : environment.neighbourStates(dev, gateway);
  return {
    nexthop,
    counts: !dead,
    reachable: states === undefined || states.some((state) => VALID_STATES.includes(state)),
    source:
      dev === undefined || typeof gateway === 'bigint'
        ? undefined
        : environment.sourceToward(dev, gateway, alias.scope),
  };
}

/**
 * Of several default routes with gateways and of one metric, the first whose gateway answers; where the neighbour table tells
 * nothing of any, the first.
 */
function selectDefault(
  environment: FibEnvironment,
  table: FibTable,
  alias: FibAlias,
  key: FlowKey,
): (Choice & { readonly of: FibAlias }) | undefined {
  const level = table.levels.find(({ length }) => length === 0);
  const rivals = (level?.nodes.get(ipKey(0)) ?? []).filter(
    (other) =>
      (other.tos === 0 || other.tos === (key.tos & LEGACY_TOS)) &&
      other.tos === alias.tos &&
      other.route.metric === alias.route.metric &&
      other.route.type === 'unicast' &&
      other.scope === alias.scope &&
      other.route.table === alias.route.table &&
      other.nexthops[0]?.gateway !== undefined &&
      !other.nexthops[0].flags.includes('dead'),
  );
  if (rivals.length < 2 || rivals[0] !== alias) return undefined;
  let resort: FibAlias | undefined;
  for (const rival of rivals) {
    const nexthop = rival.nexthops[0] as Nexthop;
    const states = environment.neighbourStates(nexthop.dev ?? '', nexthop.gateway ?? 0);
    const isValid = states?.some((state) => VALID_STATES.includes(state)) ?? false;
    if (isValid) return { chosen: nexthop, possible: [nexthop], of: rival };
    if (resort === undefined && !states?.includes('INCOMPLETE')) resort = rival;
  }
  const of = resort ?? alias;
  const chosen = of.nexthops[0] as Nexthop;
  return { chosen, possible: [chosen], of };
}
