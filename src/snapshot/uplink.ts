/** The way out that a machine of which a session shows only parts is taken to have. */
import type { Link, Route } from '../dump/records.ts';
import type { CommandInput } from '../input/input.ts';
import type { Family } from '../net/ip.ts';
import { parsePrefix } from '../net/prefix.ts';
import { inferredLink } from './links.ts';
import type { Netns } from './snapshot.ts';

/**
 * People who write set-up scripts leave out what every machine has: an uplink and a default route. Its interface is the one
 * that a rule names and no command makes (`-o eth0`), else eth0, or uplink where the session has its own eth0. What it assumes stands in the route's text.
 */
export function withUplink(netns: Netns, commands: readonly CommandInput[]): Netns {
  if (!netns.partial || netns.routes4?.covers === 'all' || hasDefault(netns)) return netns;
  const own = netns.links ?? [];
  const name =
    namedBy(netns, commands) ?? (commands.some(({ text }) => / eth0(?: |$)/.test(text)) ? 'uplink' : 'eth0');
  const [command] = commands;
  const span = { path: command?.path ?? '', line: command?.line ?? 1 };
  const known = own.find((link) => link.name === name);
  const uplink = known ?? inferredLink(name, span);
  const named = uplink.addresses.length > 0 ? uplink : { ...uplink, addresses: [{ ...MADE_ADDRESS, span }] };
  const links: readonly Link[] = known ? own.map((link) => (link === known ? named : link)) : [...own, named];
  const route = defaultRoute(name, 4, span);
  if (!route) return netns;
  const { routes = [], covers = 'none' } = netns.routes4 ?? {};
  const rest = netns.routes4?.tables === undefined ? {} : { tables: netns.routes4.tables };
  return { ...netns, links: [...links], routes4: { routes: [...routes, route], covers, ...rest } };
}

/** 192.0.2.2/24, of the documentation's network (RFC 5737): nobody takes it for a real one. */
const MADE_ADDRESS = {
  address: 0xc0000202,
  length: 24,
  scope: 'global',
  secondary: false,
  flags: [],
} as const;

const GATEWAY = 0xc0000201;

function hasDefault({ routes4 }: Netns): boolean {
  const speaks = routes4?.covers === 'main' || routes4?.tables?.includes('main') === true;
  return (
    speaks ||
    (routes4?.routes.some(({ destination, table }) => destination.length === 0 && table === 'main') ?? false)
  );
}

function namedBy({ links, name }: Netns, commands: readonly CommandInput[]): string | undefined {
  const made = new Set(links?.filter(({ inferred }) => !inferred).map((link) => link.name));
  for (const { namespace, text } of commands) {
    if (namespace !== name || !text.startsWith('iptables')) continue;
    const device = /(?<!! )(?:-o|--out-interface) ([\w.@-]+)/.exec(text)?.[1];
    if (device !== undefined && !made.has(device)) return device;
  }
  return undefined;
}

function defaultRoute(dev: string, family: Family, span: Route['span']): Route | undefined {
  const destination = parsePrefix('default', family);
  if (!destination) return undefined;
  const nexthop = { dev, gateway: GATEWAY, weight: 1, flags: [] };
  return {
    ...{
      family,
      type: 'unicast',
      destination,
      table: 'main',
      nexthops: [nexthop],
      metric: 0,
      flags: [],
    },
    ...{
      text: `default via 192.0.2.1 dev ${dev} (assumed: the machine's own addresses and routes are not shown)`,
      span,
    },
  };
}
