/** The running state of one namespace (struct net): what carries over from packet to packet. */

import { createSets, type Sets } from '../ipset/sets.ts';
import type { Family, Ip } from '../net/ip.ts';
import { familyOf } from '../net/ip.ts';
import type { Mac } from '../net/mac.ts';
import { effectiveRoutes } from '../snapshot/effective-routes.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { type SysctlValue, sysctl, sysctlInterface } from '../snapshot/sysctl.ts';
import { type Clock, elapsed } from './clock.ts';
import { type Conntrack, createConntrack } from './conntrack/conntrack.ts';
import { type ConntrackPreload, preloadConntrack } from './conntrack/preload.ts';
import { conntrackSettings } from './conntrack/settings.ts';
import { type Device, devicesOf } from './devices.ts';
import { type FdbTable, initialFdb } from './fdb.ts';
import { createFib, type Fib } from './fib.ts';
import { fibEnvironment } from './fib-environment.ts';
import { createNftNet, type NftNet } from './netfilter/nft-chains.ts';
import { createTables, type Tables } from './netfilter/tables.ts';

export interface Net {
  readonly name: string;
  readonly netns: Netns;
  readonly devices: Map<string, Device>;
  readonly fib: Readonly<Record<Family, Fib>>;
  readonly tables: Readonly<Record<Family, Tables>>;
  readonly nft: NftNet;
  readonly conntrack: Conntrack;
  /** The IP sets, which packets change. */
  readonly sets: Sets;
  /** By bridge. Entries of the dump are there from the start. */
  readonly fdb: Map<string, FdbTable>;
  /** By VXLAN device: behind which node a station is, as frames from there taught. */
  readonly tunnels: Map<string, Map<Mac, Ip>>;
  /** Fragments waiting for the rest of their datagram. */
  readonly fragments: Map<string, unknown>;
  /** What the ICMP rate limits remember of each receiver. */
  readonly icmpPeers: Map<Ip, IcmpPeer>;
  /** Seconds between two moments by the kernel's coarse clock. */
  readonly elapsed: (from: number, to: number) => number;
  sysctl(name: string): SysctlValue | undefined;
  /** Number of `net.ipv4.conf.DEV.leaf` (or ipv6), 0 where nothing says. */
  conf(family: Family, device: string, leaf: string): number;
  /** IN_DEV_ORCONF, IN_DEV_MAXCONF: the interface's own setting or that of `all`, whichever is more. */
  confMax(family: Family, device: string, leaf: string): number;
}

/** struct inet_peer, as far as ICMP uses it. Times are epoch seconds. */
export interface IcmpPeer {
  tokens: number;
  last: number;
  redirects: number;
}

export function createNet(netns: Netns, preload?: ConntrackPreload, clock?: Clock, indexFrom?: number): Net {
  const devices = devicesOf(netns);
  const cache = new Map<string, SysctlValue | undefined>();
  const cachedSysctl = (name: string): SysctlValue | undefined => {
    if (!cache.has(name)) cache.set(name, sysctl(netns, name));
    return cache.get(name);
  };
  const conf = (family: Family, device: string, leaf: string): number => {
    const name = `net.ipv${family}.conf.${sysctlInterface(device)}.${leaf}`;
    return Number(cachedSysctl(name)?.value ?? 0) || 0;
  };
  const nft = createNftNet(netns);
  const conntrack = createConntrack(conntrackSettings((name) => cachedSysctl(name)?.value));
  if (preload) preloadConntrack(conntrack, netns.conntrack ?? [], preload);
  const shared = new Map<string, unknown>();
  const confMax = (family: Family, device: string, leaf: string): number =>
    Math.max(conf(family, 'all', leaf), conf(family, device, leaf));
  const environment = (family: Family) => fibEnvironment(() => net, family);
  const net: Net = {
    name: netns.name,
    netns,
    devices,
    fib: { 4: createFib(netns, 4, environment(4)), 6: createFib(netns, 6, environment(6)) },
    tables: {
      4: createTables(netns, 4, nft, shared, indexFrom),
      6: createTables(netns, 6, nft, shared, indexFrom),
    },
    nft,
    conntrack,
    sets: createSets(netns.name, netns.ipsets, preload?.now),
    fdb: initialFdb(netns, devices),
    tunnels: new Map(),
    fragments: new Map(),
    icmpPeers: new Map(),
    elapsed: (from, to) => elapsed(clock, from, to),
    sysctl: cachedSysctl,
    conf,
    confMax,
  };
  return net;
}

/** An interface nobody dumped is taken for a plain one that is up. */
export function deviceOf(net: Net, name: string): Device {
  const known = net.devices.get(name);
  if (known) return known;
  const device: Device = {
    name,
    order: net.devices.size,
    link: {
      name,
      flags: ['UP'],
      addresses: [],
      inferred: true,
      span: { path: 'assumed', line: 0 },
    },
    kind: name === 'lo' ? 'loopback' : 'other',
    mtu: name === 'lo' ? 65536 : 1500,
    up: true,
    carrier: true,
    noArp: false,
    addresses: [],
    hairpin: false,
    isolated: false,
  };
  net.devices.set(name, device);
  return device;
}

/** The last added first, as the kernel's list has them. */
export function portsOf(net: Net, bridge: string): Device[] {
  return [...net.devices.values()]
    .filter((device) => device.bridge === bridge)
    .toSorted((a, b) => (b.port?.number ?? b.order) - (a.port?.number ?? a.order));
}

/** Is that one of the namespace's own addresses, on whatever interface (inet_addr_type() == RTN_LOCAL)? */
export function isLocalAddress(net: Net, ip: Ip): boolean {
  if (typeof ip === 'number' && (net.fib[4].merged ?? net.fib[4].tables.get('local'))?.isLocal(ip))
    return true;
  return localAddresses(net).has(ip) || (typeof ip === 'number' && ip >>> 24 === 127 && hasLoopback(net));
}

function hasLoopback(net: Net): boolean {
  const { netns } = net;
  return netns.links === undefined || net.devices.get('lo')?.up !== false;
}

const LOCAL = new WeakMap<Net, Set<Ip>>();

function localAddresses(net: Net): Set<Ip> {
  const known = LOCAL.get(net);
  if (known) return known;
  const own = new Set<Ip>();
  for (const device of net.devices.values()) for (const { address } of device.addresses) own.add(address);
  for (const family of [4, 6] as const) {
    for (const route of effectiveRoutes(net.netns, family).routes) {
      const full = route.destination.length === (family === 4 ? 32 : 128);
      if (route.type === 'local' && route.table === 'local' && full) own.add(route.destination.address);
    }
  }
  LOCAL.set(net, own);
  return own;
}

/** Interfaces with that address. */
export function ownersOf(net: Net, ip: Ip): Device[] {
  return [...net.devices.values()].filter((device) => device.addresses.some((entry) => entry.address === ip));
}

/** Addresses of one family on an interface, in order. */
export function addressesOf(device: Device, family: Family) {
  return device.addresses.filter((entry) => familyOf(entry.address) === family);
}
