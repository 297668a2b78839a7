/** A routing table made for look-ups: struct fib_alias of net/ipv4/fib_trie.c, struct fib6_node of net/ipv6/ip6_fib.c. */
import { groupBy } from '../base/group-by.ts';
import { parseRealms } from '../dump/realms.ts';
import type { Nexthop, Route } from '../dump/records.ts';
import { bitsOf, type Family, type Ip } from '../net/ip.ts';
import { ipKey } from '../net/ip-key.ts';
import { applyMask, maskOf, type Prefix, parsePrefix } from '../net/prefix.ts';
import { scopeNumber } from './scope.ts';

/** A route with what a look-up asks of it. */
export interface FibAlias {
  readonly route: Route;
  readonly tos: number;
  /** Smaller is wider: RT_SCOPE_UNIVERSE 0, LINK 253, HOST 254. */
  readonly scope: number;
  /** IPv6's `from PREFIX`: only packets with such a source. */
  readonly source?: Prefix;
  /** RFC 4191, as IPV6_DECODE_PREF() orders them: 1 low, 2 medium, 3 high. */
  readonly preference: number;
  /** Realms of its only next hop (nh_tclassid). */
  readonly realms: number;
  /** It uses nexthop objects: `nhid N`. */
  readonly object?: number;
  readonly nexthops: readonly Nexthop[];
}

export interface FibLevel {
  readonly length: number;
  readonly mask: Ip;
  /** By `ipKey` of the network. */
  readonly nodes: ReadonlyMap<Ip, readonly FibAlias[]>;
}

/** By prefix length, longest first; then by network; then as the kernel orders them. */
export interface FibTable {
  readonly levels: readonly FibLevel[];
  /** Does a whole prefix of local routes hold it (`local 10.50.0.0/16`)? */
  isLocal(ip: Ip): boolean;
}

const PREFERENCES: Readonly<Record<string, number>> = { low: 1, medium: 2, high: 3 };

/** `sections`: routes of tables that share one trie, the one whose routes come first within a prefix first. */
export function buildTable(sections: readonly (readonly FibAlias[])[], family: Family): FibTable {
  const placed = sections.flatMap((aliases, section) => aliases.map((alias) => ({ alias, section })));
  const byLength = groupBy(placed, ({ alias }) => alias.route.destination.length);
  const levels = [...byLength]
    .filter(([length]) => length <= bitsOf(family))
    .toSorted(([a], [b]) => b - a)
    .map(([length, group]) => {
      const sorted = group.toSorted(
        (a, b) =>
          a.section - b.section || b.alias.tos - a.alias.tos || a.alias.route.metric - b.alias.route.metric,
      );
      const aliases = sorted.map(({ alias }) => alias);
      return {
        length,
        mask: maskOf(family, length),
        nodes: groupBy(aliases, ({ route }) => ipKey(route.destination.address)),
      };
    });
  const local = levels.filter(
    ({ length, nodes }) =>
      length < bitsOf(family) && [...nodes.values()].some(([first]) => first?.route.type === 'local'),
  );
  return {
    levels,
    isLocal(ip) {
      if (local.length === 0) return false;
      for (const { mask, nodes } of levels) {
        const [first] = nodes.get(ipKey(applyMask(ip, mask))) ?? [];
        if (first) return first.route.type === 'local';
      }
      return false;
    },
  };
}

export function aliasOf(route: Route): FibAlias {
  const attributes = route.attributes ?? {};
  const source = attributes.from === undefined ? undefined : parsePrefix(attributes.from, route.family);
  const object = attributes.nhid === undefined ? undefined : Number(attributes.nhid);
  return {
    route,
    tos: route.family === 4 ? (route.tos ?? 0) : 0,
    scope: scopeNumber(route.scope),
    ...(source && source.length > 0 ? { source } : {}),
    preference: PREFERENCES[attributes.pref ?? 'medium'] ?? 2,
    realms: parseRealms(attributes.realms ?? attributes.realm ?? '') ?? 0,
    ...(object === undefined ? {} : { object }),
    nexthops: route.nexthops,
  };
}
