/** fib_lookup() and fib_table_lookup(), net/ipv4/fib_{rules,trie}.c; fib6_rule_lookup(), net/ipv6/fib6_rules.c. */
import type { IpRule, Nexthop, Route } from '../dump/records.ts';
import { bitsOf, type Family, type Ip } from '../net/ip.ts';
import { applyMask, contains, maskOf } from '../net/prefix.ts';
import { effectiveRoutes, effectiveRules } from '../snapshot/effective-routes.ts';
import type { Netns } from '../snapshot/snapshot.ts';

/** struct flowi4/flowi6: what a route is asked for. */
export interface FlowKey {
  readonly destination: Ip;
  readonly source?: Ip;
  /** `lo` for locally sent packets, as the kernel has it. */
  readonly iif: string;
  readonly oif?: string;
  readonly tos: number;
  readonly mark: number;
  readonly protocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly uid?: number;
}

export type FibError = 'ENETUNREACH' | 'EHOSTUNREACH' | 'EACCES' | 'EINVAL';

/** Bits of the TOS octet that IPv4 routing compares (INET_DSCP_LEGACY_TOS_MASK), and IPv6. */
const LEGACY_TOS = 0x1c;
const DSCP = 0xfc;

export interface FibFound {
  readonly kind: 'found';
  readonly route: Route;
  readonly nexthop: Nexthop;
  readonly prefixLength: number;
  /** Several nexthops would do and the kernel's choice isn't determined by what is known. */
  readonly choices: number;
}

export interface FibFailed {
  readonly kind: 'failed';
  readonly error: FibError;
  /** The route or rule that says so; absent when nothing matched. */
  readonly route?: Route;
  readonly rule?: IpRule;
  /** Tables that were looked into without being known completely: the route may only not have been dumped. */
  readonly incomplete: readonly string[];
}

export type FibResult = FibFound | FibFailed;

interface FibTable {
  /** Routes by prefix length, longest first; then by network; the kernel's order of aliases within. */
  readonly lengths: { readonly length: number; readonly mask: Ip; readonly routes: Map<Ip, Route[]> }[];
}

export interface Fib {
  readonly family: Family;
  readonly rules: readonly IpRule[];
  readonly rulesAssumed: boolean;
  readonly assumptions: readonly string[];
  readonly tables: ReadonlyMap<string, FibTable>;
  isComplete(table: string): boolean;
  /** A device that is down takes its routes with it (fib_disable_ip()). */
  isUp(device: string): boolean;
  ignoresLinkDown(device: string): boolean;
}

const TABLE_NAMES: Readonly<Record<string, string>> = { '255': 'local', '254': 'main', '253': 'default' };
export const tableName = (table: string): string => TABLE_NAMES[table] ?? table;

export function createFib(netns: Netns, family: Family, devices: Pick<Fib, 'isUp' | 'ignoresLinkDown'>): Fib {
  const known = effectiveRoutes(netns, family);
  const { rules, assumed } = effectiveRules(netns, family);
  const grouped = groupBy(known.routes, (route) => tableName(route.table));
  const tables = new Map([...grouped].map(([name, routes]) => [name, buildTable(routes, family)]));
  return {
    family,
    rules,
    rulesAssumed: assumed,
    assumptions: known.assumptions,
    tables,
    isComplete: (table) => known.isComplete(table),
    isUp: devices.isUp,
    ignoresLinkDown: devices.ignoresLinkDown,
  };
}

function buildTable(routes: readonly Route[], family: Family): FibTable {
  const byLength = groupBy(routes, (route) => route.destination.length);
  const lengths = [...byLength]
    .filter(([length]) => length <= bitsOf(family))
    .toSorted(([a], [b]) => b - a)
    .map(([length, group]) => {
      const sorted = group.toSorted((a, b) => (b.tos ?? 0) - (a.tos ?? 0) || a.metric - b.metric);
      return {
        length,
        mask: maskOf(family, length),
        routes: groupBy(sorted, (route) => route.destination.address),
      };
    });
  return { lengths };
}

