import type { IpRule, Route, RouteDump } from '../dump/records.ts';
import type { Family } from '../net/ip.ts';
import { parsePrefix } from '../net/prefix.ts';
import { derivedRoutes } from './derived-routes.ts';
import type { Netns } from './snapshot.ts';

/** The FIB as far as it is known: dumped routes, and those that follow from the addresses where no dump speaks. */
export interface EffectiveRoutes {
  readonly routes: readonly Route[];
  /** Is every route of that table here? Outside it, "no route" may only mean "not dumped". */
  isComplete(table: string): boolean;
  /** What had to be assumed or derived, one sentence each; empty when the dump was of all tables. */
  readonly assumptions: readonly string[];
}

export function effectiveRoutes(netns: Netns, family: Family): EffectiveRoutes {
  const dump = family === 4 ? netns.routes4 : netns.routes6;
  const command = family === 4 ? 'ip route' : 'ip -6 route';
  if (dump?.covers === 'all') return { routes: dump.routes, isComplete: () => true, assumptions: [] };
  const knowsAddresses = netns.links !== undefined && netns.addressesUnknown !== true;
  const derived = netns.links ? derivedRoutes(netns.links, family) : [];
  const dumped = new Set(dump ? tablesOf(dump) : []);
  const isComplete = (table: string): boolean => dumped.has(table) || (table === 'local' && knowsAddresses);
  const assumptions: string[] = [];
  if (!knowsAddresses && !dumped.has('local')) {
    assumptions.push(`${netns.name}: no \`ip addr\`; which addresses are its own is not known for certain`);
  }
  if (!dumped.has('main')) {
    assumptions.push(
      `${netns.name}: no \`${command}\`; only the routes that follow from its addresses are known`,
    );
  }
  return {
    routes: [...(dump?.routes ?? []), ...derived.filter((route) => !dumped.has(route.table))],
    isComplete,
    assumptions,
  };
}

/** The tables that a dump speaks for, as far as they can be listed: not for `all`. */
export function tablesOf(dump: RouteDump): readonly string[] {
  if (dump.covers === 'none' || dump.covers === 'all') return [];
  // `table all` cut short, or pasted without its header, still shows the local table with the others.
  const named = new Set(dump.routes.map((route) => route.table));
  return dump.covers === 'main' ? ['main', ...named] : (dump.tables ?? [...named]);
}

/** The three rules every namespace begins with (fib_default_rules_init(), net/ipv4/fib_rules.c). */
export function defaultRules(family: Family): IpRule[] {
  const all = parsePrefix('default', family);
  const span = { path: 'kernel default', line: 0 };
  const tables: [number, string][] = [
    [0, 'local'],
    [32766, 'main'],
    ...(family === 4 ? ([[32767, 'default']] satisfies [number, string][]) : []),
  ];
  return tables.map(([priority, table]) => ({
    family,
    priority,
    invert: false,
    ...(all ? { source: all } : {}),
    action: { kind: 'lookup', table },
    text: `${priority}: from all lookup ${table}`,
    span,
  }));
}

/** The policy rules to follow, in order of priority, and whether they were dumped. */
export function effectiveRules(netns: Netns, family: Family): { rules: readonly IpRule[]; assumed: boolean } {
  const rules = family === 4 ? netns.rules4 : netns.rules6;
  return rules
    ? { rules: rules.toSorted((a, b) => a.priority - b.priority), assumed: false }
    : { rules: defaultRules(family), assumed: true };
}
