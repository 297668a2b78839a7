/** fib6_node_lookup(), net/ipv6/ip6_fib.c; fib6_table_lookup(), rt6_select() and ip6_pol_route_lookup(), net/ipv6/route.c. */

import type { Nexthop } from '../dump/records.ts';
import type { Ip } from '../net/ip.ts';
import { ipKey } from '../net/ip-key.ts';
import { applyMask, contains } from '../net/prefix.ts';
import type { FibEnvironment, FlowKey, TableResult } from './fib.ts';
import type { FibAlias, FibTable } from './fib-table.ts';
import { VALID_STATES } from './fib4.ts';
import { type Path, selectGroup, selectPath6 } from './multipath.ts';
import { multipathHash } from './multipath-hash.ts';

interface Node {
  readonly length: number;
  readonly aliases: readonly FibAlias[];
}

interface Strictness {
  /** RT6_LOOKUP_F_IFACE */
  readonly interface: boolean;
  /** RT6_LOOKUP_F_REACHABLE */
  readonly reachable: boolean;
}

export function lookupTable6(environment: FibEnvironment, table: FibTable, key: FlowKey): TableResult {
  const nodes = nodesOf(table, key);
  const strict: Strictness = {
    interface: isStrict(key),
    reachable: !environment.forwards && !key.byDevice,
  };
  const found =
    selectNode(environment, nodes, key, strict) ??
    (strict.reachable ? selectNode(environment, nodes, key, { ...strict, reachable: false }) : undefined);
  if (!found) return undefined;
  const { alias, nexthop, length } = found;
  const { route } = alias;
  switch (route.type) {
    case 'throw':
      return 'next';
    case 'blackhole':
      return { kind: 'failed', error: 'EINVAL', route };
    case 'prohibit':
      return { kind: 'failed', error: 'EACCES', route };
    case 'unreachable':
      return {
        kind: 'failed',
        error: route.attributes?.error === '-101' ? 'ENETUNREACH' : 'EHOSTUNREACH',
        route,
      };
  }
  const choice =
    key.byDevice && key.oif !== undefined ? undefined : selectPath(environment, alias, nexthop, key, strict);
  const { chosen, possible } = choice ?? { chosen: nexthop, possible: [nexthop] };
  return { kind: 'found', route, nexthop: chosen, prefixLength: length, possible, realms: 0 };
}

/** ip6_route_output_flags() and ip6_route_input_lookup() */
function isStrict(key: FlowKey): boolean {
  if (key.byDevice) return false;
  if (needsInterface(key.destination)) return true;
  return !key.input && key.oif !== undefined && (key.bound === true || key.source === undefined);
}

/** rt6_need_strict(): multicast, link-local and loopback addresses. */
function needsInterface(ip: Ip): boolean {
  return typeof ip === 'bigint' && (ip >> 120n === 0xffn || ip >> 118n === 0x3fan || ip === 1n);
}

/**
 * The nodes in the order in which they are tried: a prefix's routes `from` a source before its plain ones. But a prefix that
 * has routes with a source, none of which fits, is passed over at first together with its plain routes.
 */
function nodesOf(table: FibTable, key: FlowKey): Node[] {
  const nodes: Node[] = [];
  const source = key.source ?? 0n;
  for (const { length, mask, nodes: level } of table.levels) {
    const aliases = level.get(ipKey(applyMask(key.destination, mask)));
    if (!aliases) continue;
    const lengths = [...new Set(aliases.flatMap(({ source: from }) => (from ? [from.length] : [])))];
    const fitting = lengths
      .toSorted((a, b) => b - a)
      .map((each) =>
        aliases.filter(({ source: from }) => from && from.length === each && contains(from, source)),
      )
      .filter((group) => group.length > 0);
    const plain = aliases.filter(({ source: from }) => !from);
    if (nodes.length === 0 && lengths.length > 0 && fitting.length === 0 && length > 0) continue;
    for (const group of fitting) nodes.push({ length, aliases: group });
    if (plain.length > 0) nodes.push({ length, aliases: plain });
  }
  return nodes;
}

interface Selected {
  readonly alias: FibAlias;
  readonly nexthop: Nexthop;
  readonly length: number;
}

function selectNode(
  environment: FibEnvironment,
  nodes: readonly Node[],
  key: FlowKey,
  strict: Strictness,
): Selected | undefined {
  for (const { length, aliases } of nodes) {
    const found = key.byDevice
      ? matchDevice(environment, aliases, key)
      : bestOf(environment, aliases, key, strict);
    if (found) return { ...found, length };
  }
  return undefined;
}