function groupBy<K, V>(items: readonly V[], key: (item: V) => K): Map<K, V[]> {
  const groups = new Map<K, V[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

/** Throw routes and rules that lead nowhere make the search go on; `incomplete` collects what couldn't be searched. */
export function fibLookup(fib: Fib, key: FlowKey): FibResult {
  const incomplete: string[] = [];
  let minimum = -1;
  for (const rule of fib.rules) {
    if (rule.priority < minimum || !matchesRule(rule, key)) continue;
    const { action } = rule;
    switch (action.kind) {
      case 'nop':
        break;
      case 'goto':
        minimum = action.priority;
        break;
      case 'unreachable':
        return { kind: 'failed', error: 'ENETUNREACH', rule, incomplete };
      case 'prohibit':
        return { kind: 'failed', error: 'EACCES', rule, incomplete };
      case 'blackhole':
        return { kind: 'failed', error: 'EINVAL', rule, incomplete };
      case 'lookup': {
        const name = tableName(action.table);
        const table = fib.tables.get(name);
        const result = table ? lookupTable(fib, table, key) : undefined;
        // Nothing ever fills table default; a dump of main alone leaves it out.
        const known = fib.isComplete(name) || name === 'default' || (name === 'local' && result);
        if (!known) incomplete.push(name);
        if (!result) break;
        if (rule.suppressPrefixLength !== undefined && result.kind === 'found') {
          if (result.prefixLength <= rule.suppressPrefixLength) break;
        }
        return result.kind === 'found' ? result : { ...result, incomplete };
      }
    }
  }
  return { kind: 'failed', error: 'ENETUNREACH', incomplete };
}

/** fib4_rule_match() with fib_rule_match(), net/core/fib_rules.c */
export function matchesRule(rule: IpRule, key: FlowKey): boolean {
  return selectorsHold(rule, key) !== rule.invert;
}

function selectorsHold(rule: IpRule, key: FlowKey): boolean {
  if (rule.iif !== undefined && rule.iif !== key.iif) return false;
  if (rule.oif !== undefined && rule.oif !== key.oif) return false;
  if (rule.fwmark && ((key.mark ^ rule.fwmark.mark) & rule.fwmark.mask) >>> 0 !== 0) return false;
  if (rule.uids && (key.uid === undefined || key.uid < rule.uids.min || key.uid > rule.uids.max))
    return false;
  if (rule.source && rule.source.length > 0) {
    if (key.source === undefined || !contains(rule.source, key.source)) return false;
  }
  if (rule.destination && !contains(rule.destination, key.destination)) return false;
  const tosMask = rule.family === 4 ? LEGACY_TOS : DSCP;
  if (rule.tos !== undefined && rule.tos !== 0 && (rule.tos & tosMask) !== (key.tos & tosMask)) return false;
  if (rule.protocol !== undefined && rule.protocol !== 0 && rule.protocol !== key.protocol) return false;
  if (!inPorts(rule.sourcePorts, key.sourcePort)) return false;
  return inPorts(rule.destinationPorts, key.destinationPort);
}

function inPorts(
  range: { readonly min: number; readonly max: number } | undefined,
  port: number | undefined,
) {
  return !range || (port !== undefined && port >= range.min && port <= range.max);
}

/** Undefined: nothing here, go on with the next rule. */
function lookupTable(
  fib: Fib,
  table: FibTable,
  key: FlowKey,
): FibFound | Omit<FibFailed, 'incomplete'> | undefined {
  for (const { length, mask, routes } of table.lengths) {
    const group = routes.get(applyMask(key.destination, mask));
    if (!group) continue;
    for (const route of group) {
      if (route.tos && (route.tos & LEGACY_TOS) !== (key.tos & LEGACY_TOS)) continue;
      switch (route.type) {
        case 'throw':
          return undefined;
        case 'blackhole':
          return { kind: 'failed', error: 'EINVAL', route };
        case 'prohibit':
          return { kind: 'failed', error: 'EACCES', route };
        case 'unreachable':
          return { kind: 'failed', error: 'EHOSTUNREACH', route };
      }
      const usable = route.nexthops.filter((nexthop) => isUsable(fib, route, nexthop, key));
      const nexthop = usable[0];
      if (nexthop) return { kind: 'found', route, nexthop, prefixLength: length, choices: usable.length };
    }
  }
  return undefined;
}

function isUsable(fib: Fib, route: Route, nexthop: Nexthop, key: FlowKey): boolean {
  if (nexthop.flags.includes('dead') || route.flags.includes('dead')) return false;
  const { dev } = nexthop;
  if (dev === undefined) return key.oif === undefined;
  if (route.type !== 'local' && route.type !== 'broadcast' && !fib.isUp(dev)) return false;
  if (nexthop.flags.includes('linkdown') && fib.ignoresLinkDown(dev)) return false;
  return key.oif === undefined || key.oif === dev;
}
