/** Building Route records and dumps of them, for all commands that print routes. */
import { wordTable } from '../base/word-table.ts';
import type { Family } from '../net/ip.ts';
import type { DumpContent } from './dump.ts';
import type { Nexthop, Route, RouteDump, RouteType } from './records.ts';

const TYPES: ReadonlySet<string> = new Set<RouteType>([
  'unicast',
  'local',
  'broadcast',
  'multicast',
  'anycast',
  'unreachable',
  'blackhole',
  'prohibit',
  'throw',
  'nat',
]);

export function isRouteType(word: string | undefined): word is RouteType {
  return word !== undefined && TYPES.has(word);
}

/** RTN_* (linux/rtnetlink.h), which `ip -N` prints in place of names; unicast has none. */
const TYPE_NUMBERS: readonly (RouteType | undefined)[] = [
  undefined,
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
];

/** By name, or by number where `ip -N` was asked. */
export function routeTypeOf(word: string | undefined): RouteType | undefined {
  if (isRouteType(word)) return word;
  return word !== undefined && /^\d+$/.test(word) ? TYPE_NUMBERS[Number(word)] : undefined;
}

/** rtnl_rtscope_n2a(), lib/rt_names.c. */
export function scopeName(word: string): string {
  return SCOPES[word] ?? word;
}

const SCOPES = wordTable({ 0: 'global', 200: 'site', 253: 'link', 254: 'host', 255: 'nowhere' });

/** rtnl_rtprot_n2a(): those of /etc/iproute2/rt_protos that the kernel and daemons use. */
export function protocolNameOf(word: string): string {
  return PROTOCOLS[word] ?? word;
}

const PROTOCOLS = wordTable({ 1: 'redirect', 2: 'kernel', 3: 'boot', 4: 'static', 9: 'ra', 16: 'dhcp' });

/** A route before its family is settled and its next hops are complete. */
export type RouteDraft = { -readonly [K in keyof Omit<Route, 'nexthops' | 'attributes'>]: Route[K] } & {
  nexthops: Nexthop[];
  attributes?: Record<string, string>;
};

/** A single route prints no weight; the kernel's default of an IPv4 route without a metric is 0. */
export function nexthop(fields: {
  gateway?: Nexthop['gateway'] | undefined;
  dev?: string | undefined;
  weight?: number | undefined;
  flags?: readonly string[];
  realms?: number | undefined;
}): Nexthop {
  return {
    ...(fields.gateway === undefined ? {} : { gateway: fields.gateway }),
    ...(fields.dev === undefined ? {} : { dev: fields.dev }),
    weight: fields.weight ?? 1,
    flags: fields.flags ?? [],
    ...(fields.realms === undefined ? {} : { realms: fields.realms }),
  };
}

/** What a dump speaks for. */
export type Tables = Pick<RouteDump, 'covers' | 'tables'>;

export interface Coverage {
  readonly tables: Tables;
  /** Families that were asked for, when the command says so; else only those that the routes show. */
  readonly asked: readonly Family[];
}

/**
 * `read`: whether there was nothing that could not be read; a dump of which no line was understood is not an empty one.
 */
export function routesContent(routes: readonly Route[], coverage: Coverage, read: boolean): DumpContent {
  const families = new Set<Family>(routes.map((route) => route.family));
  if (read || families.size > 0) for (const family of coverage.asked) families.add(family);
  const dumpOf = (family: Family): RouteDump => ({
    routes: routes.filter((route) => route.family === family),
    ...coverage.tables,
  });
  const both = families.has(4) && families.has(6);
  return {
    kind: 'routes',
    family: both ? 'both' : families.has(6) ? 6 : families.has(4) ? 4 : (coverage.asked[0] ?? 4),
    ...(families.has(4) ? { dump4: dumpOf(4) } : {}),
    ...(families.has(6) ? { dump6: dumpOf(6) } : {}),
  };
}

/**
 * Which tables a dump of these routes speaks for. `ip route show table all` always shows the local table by name; a dump
 * of the local table alone shows nothing but its kinds of routes, and no table.
 */
export function settleTables(routes: RouteDraft[], command: string | undefined): Tables {
  const asked = /\btable (\S+)/.exec(command ?? '')?.[1];
  if (asked !== undefined && asked !== 'all' && asked !== '0' && asked !== 'unspec') {
    const name = TABLE_NAMES.get(asked) ?? asked;
    for (const route of routes) if (route.table === '') route.table = name;
    return name === 'main' ? { covers: 'main' } : { covers: 'listed', tables: [name] };
  }
  const onlyLocal =
    routes.length > 0 &&
    routes.every(
      (route) => route.table === '' && /^(?:local|broadcast|anycast|multicast)$/.test(route.type),
    ) &&
    routes.some((route) => route.type === 'local' && route.protocol === 'kernel');
  const local = routes.some((route) => route.table === 'local');
  for (const route of routes) if (route.table === '') route.table = onlyLocal ? 'local' : 'main';
  if (onlyLocal) return { covers: 'listed', tables: ['local'] };
  return { covers: asked !== undefined || local ? 'all' : 'main' };
}

/** RT_TABLE_* by number, as /etc/iproute2/rt_tables names them. */
const TABLE_NAMES: ReadonlyMap<string, string> = new Map([
  ['255', 'local'],
  ['254', 'main'],
  ['253', 'default'],
]);

export function tableName(table: string): string {
  return TABLE_NAMES.get(table) ?? table;
}

/** The family a command line asks for: `ip -6 route`. */
export function familyOfCommand(command: string | undefined): Family | undefined {
  if (command === undefined) return undefined;
  if (/ -(?:6|family inet6|f inet6)\b/.test(command)) return 6;
  if (/ -(?:4|family inet|f inet)\b/.test(command)) return 4;
  return undefined;
}

/** `ip route` without a family shows IPv4; `table all` without one shows both (iproute_list_flush_or_save()). */
export function askedFamilies(command: string | undefined, family: Family | undefined): readonly Family[] {
  const named = familyOfCommand(command) ?? family;
  if (named !== undefined) return [named];
  if (command === undefined) return [];
  return /\btable (?:all|0)\b/.test(command) ? [4, 6] : [4];
}
