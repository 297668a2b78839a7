/**
 * Links between machines: their uplinks, devices that nothing of their own machine connects. A MAC address repeats from machine to
 * machine where software chose it (docker's 02:42:… is made of the address), and so do networks (172.17.0.0/16, 192.168.1.0/24): a
 * neighbour entry has to have both, a MAC alone has to be one machine's only, and a network that everybody has proves nothing.
 */
import { lazily } from '../base/memo.ts';
import { type Ip, parseIp } from '../net/ip.ts';
import type { Mac } from '../net/mac.ts';
import { contains, formatPrefix, networkOf, type Prefix } from '../net/prefix.ts';
import { isUp } from '../snapshot/derived-routes.ts';
import type { Edge, Seen } from './adjacent.ts';
import { type Device, keyOf } from './link-ref.ts';

/** `open`: of all machines, the devices that may lead to another one. `devices`: all there are. */
export function betweenMachines(
  open: readonly Device[],
  devices: readonly Device[],
  seen: readonly Seen[],
): Edge[] {
  const uplinks = open.filter((device) => device.netns.host !== undefined && !hasPorts(device));
  const unique = machinesByMac(devices);
  return [
    ...byNeighbour(uplinks),
    ...byMac(uplinks, seen, (mac) => unique.get(mac)?.size === 1),
    ...bySubnet(uplinks),
  ];
}

/** A bridge of the machine's own containers is no way to another one; one with an uplink among its ports is reached by that. */
function hasPorts({ netns, link }: Device): boolean {
  if (link.kind !== 'bridge') return false;
  const ports = (netns.links ?? []).filter(({ master }) => master === link.name);
  return ports.every(
    ({ kind, peerIndex, peerNetnsid }) =>
      kind === 'veth' || kind === 'tun' || (peerIndex !== undefined && peerNetnsid !== undefined),
  );
}

const isElsewhere = (one: Device, other: Device): boolean => one.netns.host !== other.netns.host;

/** `ip neigh` has the other's address with the other's MAC. */
function byNeighbour(uplinks: readonly Device[]): Edge[] {
  return uplinks.flatMap((device) => {
    const entries = (device.netns.neighbours ?? []).filter(({ dev }) => dev === device.link.name);
    return uplinks
      .filter(
        (other) =>
          isElsewhere(device, other) &&
          other.link.mac !== undefined &&
          entries.some(({ mac, address }) => mac === other.link.mac && hasAddress(other, address)),
      )
      .map((other) => ({ a: device, b: other, by: 'mac' as const }));
  });
}

function hasAddress({ link }: Device, ip: Ip): boolean {
  return link.addresses.some(({ address }) => address === ip);
}

/** Frames of the other's MAC, seen by a capture here or learned by a bridge here. */
function byMac(uplinks: readonly Device[], seen: readonly Seen[], isUnique: (mac: Mac) => boolean): Edge[] {
  return uplinks.flatMap((device) => {
    const ports = (device.netns.links ?? [])
      .filter(({ name, master }) => name === device.link.name || master === device.link.name)
      .map(({ name }) => name);
    const learned = (device.netns.fdb ?? [])
      .filter(({ dev, permanent }) => ports.includes(dev) && !permanent)
      .map(({ mac }) => mac);
    const captured = seen
      .filter(({ point }) => keyOf({ namespace: point.namespace, name: point.interface }) === device.key)
      .flatMap(({ observation }) =>
        observation.stations.filter(({ sent }) => sent > 0).map(({ mac }) => mac),
      );
    const macs = new Map<Mac, Edge['by']>([
      ...captured.map((mac) => [mac, 'capture'] as const),
      ...learned.map((mac) => [mac, 'mac'] as const),
    ]);
    return uplinks.flatMap((other) => {
      const { mac } = other.link;
      const by = mac === undefined ? undefined : macs.get(mac);
      if (mac === undefined || by === undefined || !isElsewhere(device, other) || !isUnique(mac)) return [];
      return [{ a: device, b: other, by }];
    });
  });
}

/** On which machines a MAC address is. */
function machinesByMac(devices: readonly Device[]): ReadonlyMap<Mac, ReadonlySet<string | undefined>> {
  const machines = new Map<Mac, Set<string | undefined>>();
  for (const { link, netns } of devices) {
    if (link.mac === undefined || link.mac === 0) continue;
    const known = machines.get(link.mac);
    if (known) known.add(netns.host);
    else machines.set(link.mac, new Set([netns.host]));
  }
  return machines;
}

/** Networks that come with a product, so that machines have them which never saw each other: Docker's, libvirt's, VirtualBox's, home routers'. */
const EVERYBODYS = lazily((): readonly Prefix[] =>
  (
    [
      ['172.17.0.0', 16],
      ['192.168.122.0', 24],
      ['10.0.2.0', 24],
      ['10.0.3.0', 24],
      ['192.168.0.0', 24],
      ['192.168.1.0', 24],
      ['192.168.178.0', 24],
    ] as const
  ).map(([text, length]) => ({ address: parseIp(text) as number, length })),
);

/** One subnet on uplinks of several machines, and nothing that speaks against its being one network. */
function bySubnet(uplinks: readonly Device[]): Edge[] {
  const subnets = new Map<string, { device: Device; address: Ip }[]>();
  for (const device of uplinks) {
    if (!isUp(device.link) || device.link.kind === 'dummy' || device.link.inferred) continue;
    for (const { address, length, scope } of device.link.addresses) {
      const network = networkOf(address, length);
      if (scope !== 'global' || length === 0 || length >= (typeof address === 'number' ? 32 : 128)) continue;
      if (EVERYBODYS().some((known) => known.length <= length && contains(known, network.address))) continue;
      const key = formatPrefix(network);
      const members = subnets.get(key);
      if (members) members.push({ device, address });
      else subnets.set(key, [{ device, address }]);
    }
  }
  return [...subnets.values()].flatMap((members) => {
    const addresses = new Set(members.map(({ address }) => address));
    const machines = new Set(members.map(({ device }) => device.netns.host));
    if (addresses.size < members.length || machines.size < members.length) return [];
    const [first, ...others] = members;
    if (!first || others.some(({ device }) => areApart(first.device, device))) return [];
    return others.map(({ device }) => ({ a: first.device, b: device, by: 'subnet' as const }));
  });
}

/** Both have resolved one address, to two MACs; or the one has looked for the other, and found nobody or somebody else. */
function areApart(one: Device, other: Device): boolean {
  const [here, there] = [one, other].map(({ netns, link }) =>
    (netns.neighbours ?? []).filter(({ dev }) => dev === link.name),
  ) as [NonNullable<Device['netns']['neighbours']>, NonNullable<Device['netns']['neighbours']>];
  const differs = here.some(({ address, mac }) =>
    there.some((entry) => entry.address === address && isSet(mac) && isSet(entry.mac) && entry.mac !== mac),
  );
  const misses = (entries: typeof here, target: Device): boolean =>
    entries.some(
      ({ address, mac }) =>
        hasAddress(target, address) && isSet(mac) && isSet(target.link.mac) && mac !== target.link.mac,
    );
  return differs || misses(here, other) || misses(there, one);
}

const isSet = (mac: Mac | undefined): boolean => mac !== undefined && mac !== 0;