/** find_rr_leaf(): of the least metric that has a usable route, the one with the best score, the first of equals. */
function bestOf(
  environment: FibEnvironment,
  aliases: readonly FibAlias[],
  key: FlowKey,
  strict: Strictness,
): Omit<Selected, 'length'> | undefined {
  let best: Omit<Selected, 'length'> | undefined;
  let score = -1;
  let metric: number | undefined;
  for (const alias of aliases) {
    if (metric !== undefined && alias.route.metric !== metric && best) break;
    metric = alias.route.metric;
    // A blackhole object is taken whatever interface was asked for.
    if (alias.object !== undefined && alias.route.type === 'blackhole') {
      return { alias, nexthop: hopsOf(alias)[0] as Nexthop };
    }
    for (const nexthop of hopsOf(alias)) {
      const points = isAlive(environment, alias, nexthop)
        ? scoreOf(environment, alias, nexthop, key, strict)
        : -1;
      if (points <= score) continue;
      best = { alias, nexthop };
      score = points;
      // Siblings of one route have each its own place; the object's next hops end at the first that fits.
      if (alias.object !== undefined) break;
    }
  }
  return best;
}

/** A route that leads nowhere stands on lo. */
function hopsOf({ nexthops, route }: FibAlias): readonly Nexthop[] {
  if (nexthops.length > 0) return nexthops;
  return [{ dev: route.type === 'unicast' ? undefined : 'lo', weight: 1, flags: [] } as Nexthop];
}

function isAlive(environment: FibEnvironment, alias: FibAlias, { dev, flags }: Nexthop): boolean {
  if (dev === undefined || isReject(alias)) return true;
  if (flags.includes('dead') || alias.route.flags.includes('dead') || !environment.isUp(dev)) return false;
  return !(flags.includes('linkdown') && environment.ignoresLinkDown(dev));
}

function isReject({ route }: FibAlias): boolean {
  return ['unreachable', 'blackhole', 'prohibit', 'throw'].includes(route.type);
}

/** rt6_score_route() */
function scoreOf(
  environment: FibEnvironment,
  alias: FibAlias,
  { dev, gateway }: Nexthop,
  key: FlowKey,
  strict: Strictness,
): number {
  const wanted = key.input ? key.iif : key.oif;
  const fits = wanted === undefined || wanted === dev;
  if (!fits && strict.interface) return -1;
  if (strict.reachable && gateway !== undefined && dev !== undefined) {
    if (environment.neighbourStates(dev, gateway)?.includes('FAILED')) return -1;
  }
  return (fits ? 2 : 0) | (alias.preference << 2);
}

/** rt6_device_match(): by the interface asked for, else by an interface that has the source (ipv6_chk_addr()). */
function matchDevice(
  environment: FibEnvironment,
  aliases: readonly FibAlias[],
  { oif, source, bound }: FlowKey,
): Omit<Selected, 'length'> | undefined {
  const usable = aliases.flatMap((alias) =>
    hopsOf(alias)
      .filter((nexthop) => isAlive(environment, alias, nexthop))
      .map((nexthop) => ({ alias, nexthop })),
  );
  if (oif === undefined && source === undefined) return usable[0];
  const match = usable.find(({ nexthop: { dev } }) =>
    oif === undefined
      ? dev !== undefined && source !== undefined && environment.isLocalOn(dev, source)
      : dev === oif,
  );
  return match ?? (bound === true ? undefined : usable[0]);
}

function selectPath(
  environment: FibEnvironment,
  alias: FibAlias,
  nexthop: Nexthop,
  key: FlowKey,
  strict: Strictness,
) {
  if (alias.nexthops.length < 2) return undefined;
  const paths = alias.nexthops.map((each): Path => {
    const { dev, gateway } = each;
    const states =
      dev === undefined || gateway === undefined ? undefined : environment.neighbourStates(dev, gateway);
    return {
      nexthop: each,
      counts: alias.object !== undefined || isAlive(environment, alias, each),
      reachable: states === undefined || states.some((state) => VALID_STATES.includes(state)),
    };
  });
  const hash = multipathHash(6, key, environment.hash);
  if (alias.object !== undefined) return selectGroup(paths, hash, environment.bucketsOf(alias.object));
  return selectPath6(paths, hash, nexthop, (each) => scoreOf(environment, alias, each, key, strict) >= 0);
}
