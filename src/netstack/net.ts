/** The running state of one namespace (struct net): what carries over from packet to packet. */

import { DEFAULT_LIMITS, type InputLimits } from '../base/limits.ts';
import { once } from '../base/memo.ts';
import { createSets, type Sets } from '../ipset/sets.ts';
import type { Family, Ip } from '../net/ip.ts';
import { familyOf } from '../net/ip.ts';
import { ipKey } from '../net/ip-key.ts';
import type { Mac } from '../net/mac.ts';
import { effectiveRoutes } from '../snapshot/effective-routes.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { type SysctlValue, sysctl, sysctlInterface } from '../snapshot/sysctl.ts';
import { type Clock, elapsed } from './clock.ts';
import { type Conntrack, createConntrack } from './conntrack/conntrack.ts';
import { type ConntrackPreload, preloadConntrack } from './conntrack/preload.ts';
import { type ConntrackSettings, conntrackSettings } from './conntrack/settings.ts';
import { type Device, devicesOf } from './devices.ts';
import { type FdbTable, initialFdb } from './fdb.ts';
import { createFib, type Fib } from './fib.ts';
import { fibEnvironment } from './fib-environment.ts';
import { FragmentQueues } from './fragment-queues.ts';
import { createNftNet, type NftNet } from './netfilter/nft-chains.ts';
import { createTables, type Tables } from './netfilter/tables.ts';

export interface Net {
  readonly name: string;
  readonly netns: Netns;
  /** Replaced by a longer one when an interface that nobody dumped is taken for one. */
  devices: ReadonlyMap<string, Device>;
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
  readonly fragments: FragmentQueues;
  readonly limits: InputLimits;
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

/** What follows from the dump alone: the same for all worlds. */
interface Dumped {
  readonly devices: ReadonlyMap<string, Device>;
  readonly sysctl: (name: string) => SysctlValue | undefined;
  /** By leaf and interface. */
  readonly conf: Readonly<Record<Family, Map<string, Map<string, number>>>>;
  readonly conntrack: ConntrackSettings;
}

const dumped = once((netns: Netns): Dumped => {
  const cache = new Map<string, SysctlValue | undefined>();
  const cachedSysctl = (name: string): SysctlValue | undefined => {
    const known = cache.get(name);
    if (known !== undefined || cache.has(name)) return known;
    const value = sysctl(netns, name);
    cache.set(name, value);
    return value;
  };
  return {
    devices: devicesOf(netns),
    sysctl: cachedSysctl,
    conf: { 4: new Map(), 6: new Map() },
    conntrack: conntrackSettings((name) => cachedSysctl(name)?.value),
  };
});

/** A world is made for a single flow as well: what its packets may never ask for is made when they do. */
export function createNet(netns: Netns, preload?: ConntrackPreload, clock?: Clock, indexFrom?: number): Net {
  return new RunningNet(netns, dumped(netns), { preload, clock, indexFrom });
}

class RunningNet implements Net {
  readonly name: string;
  readonly netns: Netns;
  devices: ReadonlyMap<string, Device>;
  readonly tunnels = new Map<string, Map<Mac, Ip>>();
  readonly fragments: FragmentQueues;
  readonly limits: InputLimits;
  readonly icmpPeers = new Map<Ip, IcmpPeer>();
  readonly #dumped: Dumped;
  readonly #options: NetOptions;
  #fib: Net['fib'] | undefined;
  #tables: Net['tables'] | undefined;
  #nft: NftNet | undefined;
  #conntrack: Conntrack | undefined;
  #sets: Sets | undefined;
  #fdb: Map<string, FdbTable> | undefined;

  constructor(netns: Netns, of: Dumped, options: NetOptions) {
    this.name = netns.name;
    this.netns = netns;
    this.devices = of.devices;
    this.limits = netns.limits ?? DEFAULT_LIMITS;
    this.fragments = new FragmentQueues(this.limits.fragments);
    this.#dumped = of;
    this.#options = options;
  }

