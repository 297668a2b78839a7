/** fib_lookup() and fib_rules_lookup(), net/ipv4/fib_rules.c and net/core/fib_rules.c; fib6_rule_lookup(), net/ipv6/fib6_rules.c. */
import { groupBy } from '../base/group-by.ts';
import { once } from '../base/memo.ts';
import { isUnknown } from '../base/ternary.ts';
import type { IpRule, Nexthop, Route } from '../dump/records.ts';
import type { Family, Ip } from '../net/ip.ts';
import type { Skb } from '../skb/skb.ts';
import { effectiveRoutes, effectiveRules } from '../snapshot/effective-routes.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { matchesRule } from './fib-rule.ts';
import { aliasOf, buildTable, type FibTable } from './fib-table.ts';
import { lookupTable4 } from './fib4.ts';
import { lookupTable6 } from './fib6.ts';
import type { HashSettings } from './multipath-hash.ts';
import { withObjects } from './nexthop.ts';

/** struct flowi4/flowi6: what a route is asked for. */
export interface FlowKey {
  readonly destination: Ip;
  /** Absent: still to be chosen. */
  readonly source?: Ip;
  /** `lo` for locally sent packets, as the kernel has it. */
  readonly iif: string;
  readonly oif?: string;
  readonly tos: number;
  readonly mark: number;
  readonly protocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Of the socket; the kernel's own and forwarded packets have 0. Absent: not known. */
  readonly uid?: number;
  readonly flowLabel?: number;
  /** A packet that arrived, not one that is sent: IPv6 then favours the interface it came in by. */
  readonly input?: boolean;
  /** Bound to `oif` (SO_BINDTODEVICE): IPv6 takes no other. */
  readonly bound?: boolean;
  /** What is hashed for a route of several next hops, where there is a packet already. */
  readonly packet?: Skb;
  /** fib_lookup() alone: the first next hop that is usable, without fib_select_path(). IPv4 only. */
  readonly firstHop?: boolean;
  /** FIB_LOOKUP_IGNORE_LINKSTATE */
  readonly anyLinkState?: boolean;
  /** ip6_route_lookup(): the first route that leaves by `oif`, whatever its metric (`-m rpfilter`). */
  readonly byDevice?: boolean;
}

export type FibError = 'ENETUNREACH' | 'EHOSTUNREACH' | 'EACCES' | 'EINVAL';

export interface FibFound {
  readonly kind: 'found';
  readonly route: Route;
  readonly nexthop: Nexthop;
  readonly prefixLength: number;
  /** The next hops that the kernel may have taken, the assumed one first; more than one where its hash isn't known. */
  readonly possible: readonly Nexthop[];
  /** Realms of the next hop (`realms FROM/TO`), and of the rule. */
  readonly realms: number;
  readonly ruleRealms: number;
  /** What couldn't be known and may have led elsewhere. */
  readonly doubts: readonly string[];
}

export interface FibFailed {
  readonly kind: 'failed';
  readonly error: FibError;
  /** The route or rule that says so; absent when nothing matched. */
  readonly route?: Route;
  readonly rule?: IpRule;
  /** Tables that were looked into without being known completely: the route may only not have been dumped. */
  readonly incomplete: readonly string[];
  readonly doubts: readonly string[];
}

export type FibResult = FibFound | FibFailed;

/** What a table gives: a route, an error that its route stands for, or `next` (a throw route): no other route of it counts. */
export type TableResult =
  | Omit<FibFound, 'ruleRealms' | 'doubts'>
  | { readonly kind: 'failed'; readonly error: FibError; readonly route: Route }
  | 'next'
  | undefined;

/** What the look-up asks of its namespace. */
export interface FibEnvironment {
  /** A device that is down takes its routes with it (fib_disable_ip()). */
  isUp(device: string): boolean;
  ignoresLinkDown(device: string): boolean;
  groupOf(device: string): string | undefined;
  /** Table of the VRF that the device belongs to. */
  vrfTableOf(device: string): string | undefined;
  /** NUD_* of a gateway's neighbour entry; undefined without one. */
  neighbourStates(device: string, gateway: Ip): readonly string[] | undefined;
  /** inet_select_addr() */
  sourceToward(device: string, gateway: Ip | undefined, scope: number): Ip | undefined;
  /** ipv6_chk_addr(): an address of the whole host counts on each of its devices. */
  isLocalOn(device: string, ip: Ip): boolean;
  readonly hash: HashSettings;
  /** fib_multipath_use_neigh */
  readonly useNeighbours: boolean;
  /** net.ipv6.conf.all.forwarding */
  readonly forwards: boolean;
  /** Bucket → member of a resilient group. */
  bucketsOf(group: number): readonly number[] | undefined;
}

