/**
 * Devices on one link layer where no interface index says so: a neighbour entry or an FDB entry that holds another dumped
 * device's MAC, a MAC seen in a capture, Docker's list of a network's containers, or, last, one subnet on both.
 */
import { addTo, groupBy } from '../base/group-by.ts';
import { once } from '../base/memo.ts';
import type { DockerContainer, Link } from '../dump/records.ts';
import { isRoot } from '../input/host.ts';
import { type Family, familyOf } from '../net/ip.ts';
import type { Mac } from '../net/mac.ts';
import { formatPrefix, networkOf } from '../net/prefix.ts';
import { isLoopback, isUp } from '../snapshot/derived-routes.ts';
import { machineOf } from '../snapshot/machines.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { betweenMachines } from './between.ts';
import { type Device, keyOf } from './link-ref.ts';
import type { CapturePoint, LinkRef, PointObservation, Segment, Wire } from './topology.ts';

export interface Edge {
  readonly a: Device;
  readonly b: Device;
  readonly by: Segment['by'];
}

export interface Adjacency {
  readonly wires: Wire[];
  readonly segments: Segment[];
}

/** Within each machine, and then from machine to machine by what is left. */
export function findAdjacent(
  devices: readonly Device[],
  wired: ReadonlySet<string>,
  snapshot: Snapshot,
  seen: readonly Seen[],
): Adjacency {
  const taken = new Set(wired);
  const machines = new Map<string | undefined, Device[]>();
  for (const device of devices) {
    const own = machines.get(device.netns.host);
    if (own) own.push(device);
    else machines.set(device.netns.host, [device]);
  }
  const result: Adjacency = { wires: [], segments: [] };
  for (const own of machines.values()) {
    const { wires, segments } = withinMachine(own, taken, snapshot, seen);
    result.wires.push(...wires);
    result.segments.push(...segments);
  }
  if (machines.size < 2) return result;
  const open = devices.filter(
    (device) =>
      mayHavePeer(device) &&
      !isOnTop(device, devices) &&
      !taken.has(device.key) &&
      hasOpenLinkLayer(device, taken) &&
      device.link.master === undefined,
  );
  const { wires, segments } = components(open, betweenMachines(open, devices, seen));
  return { wires: [...result.wires, ...wires], segments: [...result.segments, ...segments] };
}

/**
 * Among the devices that no wire has yet: first what is behind the ports of bridges, then, all together, what shares a
 * cable or an undumped switch. A bridge itself takes part only as long as one of its ports leads nowhere known.
 * What is found is added to `taken`.
 */
function withinMachine(
  devices: readonly Device[],
  taken: Set<string>,
  snapshot: Snapshot,
  seen: readonly Seen[],
): Adjacency {
  const all = devices.filter((device) => mayHavePeer(device) && !isOnTop(device, devices));
  const result: Adjacency = { wires: [], segments: [] };
  const settle = (find: (open: readonly Device[], taken: ReadonlySet<string>) => Edge[]): void => {
    const open = all.filter((device) => !taken.has(device.key) && hasOpenLinkLayer(device, taken));
    const found = components(open, find(open, taken));
    result.wires.push(...found.wires);
    result.segments.push(...found.segments);
    const refs = [
      ...found.wires.flatMap((wire) => wire.ends),
      ...found.segments.flatMap((one) => one.members),
    ];
    for (const ref of refs) taken.add(keyOf(ref));
  };
  settle((open) => byFdb(open));
  settle((open) => byDockerPort(open, snapshot));
  settle((open) => {
    const plain = open.filter((device) => device.link.master === undefined);
    return [
      ...byNeighbour(plain),
      ...byDockerNetwork(plain, snapshot),
      ...byCapture(plain, seen),
      ...bySubnet(plain),
    ];
  });
  return result;
}

/** A capture point, with what its capture shows. */
export interface Seen {
  readonly point: CapturePoint;
  readonly observation: PointObservation;
}

function mayHavePeer({ link }: Device): boolean {
  return !isLoopback(link) && link.name !== 'lo' && !TUNNELS.has(link.kind ?? '');
}

const ON_TOP = new Set(['macvlan', 'macvtap', 'ipvlan', 'ipvtap']);

/** Frames of such a device go through its lower device, which is among the dumped ones. */
function isOnTop({ link, netns }: Device, devices: readonly Device[]): boolean {
  if (!ON_TOP.has(link.kind ?? '')) return false;
  const elsewhere = link.peerNetnsid !== undefined || link.peerNetns !== undefined;
  return devices.some((other) => {
    if (other.link === link || isLoopback(other.link) || (other.netns !== netns) !== elsewhere) return false;
    return link.peerIndex === undefined
      ? !elsewhere && other.link.name === link.peerName
      : other.link.index === link.peerIndex;
  });
}

