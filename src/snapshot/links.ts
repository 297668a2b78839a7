/** Merging what several dumps say of a namespace's devices: `ip addr`, `ip link`, `bridge link`, `brctl show`, `ifconfig`. */
import type { Issue } from '../base/issue.ts';
import type { Span } from '../base/span.ts';
import type { DumpContent } from '../dump/dump.ts';
import type { InterfaceAddress, Link, RouteDump } from '../dump/records.ts';
import type { DumpInput } from '../input/input.ts';
import { type Family, familyOf, formatIp } from '../net/ip.ts';
import { formatMac } from '../net/mac.ts';
import { contains } from '../net/prefix.ts';
import { at } from './order.ts';

export interface MergedLinks {
  readonly links: Link[];
  readonly addressesUnknown: boolean;
}

type Of<K extends DumpContent['kind']> = Extract<DumpContent, { kind: K }>;

/** `dumps` in order of credibility, the last believed most. Undefined when none of them speaks of links. */
export function mergeLinks(dumps: readonly DumpInput[], issues: Issue[]): MergedLinks | undefined {
  const links = new Map<string, Link>();
  let addressesKnown = false;
  let any = false;
  for (const { dump } of dumps) {
    if (dump.content.kind !== 'links') continue;
    any = true;
    addressesKnown ||= dump.content.withAddresses;
    for (const link of dump.content.links) {
      const known = links.get(link.name);
      links.set(link.name, known ? mergeLink(known, link, issues) : copyLink(link));
    }
  }
  for (const { dump } of dumps) {
    if (dump.content.kind === 'bridge-ports') {
      any = true;
      for (const port of dump.content.ports) mergePort(links, port, issues);
    } else if (dump.content.kind === 'bridges') {
      any = true;
      mergeBridges(links, dump.content, dump.path, issues);
    }
  }
  return any ? { links: [...links.values()], addressesUnknown: !addressesKnown } : undefined;
}

function copyLink(link: Link): Link {
  return { ...link, flags: [...link.flags], addresses: [...link.addresses] };
}

function mergeLink(older: Link, newer: Link, issues: Issue[]): Link {
  const disagree = (what: string, one: string, other: string): void => {
    issues.push(
      contradiction(newer.span, `${newer.name}: ${what} is ${other} here and ${one} in ${at(older.span)}`),
    );
  };
  if (older.index !== undefined && newer.index !== undefined && older.index !== newer.index) {
    disagree('the interface index', String(older.index), String(newer.index));
  }
  if (older.mac !== undefined && newer.mac !== undefined && older.mac !== newer.mac) {
    disagree('the MAC address', formatMac(older.mac), formatMac(newer.mac));
  }
  if (older.master !== undefined && newer.master !== undefined && older.master !== newer.master) {
    disagree('the bridge it is a port of', older.master, newer.master);
  }
  const { inferred, ...known } = older;
  const up = [older, newer].map((link) => (link.flags.includes('UP') ? 'up' : 'down'));
  const told = !older.inferred && !newer.inferred && older.flags.length > 0 && newer.flags.length > 0;
  if (told && up[0] !== up[1]) {
    disagree('the link', up[0] ?? '', up[1] ?? '');
  }
  return {
    ...known,
    ...(inferred && newer.inferred ? { inferred } : {}),
    ...defined(newer),
    flags: [...(newer.flags.length > 0 ? newer.flags : older.flags)],
    addresses: ([4, 6] as const).flatMap((family) => mergeAddresses(family, older, newer, disagree)),
  };
}

/** `ip -4 addr` shows no IPv6 addresses and `ip link` shows none, so an empty list never removes what another has. */
function mergeAddresses(
  family: Family,
  older: Link,
  newer: Link,
  disagree: (what: string, one: string, other: string) => void,
): InterfaceAddress[] {
  const [one, other] = [older, newer].map((link) =>
    link.addresses.filter((entry) => familyOf(entry.address) === family && !isTransient(entry)),
  );
  const whole = (link: Link): InterfaceAddress[] =>
    link.addresses.filter((entry) => familyOf(entry.address) === family);
  if (!other || other.length === 0) return whole(newer).length > 0 ? whole(newer) : whole(older);
  if (one && one.length > 0) {
    const [a, b] = [listOf(one), listOf(other)];
    if (a !== b) disagree(`the list of IPv${family} addresses`, a, b);
  }
  return whole(newer);
}