/** What stands in the dump: the same for all worlds. */
export interface FibTables {
  readonly family: Family;
  readonly rules: readonly IpRule[];
  readonly rulesAssumed: boolean;
  readonly assumptions: readonly string[];
  readonly tables: ReadonlyMap<string, FibTable>;
  /** IPv4 keeps tables local and main in one trie as long as no rule was ever added (fib_trie_unmerge()). */
  readonly merged?: FibTable;
  isComplete(table: string): boolean;
}

export interface Fib extends FibTables {
  readonly environment: FibEnvironment;
}

const TABLE_NAMES: Readonly<Record<string, string>> = { '255': 'local', '254': 'main', '253': 'default' };
export const tableName = (table: string): string => TABLE_NAMES[table] ?? table;

export function createFib(netns: Netns, family: Family, environment: FibEnvironment): Fib {
  return { ...TABLES[family](netns), environment };
}

const TABLES = {
  4: once((netns: Netns) => buildTables(netns, 4)),
  6: once((netns: Netns) => buildTables(netns, 6)),
} as const;

function buildTables(netns: Netns, family: Family): FibTables {
  const known = effectiveRoutes(netns, family);
  const { rules, assumed } = effectiveRules(netns, family);
  const aliases = known.routes.map((route) => withObjects(aliasOf(route), netns.nexthops ?? []));
  const grouped = groupBy(aliases, ({ route }) => tableName(route.table));
  const tables = new Map([...grouped].map(([name, group]) => [name, buildTable([group], family)]));
  const shared = [grouped.get('local') ?? [], grouped.get('main') ?? []];
  return {
    family,
    rules,
    rulesAssumed: assumed,
    assumptions: known.assumptions,
    tables,
    ...(family === 4 && !hasCustomRules(rules) ? { merged: buildTable(shared, family) } : {}),
    isComplete: (table) => known.isComplete(table),
  };
}

const DEFAULT_RULES: ReadonlyMap<number, string> = new Map([
  [0, 'local'],
  [32766, 'main'],
  [32767, 'default'],
]);

/** fib4_has_custom_rules(), as far as the rules that are still there show it. */
export function hasCustomRules(rules: readonly IpRule[]): boolean {
  return (
    rules.length !== DEFAULT_RULES.size ||
    rules.some(({ priority, action, iif, oif, source, destination, invert }) => {
      const isWide = (source?.length ?? 0) === 0 && (destination?.length ?? 0) === 0 && !invert;
      const isDefault = action.kind === 'lookup' && DEFAULT_RULES.get(priority) === tableName(action.table);
      return !isWide || !isDefault || iif !== undefined || oif !== undefined;
    })
  );
}

/** Rules of which it isn't known whether they match are followed both ways so often. */
const MAX_FORKS = 6;

interface Search {
  readonly incomplete: Set<string>;
  forks: number;
}

/** Throw routes and rules that lead nowhere make the search go on; `incomplete` collects what couldn't be searched. */
export function fibLookup(fib: Fib, key: FlowKey): FibResult {
  const search: Search = { incomplete: new Set(), forks: 0 };
  const found = fib.merged ? lookupMerged(fib, fib.merged, key, search) : followRules(fib, key, 0, search);
  const doubts = found.kind === 'found' || found.kind === 'failed' ? found.doubts : [];
  return found.kind === 'failed' ? { ...found, incomplete: [...search.incomplete], doubts } : found;
}

/** The way without rules. */
function lookupMerged(fib: Fib, merged: FibTable, key: FlowKey, search: Search): FibResult {
  const found = lookup(fib, merged, key);
  if (!fib.isComplete('main') && (found === undefined || found === 'next')) search.incomplete.add('main');
  if (found !== undefined && found !== 'next') return settled(found);
  const table = fib.tables.get('default');
  const last = table && lookup(fib, table, key);
  if (last !== undefined && last !== 'next') return settled(last);
  return { kind: 'failed', error: 'ENETUNREACH', incomplete: [], doubts: [] };
}

function settled(result: Exclude<TableResult, 'next' | undefined>, rule?: IpRule): FibResult {
  if (result.kind === 'failed') return { ...result, incomplete: [], doubts: [] };
  const { kind, route, nexthop, prefixLength, possible, realms } = result;
  const ruleRealms = rule?.realms ?? 0;
  return { kind, route, nexthop, prefixLength, possible, realms, ruleRealms, doubts: [] };
}