const TUNNELS = new Set([
  'vxlan',
  'geneve',
  'gre',
  'gretap',
  'ipip',
  'sit',
  'wireguard',
  'ip6tnl',
  'vti',
  'xfrm',
  'vlan',
]);

/** Port of a bridge that learned a MAC → the device that has it. */
function byFdb(open: readonly Device[]): Edge[] {
  const byMac = devicesByMac(open);
  return open.flatMap((port) => {
    if (port.link.master === undefined) return [];
    const entries = entriesOf(port.netns.fdb).get(port.link.name) ?? [];
    const macs = entries.filter(({ permanent }) => !permanent).map(({ mac }) => mac);
    return edgesTo(port, macs, byMac, 'mac');
  });
}

type ByMac = ReadonlyMap<Mac, readonly { readonly device: Device; readonly at: number }[]>;

/** Those that have one, each with its place among all. */
function devicesByMac(devices: readonly Device[]): ByMac {
  const byMac = new Map<Mac, { device: Device; at: number }[]>();
  for (const [at, device] of devices.entries())
    if (device.link.mac !== undefined) addTo(byMac, device.link.mac, { device, at });
  return byMac;
}

/** To the devices of other namespaces that have one of the MACs, in their order. */
function edgesTo(
  from: Device,
  macs: readonly (Mac | undefined)[],
  byMac: ByMac,
  by: Segment['by'],
): readonly Edge[] {
  return [...new Set(macs)]
    .flatMap((mac) => (mac === undefined ? [] : (byMac.get(mac) ?? [])))
    .filter(({ device }) => device.netns !== from.netns)
    .sort((left, right) => left.at - right.at)
    .map(({ device }) => ({ a: from, b: device, by }));
}

const NONE: readonly never[] = [];
const byDevice = once(
  <E extends { readonly dev: string }>(entries: readonly E[]): ReadonlyMap<string, readonly E[]> =>
    groupBy(entries, ({ dev }) => dev),
);

/** By the device that they are of. */
function entriesOf<E extends { readonly dev: string }>(
  entries: readonly E[] = NONE,
): ReadonlyMap<string, readonly E[]> {
  return byDevice(entries) as ReadonlyMap<string, readonly E[]>;
}

/** Neighbour entry of a device → the device of another namespace that has the MAC. */
function byNeighbour(plain: readonly Device[]): Edge[] {
  const byMac = devicesByMac(plain);
  return plain.flatMap((device) => {
    const entries = entriesOf(device.netns.neighbours).get(device.link.name) ?? [];
    return edgesTo(
      device,
      entries.flatMap(({ mac }) => mac || []),
      byMac,
      'mac',
    );
  });
}

/** A network with one container left and one port left. */
function byDockerPort(open: readonly Device[], snapshot: Snapshot): Edge[] {
  return dockerNetworks(open, snapshot).flatMap(({ bridge, members }) => {
    const ports = open.filter(
      (device) => device.netns === bridge.netns && device.link.master === bridge.link.name,
    );
    const [port, ...otherPorts] = ports;
    const [member, ...otherMembers] = members;
    if (!port || !member || otherPorts.length > 0 || otherMembers.length > 0) return [];
    return [{ a: port, b: member, by: 'docker' as const }];
  });
}

/** Which port is whose is not known: the containers hang on the bridge itself. */
function byDockerNetwork(plain: readonly Device[], snapshot: Snapshot): Edge[] {
  return dockerNetworks(plain, snapshot).flatMap(({ bridge, members }) =>
    members.map((b) => ({ a: bridge, b, by: 'docker' as const })),
  );
}

function dockerNetworks(
  open: readonly Device[],
  snapshot: Snapshot,
): { bridge: Device; members: readonly Device[] }[] {
  return machineOf(snapshot, open[0]?.netns.name ?? '').docker.networks.flatMap((network) => {
    const bridge = open.find((device) => isRoot(device.netns.name) && device.link.name === network.bridge);
    const members = open.filter((device) => isOnNetwork(device, network.name, network.id, snapshot));
    return bridge && members.length > 0 ? [{ bridge, members }] : [];
  });
}