  get fib(): Net['fib'] {
    this.#fib ??= createFibs(this);
    return this.#fib;
  }

  get tables(): Net['tables'] {
    this.#tables ??= createTables(this.netns, this.#options.indexFrom);
    return this.#tables;
  }

  get nft(): NftNet {
    this.#nft ??= createNftNet(this.netns);
    return this.#nft;
  }

  get conntrack(): Conntrack {
    if (this.#conntrack) return this.#conntrack;
    const { preload } = this.#options;
    this.#conntrack = createConntrack(this.#dumped.conntrack);
    if (preload) preloadConntrack(this.#conntrack, this.netns.conntrack ?? [], preload);
    return this.#conntrack;
  }

  get sets(): Sets {
    this.#sets ??= createSets(this.name, this.netns.ipsets, this.#options.preload?.now);
    return this.#sets;
  }

  get fdb(): Map<string, FdbTable> {
    this.#fdb ??= initialFdb(this.netns, this.#dumped.devices);
    return this.#fdb;
  }

  readonly elapsed = (from: number, to: number): number => elapsed(this.#options.clock, from, to);

  sysctl(name: string): SysctlValue | undefined {
    return this.#dumped.sysctl(name);
  }

  conf(family: Family, device: string, leaf: string): number {
    const known = this.#dumped.conf[family].get(leaf)?.get(device);
    if (known !== undefined) return known;
    const name = `net.ipv${family}.conf.${sysctlInterface(device)}.${leaf}`;
    const value = Number(this.sysctl(name)?.value ?? 0) || 0;
    const byDevice = this.#dumped.conf[family].get(leaf) ?? new Map<string, number>();
    this.#dumped.conf[family].set(leaf, byDevice.set(device, value));
    return value;
  }

  confMax(family: Family, device: string, leaf: string): number {
    return Math.max(this.conf(family, 'all', leaf), this.conf(family, device, leaf));
  }
}

/** A packet asks for its own family's alone. */
function createFibs(net: Net): Net['fib'] {
  let four: Fib | undefined;
  let six: Fib | undefined;
  return {
    get 4() {
      four ??= createFib(net.netns, 4, fibEnvironment(net, 4));
      return four;
    },
    get 6() {
      six ??= createFib(net.netns, 6, fibEnvironment(net, 6));
      return six;
    },
  };
}

interface NetOptions {
  readonly preload: ConntrackPreload | undefined;
  readonly clock: Clock | undefined;
  readonly indexFrom: number | undefined;
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
  net.devices = new Map(net.devices).set(name, device);
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
  return (
    localAddresses(net.netns).has(ipKey(ip)) ||
    (typeof ip === 'number' && ip >>> 24 === 127 && hasLoopback(net))
  );
}

function hasLoopback(net: Net): boolean {
  const { netns } = net;
  return netns.links === undefined || net.devices.get('lo')?.up !== false;
}

/** By `ipKey`. Interfaces that nobody dumped have none. */
const localAddresses = once((netns: Netns): ReadonlySet<Ip> => {
  const own = new Set<Ip>();
  for (const device of dumped(netns).devices.values()) {
    for (const { address } of device.addresses) own.add(ipKey(address));
  }
  for (const family of [4, 6] as const) {
    for (const route of effectiveRoutes(netns, family).routes) {
      const full = route.destination.length === (family === 4 ? 32 : 128);
      if (route.type === 'local' && route.table === 'local' && full)
        own.add(ipKey(route.destination.address));
    }
  }
  return own;
});

/** Interfaces with that address. */
export function ownersOf(net: Net, ip: Ip): Device[] {
  return [...net.devices.values()].filter((device) => device.addresses.some((entry) => entry.address === ip));
}

/** Addresses of one family on an interface, in order. */
export function addressesOf(device: Device, family: Family) {
  return device.addresses.filter((entry) => familyOf(entry.address) === family);
}
