/** What a later dump says of a namespace, put over what was known of it before: by a session's commands and earlier dumps. */
import type { Link, RouteDump } from '../dump/records.ts';
import type { Ruleset } from '../xtables/rule.ts';
import { tablesOf } from './effective-routes.ts';
import type { Netns } from './snapshot.ts';

/** Fields that a dump has stand for what was there; those that it can show in part only are joined. */
export function overlayNetns(base: Netns | undefined, dumped: Netns): Netns {
  if (!base) return dumped;
  const next: Netns = { ...base, ...dumped, inferred: base.inferred && dumped.inferred };
  const links = overlayLinks(base, dumped);
  if (links) next.links = links;
  const known = base.addressesUnknown !== true || isWhole(dumped);
  if (known) delete next.addressesUnknown;
  else next.addressesUnknown = true;
  if (base.routes4) next.routes4 = overlayRoutes(base.routes4, dumped.routes4);
  if (base.routes6) next.routes6 = overlayRoutes(base.routes6, dumped.routes6);
  if (base.rulesets4) next.rulesets4 = overlayRulesets(base.rulesets4, dumped.rulesets4);
  if (base.rulesets6) next.rulesets6 = overlayRulesets(base.rulesets6, dumped.rulesets6);
  if (base.sysctls && dumped.sysctls) next.sysctls = new Map([...base.sysctls, ...dumped.sysctls]);
  if (base.bootSysctls && dumped.bootSysctls)
    next.bootSysctls = new Map([...base.bootSysctls, ...dumped.bootSysctls]);
  if (base.counters && dumped.counters) next.counters = new Map([...base.counters, ...dumped.counters]);
  return next;
}

/** `ip addr` of every device: the loopback device is among them. */
function isWhole({ links, addressesUnknown }: Netns): boolean {
  return addressesUnknown !== true && isListed(links);
}

function isListed(links: readonly Link[] | undefined): boolean {
  return links?.some(({ name, inferred }) => name === 'lo' && inferred !== true) ?? false;
}

/** A list without lo was cut short or asked for some devices only: it takes none away. */
function overlayLinks(base: Netns, dumped: Netns): Link[] | undefined {
  if (!dumped.links) return base.links;
  if (!base.links) return dumped.links;
  const news = new Map(dumped.links.map((link) => [link.name, link]));
  const whole = isListed(dumped.links);
  const kept = base.links
    .filter(({ name }) => news.has(name) || !whole)
    .map((older) => {
      const newer = news.get(older.name);
      return newer ? overlayLink(older, newer, dumped.addressesUnknown !== true) : older;
    });
  const names = new Set(base.links.map(({ name }) => name));
  return [...kept, ...dumped.links.filter(({ name }) => !names.has(name))];
}

function overlayLink(older: Link, newer: Link, withAddresses: boolean): Link {
  if (newer.inferred) {
    const own = newer.addresses.length > older.addresses.length ? newer.addresses : older.addresses;
    return {
      ...older,
      addresses: own,
      ...(older.master === undefined && newer.master !== undefined && { master: newer.master }),
    };
  }
  const { kind = older.kind, kindData = older.kindData, mtu = older.mtu, mac = older.mac } = newer;
  return {
    ...newer,
    ...(kind !== undefined && { kind }),
    ...(kindData !== undefined && { kindData }),
    ...(mtu !== undefined && { mtu }),
    ...(mac !== undefined && { mac }),
    ...(older.pair !== undefined && { pair: older.pair }),
    ...(newer.port === undefined &&
      older.port !== undefined &&
      newer.master !== undefined && { port: older.port }),
    addresses: withAddresses ? newer.addresses : older.addresses,
  };
}

function overlayRoutes(base: RouteDump, dumped: RouteDump | undefined): RouteDump {
  if (!dumped) return base;
  if (dumped.covers === 'all') return dumped;
  const renewed = new Set(tablesOf(dumped));
  const routes = [...dumped.routes, ...base.routes.filter(({ table }) => !renewed.has(table))];
  if (base.covers === 'all') return { routes, covers: 'all' };
  return { routes, covers: 'listed', tables: [...new Set([...tablesOf(base), ...renewed])] };
}

/** Table by table: `iptables -t nat -S` says nothing of filter. */
function overlayRulesets(base: readonly Ruleset[], dumped: readonly Ruleset[] | undefined): Ruleset[] {
  if (!dumped) return [...base];
  const kept = base.filter(({ backend }) => !dumped.some((each) => each.backend === backend));
  const joined = dumped.map((each) => {
    const older = base.find(({ backend }) => backend === each.backend);
    return older ? { ...each, tables: new Map([...older.tables, ...each.tables]) } : each;
  });
  return [...kept, ...joined];
}
