/** struct vxlan_config and its forwarding table, drivers/net/vxlan/vxlan_core.c: where a VXLAN device sends which frame. */
import { type Ip, parseIp } from '../../net/ip.ts';
import { isGroupMac, type Mac } from '../../net/mac.ts';
import type { Device } from '../devices.ts';
import type { Net } from '../net.ts';

export interface Vxlan {
  readonly device: Device;
  readonly vni: number;
  /** UDP destination port, the one it listens on too. */
  readonly port: number;
  readonly local?: Ip;
  /** `remote` or `group`: for whatever the table has no entry for. */
  readonly remote?: Ip;
  /** Device that outer packets have to leave by. */
  readonly lower?: string;
  readonly learning: boolean;
  /** 0: as the host's other packets. */
  readonly ttl: number | 'inherit';
  readonly tos: number | 'inherit';
  readonly df: 'unset' | 'set' | 'inherit';
  readonly checksum: boolean;
  /** Source ports, first and last; both 0: the host's local ports. */
  readonly ports: readonly [number, number];
}

/** struct vxlan_rdst */
export interface Remote {
  readonly address: Ip;
  readonly port: number;
  readonly vni: number;
}

/** Undefined: no VXLAN device, or one whose every packet is told where to go by others (`external`), or that was not dumped with `-d`. */
export function vxlanOf(device: Device): Vxlan | undefined {
  const data = device.link.kindData;
  if (device.link.kind !== 'vxlan' || !data || data.external === true) return undefined;
  const { id, port, learning, df, link } = data;
  if (typeof id !== 'number') return undefined;
  const local = addressIn(data, ['local', 'local6']);
  const remote = addressIn(data, ['remote', 'remote6', 'group', 'group6']);
  return {
    device,
    vni: id,
    port: typeof port === 'number' ? port : DEFAULT_PORT,
    ...(local === undefined ? {} : { local }),
    ...(remote === undefined ? {} : { remote }),
    ...(typeof link === 'string' ? { lower: link } : {}),
    learning: learning !== false,
    ttl: data.ttl === 'inherit' ? 'inherit' : numberIn(data.ttl),
    tos: data.tos === 'inherit' || data.tos === 1 ? 'inherit' : numberIn(data.tos),
    df: df === 'set' || df === 'inherit' ? df : 'unset',
    checksum: data.udp_csum !== false,
    ports: portsIn(data.port_range),
  };
}

/** What Linux took before the port was assigned: vxlan's module parameter udp_port. */
const DEFAULT_PORT = 8472;

function addressIn(data: Readonly<Record<string, unknown>>, keys: readonly string[]): Ip | undefined {
  for (const key of keys) {
    const value = data[key];
    const ip = typeof value === 'string' ? parseIp(value) : undefined;
    if (ip !== undefined && ip !== 0 && ip !== 0n) return ip;
  }
  return undefined;
}

function numberIn(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value) ? Number(value) : 0;
}

function portsIn(range: unknown): readonly [number, number] {
  const { low, high } = (typeof range === 'object' && range !== null ? range : {}) as Record<string, unknown>;
  return [numberIn(low), numberIn(high)];
}

export function vxlansOf(net: Net): Vxlan[] {
  return [...net.devices.values()].flatMap((device) => vxlanOf(device) ?? []);
}

/**
 * vxlan_xmit(): the entry of the frame's MAC, else those of all zeroes, else the device's own remote. A frame for a group goes to all of
 * them, one for a station to the first. Undefined: the table was not dumped, and there is no other remote.
 */
export function remotesOf(net: Net, vxlan: Vxlan, mac: Mac | undefined): readonly Remote[] | undefined {
  const { device } = vxlan;
  const entries = net.netns.fdb?.filter(({ dev, remote }) => dev === device.name && remote !== undefined);
  const of = (station: Mac): Remote[] =>
    (entries ?? [])
      .filter((entry) => entry.mac === station)
      .flatMap(({ remote, port, vni }) =>
        remote === undefined ? [] : [{ address: remote, port: port ?? vxlan.port, vni: vni ?? vxlan.vni }],
      );
  if (mac !== undefined && !isGroupMac(mac)) {
    const learned = net.tunnels.get(device.name)?.get(mac);
    const own = learned === undefined ? of(mac) : [{ address: learned, port: vxlan.port, vni: vxlan.vni }];
    if (own.length > 0) return own.slice(0, 1);
  }
  const others = of(0);
  if (others.length > 0) return others;
  if (vxlan.remote !== undefined) return [{ address: vxlan.remote, port: vxlan.port, vni: vxlan.vni }];
  return entries === undefined ? undefined : [];
}

/** vxlan_snoop(): frames of that station come from that node. What an entry says for good stays. */
export function learnRemote(net: Net, { device, learning }: Vxlan, mac: Mac | undefined, from: Ip): void {
  if (!learning || mac === undefined || isGroupMac(mac)) return;
  const fixed = net.netns.fdb?.some(
    (entry) => entry.dev === device.name && entry.mac === mac && entry.permanent,
  );
  if (fixed) return;
  const table = net.tunnels.get(device.name) ?? new Map<Mac, Ip>();
  table.set(mac, from);
  net.tunnels.set(device.name, table);
}
