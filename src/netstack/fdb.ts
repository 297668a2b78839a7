/** The forwarding table of a bridge: br_fdb_update(), br_fdb_find_rcu(), br_fdb_cleanup(), net/bridge/br_fdb.c. */
import { isGroupMac, type Mac } from '../net/mac.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { bridgeSettings } from './bridge-settings.ts';
import { vlansOf } from './bridge-vlan.ts';
import type { Device } from './devices.ts';
import { deviceOf, type Net, portsOf } from './net.ts';
import type { Kernel } from './run.ts';
import { exploreSegment, isForwarding } from './segment.ts';

/** struct net_bridge_fdb_entry */
export interface FdbStation {
  readonly mac: Mac;
  readonly vid: number;
  port: string;
  /** An address of the bridge itself. */
  readonly local: boolean;
  /** Doesn't age: `static`, or a control plane's. */
  readonly fixed: boolean;
  readonly sticky: boolean;
  locked: boolean;
  /** Epoch seconds when it was last a source. Of a dumped entry: undefined until the first packet comes, `age` before it. */
  updated: number | undefined;
  readonly age: number;
}

/** By VLAN and address. */
export type FdbTable = Map<string, FdbStation>;

const keyOf = (mac: Mac, vid: number): string => `${vid} ${mac}`;

export function initialFdb(netns: Netns, devices: ReadonlyMap<string, Device>): Map<string, FdbTable> {
  const fdb = new Map<string, FdbTable>();
  for (const entry of netns.fdb ?? []) {
    const bridge = entry.master ?? devices.get(entry.dev)?.bridge;
    if (bridge === undefined || entry.self) continue;
    const table = fdb.get(bridge) ?? new Map<string, FdbStation>();
    fdb.set(bridge, table);
    const vid = entry.vlan ?? 0;
    const key = keyOf(entry.mac, vid);
    if (table.has(key)) continue;
    table.set(key, {
      mac: entry.mac,
      vid,
      port: entry.dev,
      local: entry.permanent,
      fixed: entry.permanent || entry.fixed === true || entry.externallyLearned === true,
      sticky: entry.sticky === true,
      locked: entry.locked === true,
      updated: undefined,
      age: entry.updated ?? 0,
    });
  }
  return fdb;
}

function tableOf(net: Net, bridge: string): FdbTable {
  const table = net.fdb.get(bridge) ?? new Map<string, FdbStation>();
  net.fdb.set(bridge, table);
  return table;
}

/** The entry, unless it has aged. */
export function findStation(
  net: Net,
  bridge: Device,
  mac: Mac,
  vid: number,
  now: number,
): FdbStation | undefined {
  const table = tableOf(net, bridge.name);
  const entry = table.get(keyOf(mac, vid));
  if (!entry) return undefined;
  entry.updated ??= now - entry.age;
  if (!entry.fixed && entry.updated + bridgeSettings(bridge).ageing <= now) {
    table.delete(keyOf(mac, vid));
    return undefined;
  }
  return net.devices.get(entry.port)?.bridge === bridge.name || entry.local ? entry : undefined;
}

/** The bridge's MAC and its ports'. With VLAN filtering, in each VLAN that the bridge, or the port, is a member of. */
export function isOwnMac(net: Net, bridge: Device, mac: Mac, vid: number): boolean {
  const owners = [bridge, ...portsOf(net, bridge.name)].filter((device) => device.mac === mac);
  if (owners.some(({ name }) => vid === 0 || vlansOf(net, bridge, name).has(vid))) return true;
  return tableOf(net, bridge.name).get(keyOf(mac, vid))?.local === true;
}

/** What was learned and hasn't aged, of all bridges. */
export function learnedStations(net: Net, now: number): { mac: Mac; dev: string; vlan?: number }[] {
  return [...net.fdb].flatMap(([name, table]) => {
    const { ageing } = bridgeSettings(deviceOf(net, name));
    return [...table.values()]
      .filter(({ fixed, local, updated = now }) => !fixed && !local && updated + ageing > now)
      .map(({ mac, port, vid }) => ({ mac, dev: port, ...(vid === 0 ? {} : { vlan: vid }) }));
  });
}

/** `locked`: learned on a port that lets nothing of it through. */
export function learn(
  net: Net,
  bridge: Device,
  port: Device,
  from: {
    readonly mac: Mac | undefined;
    readonly vid: number;
    readonly now: number;
    readonly locked?: boolean;
  },
): void {
  const { mac, vid, now, locked = false } = from;
  if (mac === undefined || mac === 0 || isGroupMac(mac)) return;
  if (bridgeSettings(bridge).ageing === 0 || isOwnMac(net, bridge, mac, vid)) return;
  const known = findStation(net, bridge, mac, vid, now);
  if (!known) {
    tableOf(net, bridge.name).set(keyOf(mac, vid), {
      mac,
      vid,
      port: port.name,
      local: false,
      fixed: false,
      sticky: false,
      locked,
      updated: now,
      age: 0,
    });
    return;
  }
  known.updated = now;
  if (known.port === port.name || known.sticky) return;
  known.port = port.name;
  known.locked = false;
}

/**
 * The port a station is behind: learned, or what ARP before the packet would have taught. Where nothing but the dump and the
 * packets counts (`onlyDumpedStations`), only the former.
 */
export function stationOf(
  kernel: Kernel,
  net: Net,
  bridge: Device,
  of: { readonly mac: Mac | undefined; readonly vid: number; readonly now: number },
): string | undefined {
  const { mac, vid, now } = of;
  if (mac === undefined) return undefined;
  const learned = findStation(net, bridge, mac, vid, now);
  if (learned && !learned.local) return learned.port;
  if (kernel.onlyDumpedStations) return undefined;
  for (const port of portsOf(net, bridge.name)) {
    if (!isForwarding(net, port)) continue;
    const { stations } = exploreSegment(kernel, net, port.name);
    if (stations.some(({ device }) => device.mac === mac)) return port.name;
  }
  return undefined;
}