function lookup(fib: Fib, table: FibTable, key: FlowKey): TableResult {
  return fib.family === 4
    ? lookupTable4(fib.environment, table, key)
    : lookupTable6(fib.environment, table, key);
}

function followRules(fib: Fib, key: FlowKey, from: number, search: Search): FibResult {
  const vrf = fib.environment.vrfTableOf(key.input ? key.iif : (key.oif ?? ''));
  let jump: number | undefined;
  for (let i = from; i < fib.rules.length; i++) {
    const rule = fib.rules[i] as IpRule;
    if (jump !== undefined && rule.priority !== jump) continue;
    jump = undefined;
    const matches = matchesRule(rule, key, vrf !== undefined);
    if (matches === false) continue;
    if (isUnknown(matches)) {
      if (search.forks++ >= MAX_FORKS) continue;
      return fork(fib, key, i, search, vrf, matches.why);
    }
    const { action } = rule;
    if (action.kind === 'goto') {
      // Unresolved: there is no rule of that priority.
      if (fib.rules.some((other, at) => at > i && other.priority === action.priority)) jump = action.priority;
      continue;
    }
    const result = act(fib, rule, key, search, vrf);
    if (result) return result;
  }
  return { kind: 'failed', error: 'ENETUNREACH', incomplete: [], doubts: [] };
}

/** Both ways; a doubt only where they part. The rule is taken as not matching. */
function fork(
  fib: Fib,
  key: FlowKey,
  index: number,
  search: Search,
  vrf: string | undefined,
  why: string,
): FibResult {
  const rule = fib.rules[index] as IpRule;
  const { action } = rule;
  const target =
    action.kind === 'goto'
      ? fib.rules.findIndex((other, at) => at > index && other.priority === action.priority)
      : -1;
  const without = followRules(fib, key, index + 1, search);
  const within =
    action.kind === 'goto'
      ? target < 0
        ? without
        : followRules(fib, key, target, search)
      : (act(fib, rule, key, search, vrf) ?? without);
  return isSame(within, without) ? without : { ...without, doubts: [...without.doubts, why] };
}

function isSame(a: FibResult, b: FibResult): boolean {
  if (a.kind === 'found' && b.kind === 'found') return a.route === b.route && a.nexthop === b.nexthop;
  return a.kind === 'failed' && b.kind === 'failed' && a.error === b.error;
}

/** fib4_rule_action() and fib4_rule_suppress(); undefined: go on with the next rule. */
function act(
  fib: Fib,
  rule: IpRule,
  key: FlowKey,
  search: Search,
  vrf: string | undefined,
): FibResult | undefined {
  const { action } = rule;
  switch (action.kind) {
    case 'goto':
    case 'nop':
      return undefined;
    case 'unreachable':
      return { kind: 'failed', error: 'ENETUNREACH', rule, incomplete: [], doubts: [] };
    case 'prohibit':
      return { kind: 'failed', error: 'EACCES', rule, incomplete: [], doubts: [] };
    case 'blackhole':
      return { kind: 'failed', error: 'EINVAL', rule, incomplete: [], doubts: [] };
    case 'lookup': {
      const name = rule.l3mdev && vrf !== undefined ? vrf : tableName(action.table);
      const table = fib.tables.get(name);
      const result = table ? lookup(fib, table, key) : undefined;
      // Nothing ever fills table default; a dump of main alone leaves it out.
      const known = fib.isComplete(name) || name === 'default' || (name === 'local' && result);
      if (!known) search.incomplete.add(name);
      if (result === undefined || result === 'next') return undefined;
      return result.kind === 'found' && isSuppressed(fib, rule, result) ? undefined : settled(result, rule);
    }
  }
}

function isSuppressed(
  fib: Fib,
  rule: IpRule,
  found: { route: Route; nexthop: Nexthop; prefixLength: number },
) {
  if (rule.suppressPrefixLength !== undefined && found.prefixLength <= rule.suppressPrefixLength) return true;
  if (rule.suppressGroup === undefined) return false;
  const { dev } = (fib.family === 4 ? found.route.nexthops[0] : undefined) ?? found.nexthop;
  return dev !== undefined && groupNumber(fib.environment.groupOf(dev)) === groupNumber(rule.suppressGroup);
}

const groupNumber = (group: string | undefined): string => (group === 'default' ? '0' : (group ?? '0'));
