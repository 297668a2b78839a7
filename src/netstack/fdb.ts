/** The forwarding table of a bridge: net/bridge/br_fdb.c. */
import { isGroupMac, type Mac } from '../net/mac.ts';
import type { Device } from './devices.ts';
import { type Net, portsOf } from './net.ts';
import type { Kernel } from './run.ts';
import { exploreSegment, isForwarding } from './segment.ts';

export function learn(net: Net, bridge: Device, port: Device, mac: Mac | undefined): void {
  if (mac === undefined || isGroupMac(mac) || port.port?.learning === false) return;
  tableOf(net, bridge.name).set(mac, port.name);
}

function tableOf(net: Net, bridge: string): Map<Mac, string> {
  const table = net.fdb.get(bridge) ?? new Map<Mac, string>();
  net.fdb.set(bridge, table);
  return table;
}

/** The port a station is behind: learned, or what ARP before the packet would have taught. */
export function stationOf(
  kernel: Kernel,
  net: Net,
  bridge: Device,
  mac: Mac | undefined,
): string | undefined {
  if (mac === undefined) return undefined;
  const learned = tableOf(net, bridge.name).get(mac);
  if (learned !== undefined && net.devices.get(learned)?.bridge === bridge.name) return learned;
  for (const port of portsOf(net, bridge.name)) {
    if (!isForwarding(net, port)) continue;
    const { stations } = exploreSegment(kernel, net, port.name);
    if (stations.some(({ device }) => device.mac === mac)) return port.name;
  }
  return undefined;
}