function isTransient(entry: InterfaceAddress): boolean {
  return entry.scope === 'link' && familyOf(entry.address) === 6;
}

function listOf(addresses: readonly InterfaceAddress[]): string {
  return addresses
    .map((entry) => `${formatIp(entry.address)}/${entry.length}`)
    .sort()
    .join(', ');
}

function mergePort(links: Map<string, Link>, port: Link, issues: Issue[]): void {
  const known = links.get(port.name);
  if (!known) {
    links.set(port.name, { ...copyLink(port), inferred: true });
  } else {
    if (known.master !== undefined && port.master !== undefined && known.master !== port.master) {
      issues.push(
        contradiction(
          port.span,
          `${port.name}: the bridge it is a port of is ${port.master} here and ${known.master} in ${at(known.span)}`,
        ),
      );
    }
    links.set(port.name, {
      ...known,
      ...(port.master === undefined ? {} : { master: port.master }),
      ...(port.port === undefined ? {} : { port: { ...known.port, ...port.port } }),
    });
  }
  if (port.master !== undefined) addBridge(links, port.master, port.span);
}

function mergeBridges(links: Map<string, Link>, content: Of<'bridges'>, path: string, issues: Issue[]): void {
  for (const bridge of content.bridges) {
    const span = { path, line: bridge.line };
    addBridge(links, bridge.name, span);
    for (const name of bridge.ports) {
      const known = links.get(name);
      if (known?.master !== undefined && known.master !== bridge.name) {
        issues.push(
          contradiction(
            span,
            `${name}: the bridge it is a port of is ${bridge.name} here and ${known.master} in ${at(known.span)}`,
          ),
        );
      } else {
        links.set(name, { ...(known ?? inferredLink(name, span)), master: bridge.name });
      }
    }
  }
}

function addBridge(links: Map<string, Link>, name: string, span: Span): void {
  const known = links.get(name);
  if (known?.kind !== undefined) return;
  links.set(name, { ...(known ?? inferredLink(name, span)), kind: 'bridge' });
}

/** A device that is only mentioned; taken to be up. */
export function inferredLink(name: string, span: Span): Link {
  return { name, flags: ['UP', 'LOWER_UP'], addresses: [], inferred: true, span };
}

/**
 * Addresses that a route dump gives away: `192.168.1.0/24 dev eth0 proto kernel … src 192.168.1.6` and `local
 * 192.168.1.6 dev eth0 table local`. Used only where no dump has the addresses themselves.
 */
export function linksFromRoutes(links: readonly Link[], dumps: readonly (RouteDump | undefined)[]): Link[] {
  const found = new Map(links.map((link) => [link.name, copyLink(link)]));
  for (const route of dumps.flatMap((dump) => dump?.routes ?? [])) {
    const device = route.nexthops[0]?.dev;
    if (device === undefined) continue;
    let link = found.get(device);
    if (!link) {
      link = {
        ...inferredLink(device, route.span),
        ...(device === 'lo' ? { flags: ['LOOPBACK', 'UP'] } : {}),
      };
      found.set(device, link);
    }
    const local = route.type === 'local' && route.table === 'local';
    const connected = route.type === 'unicast' && route.nexthops[0]?.gateway === undefined;
    const address = local ? (route.prefsrc ?? route.destination.address) : route.prefsrc;
    if (address === undefined || !(local || (connected && contains(route.destination, address)))) continue;
    if (local && route.destination.address !== address && device === 'lo') continue;
    const own = local ? route.destination.address : address;
    const length = connected ? route.destination.length : familyOf(own) === 4 ? 32 : 128;
    const index = link.addresses.findIndex((entry) => entry.address === own);
    if (index >= 0 && (link.addresses[index]?.length ?? 0) <= length) continue;
    const entry: InterfaceAddress = {
      address: own,
      length,
      scope: device === 'lo' ? 'host' : 'global',
      secondary: false,
      flags: [],
      span: route.span,
    };
    if (index >= 0) link.addresses[index] = entry;
    else link.addresses.push(entry);
  }
  return [...found.values()];
}

export function contradiction(span: Span, text: string): Issue {
  return { severity: 'warning', code: 'contradiction', text, path: span.path, line: span.line };
}

function defined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Partial<T>;
}