function isOnNetwork({ netns, link }: Device, name: string, id: string, snapshot: Snapshot): boolean {
  const { docker, containerNamespaces } = machineOf(snapshot, netns.name);
  const owners = docker.containers.filter(
    (container) => container.running && containerNamespaces?.get(container.name) === netns.name,
  );
  return !isRoot(netns.name) && owners.some((container) => hasEndpoint(container, link, name, id));
}

function hasEndpoint(container: DockerContainer, link: Link, name: string, id: string): boolean {
  return container.endpoints.some(
    (endpoint) =>
      (endpoint.network === name || endpoint.networkId === id) &&
      ((endpoint.mac !== undefined && endpoint.mac === link.mac) ||
        link.addresses.some(
          (entry) => entry.address === endpoint.address || entry.address === endpoint.address6,
        )),
  );
}

/** A frame's source MAC at a capture point → the device that has it. */
function byCapture(open: readonly Device[], seen: readonly Seen[]): Edge[] {
  const byMac = devicesByMac(open.filter(({ link }) => link.kind !== 'bridge'));
  const byKey = new Map(open.toReversed().map((device) => [device.key, device]));
  return seen.flatMap(({ point, observation }) => {
    const here = byKey.get(keyOf({ namespace: point.namespace, name: point.interface }));
    if (!here || here.link.kind === 'bridge') return [];
    const macs = observation.stations.filter((station) => station.sent > 0).map((station) => station.mac);
    return edgesTo(here, macs, byMac, 'capture');
  });
}

/** One subnet on devices of different namespaces, each with an address of its own in it. */
function bySubnet(open: readonly Device[]): Edge[] {
  const subnets = new Map<string, { device: Device; address: number | bigint }[]>();
  for (const device of open) {
    if (!isUp(device.link) || device.link.master !== undefined) continue;
    for (const { address, length } of device.link.addresses) {
      if (!isSharable(familyOf(address), length, address)) continue;
      const key = formatPrefix(networkOf(address, length));
      const list = subnets.get(key);
      if (list) list.push({ device, address });
      else subnets.set(key, [{ device, address }]);
    }
  }
  const edges: Edge[] = [];
  for (const members of subnets.values()) {
    const addresses = new Set(members.map((member) => member.address));
    const namespaces = new Set(members.map((member) => member.device.netns));
    // An address twice, or two devices of one namespace: these are different networks that look alike.
    if (addresses.size < members.length || namespaces.size < members.length) continue;
    const [first, ...others] = members;
    if (first)
      edges.push(...others.map((other) => ({ a: first.device, b: other.device, by: 'subnet' as const })));
  }
  return edges;
}

function isSharable(family: Family, length: number, address: number | bigint): boolean {
  if (family === 4) return length >= 8 && length <= 31;
  return length >= 32 && length <= 127 && BigInt(address) >> 118n !== 0x3fan;
}

const portsOf = once((links: readonly Link[]) => groupBy(links, ({ master }) => master));

/** A bridge whose every port has its wire reaches its stations through them. */
function hasOpenLinkLayer({ netns, link }: Device, wired: ReadonlySet<string>): boolean {
  if (link.kind !== 'bridge') return true;
  const ports = portsOf(netns.links ?? NONE).get(link.name) ?? [];
  return (
    ports.length === 0 || ports.some((port) => !wired.has(keyOf({ namespace: netns.name, name: port.name })))
  );
}

/** Only what joins two groups counts for how a group is known; the stronger evidence is asked first. */
function components(devices: readonly Device[], edges: readonly Edge[]): Adjacency {
  const parent = new Map<string, string>();
  const rootOf = (key: string): string => {
    let root = key;
    for (let next = parent.get(root); next !== undefined; next = parent.get(root)) root = next;
    return root;
  };
  const weakest = new Map<string, Segment['by']>();
  for (const by of STRENGTH) {
    for (const edge of edges) {
      const [one, other] = [rootOf(edge.a.key), rootOf(edge.b.key)];
      if (edge.by !== by || one === other) continue;
      parent.set(one, other);
      weakest.set(other, by);
    }
  }
  const groups = new Map<string, LinkRef[]>();
  for (const device of devices) {
    const root = rootOf(device.key);
    addTo(groups, root, device.ref);
  }
  const wires: Wire[] = [];
  const segments: Segment[] = [];
  for (const [root, members] of groups) {
    const [one, other] = members;
    const by = weakest.get(root);
    if (!one || !other || by === undefined) continue;
    if (members.length === 2) wires.push({ ends: [one, other], by });
    else segments.push({ members, by });
  }
  return { wires, segments };
}

/** The strongest evidence first. */
const STRENGTH: readonly Segment['by'][] = ['mac', 'docker', 'capture', 'subnet'];
