/** The topology as plain data: the `topology` of nettrace-analysis/1, addresses and routes as text. */
import type { InterfaceAddress, Link } from '../dump/records.ts';
import { hostOf } from '../input/host.ts';
import type { InputSet } from '../input/input.ts';
import { formatIp } from '../net/ip.ts';
import { formatMac } from '../net/mac.ts';
import { formatPrefix } from '../net/prefix.ts';
import { effectiveRoutes } from '../snapshot/effective-routes.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { lowerOf } from './lower.ts';
import type { CapturePoint, Topology } from './topology.ts';

export interface LinkDescription {
  name: string;
  index?: number;
  kind?: string;
  mac?: string;
  up?: boolean;
  /** No dump shows it: a bridge, Docker or a capture names it. */
  inferred?: boolean;
  master?: string;
  /** The device that it is on top of: of a VLAN, a macvlan, a tunnel that names one. */
  lower?: { namespace: string; interface: string };
  /** Number of the VLAN, VNI or key. */
  id?: string;
  addresses: string[];
  /** `by`: how a pair of two machines is known. */
  peer?: { namespace: string; interface: string; by?: string };
}

export interface NamespaceDescription {
  name: string;
  container?: string;
  inferred: boolean;
  links: LinkDescription[];
  routes: string[];
}

/** What a capture alone shows of its place, where no dump describes it. */
export interface ObservedPlace {
  capture: string;
  namespace: string;
  interface: string;
  /** The narrowest networks that hold the addresses found there. */
  subnets: string[];
  stations: {
    mac: string;
    /** `self`: the capturing interface; `router`: passes packets on for others. Both: the capturing host routes. */
    roles: ('self' | 'router' | 'translates')[];
    addresses: string[];
    /** Sources it passed on, and through how many routers they came. */
    forwards: { address: string; hops: number }[];
    frames: number;
  }[];
}

/** One of several machines. */
export interface HostDescription {
  name: string;
  /** Of all but the first: its clock against that one's. Without `ahead` nothing tells. */
  clock?: {
    reference: string;
    /** Seconds, and within how much. */
    ahead?: number;
    error?: number;
    /** Seen on both, and agreeing. */
    packets?: number;
    oneWay?: boolean;
  };
}

/** A tunnel device, and where it leads. */
export interface TunnelDescription {
  ends: { namespace: string; interface: string }[];
  kind: string;
  id?: string;
}

export interface TopologyDescription {
  /** Where the inputs are of several machines. */
  hosts?: HostDescription[];
  namespaces: NamespaceDescription[];
  /** Devices on one link layer, where there are more than the two of a pair. */
  segments?: { members: { namespace: string; interface: string }[]; by: string }[];
  /** Tunnel devices that lead to each other. */
  tunnels?: TunnelDescription[];
  captures: { path: string; namespace: string; interface: string; by: string }[];
  observed?: ObservedPlace[];
  missing: { namespace: string; dump: string; text: string }[];
}

/** `points`: with more than the topology knows of them, where they were looked into. */
export function describeTopology(
  topology: Topology,
  points: readonly CapturePoint[] = topology.points,
  inputs: Pick<InputSet, 'hosts' | 'clocks'> = {},
): TopologyDescription {
  return {
    ...(inputs.hosts && { hosts: inputs.hosts.map(({ name }) => describeHost(name, inputs.clocks)) }),
    namespaces: [...topology.namespaces.values()].map((netns) => describeNamespace(netns, topology)),
    ...(topology.segments.length === 0
      ? {}
      : {
          segments: topology.segments.map(({ members, by }) => ({
            members: members.map(({ namespace, name }) => ({ namespace, interface: name })),
            by,
          })),
        }),
    ...(topology.tunnels && {
      tunnels: topology.tunnels.map(({ ends, kind, id }) => ({
        ends: ends.map(({ namespace, name }) => ({ namespace, interface: name })),
        kind,
        ...(id === undefined ? {} : { id }),
      })),
    }),
    captures: points.map(({ path, namespace, interface: device, by }) => ({
      path,
      namespace,
      interface: device,
      by,
    })),
    ...observedPlaces(topology),
    missing: topology.missing.map(({ namespace, dump, text }) => ({ namespace, dump, text })),
  };
}

function describeHost(name: string, clocks: InputSet['clocks'] = []): HostDescription {
  const found = clocks.find(({ host }) => host === name);
  if (!found) return { name };
  const { host: _host, ...clock } = found;
  return { name, clock };
}

function observedPlaces(topology: Topology): { observed?: ObservedPlace[] } {
  const guessed = (topology.inferences ?? []).filter(({ point }) =>
    (topology.namespaces.get(point.namespace)?.links ?? []).every((link) => link.inferred),
  );
  if (guessed.length === 0) return {};
  return {
    observed: guessed.map(({ point, subnets, stations, self }) => ({
      capture: point.path,
      namespace: point.namespace,
      interface: point.interface,
      subnets: subnets.map(formatPrefix),
      stations: stations
        .toSorted((a, b) => b.frames - a.frames)
        .slice(0, LISTED)
        .map((station) => ({
          mac: formatMac(station.mac),
          roles: [
            ...(station.mac === self ? (['self'] as const) : []),
            ...(station.router ? (['router'] as const) : []),
            ...(station.rewrites ? (['translates'] as const) : []),
          ],
          addresses: station.own.slice(0, LISTED).map(formatIp),
          forwards: station.forwards
            .slice(0, LISTED)
            .map(({ address, hops }) => ({ address: formatIp(address), hops })),
          frames: station.frames,
        })),
    })),
  };
}

/** Of a busy place, only so many stations and addresses are told. */
const LISTED = 50;

function describeNamespace(netns: Netns, topology: Topology): NamespaceDescription {
  return {
    name: netns.name,
    ...(netns.container === undefined ? {} : { container: netns.container }),
    inferred: netns.inferred,
    links: (netns.links ?? []).map((link) => describeLink(link, netns, topology)),
    routes: routesOf(netns),
  };
}

function describeLink(link: Link, netns: Netns, topology: Topology): LinkDescription {
  const ref = { namespace: netns.name, name: link.name };
  const peer = topology.peerOf(ref);
  const lower = lowerOf(link, netns, topology);
  const id = numberOf(link);
  const wire = topology.wires.find(({ ends }) =>
    ends.some(({ namespace, name }) => namespace === ref.namespace && name === ref.name),
  );
  return {
    name: link.name,
    ...(link.index === undefined ? {} : { index: link.index }),
    ...(link.kind === undefined ? {} : { kind: link.kind }),
    ...(link.mac === undefined || link.mac === 0 ? {} : { mac: formatMac(link.mac) }),
    up: link.flags.includes('UP'),
    ...(link.inferred ? { inferred: true } : {}),
    ...(link.master === undefined ? {} : { master: link.master }),
    ...(lower && { lower: { namespace: lower.namespace, interface: lower.name } }),
    ...(id === undefined ? {} : { id }),
    addresses: link.addresses.map(describeAddress),
    ...(peer
      ? {
          peer: {
            namespace: peer.namespace,
            interface: peer.name,
            ...(wire && hostOf(peer.namespace) !== netns.host && { by: wire.by }),
          },
        }
      : {}),
  };
}

/** IFLA_VLAN_ID, IFLA_VXLAN_ID and what else tells devices of one kind apart. */
function numberOf({ kind, kindData }: Link): string | undefined {
  if (kind !== 'vlan' && kind !== 'vxlan' && kind !== 'geneve') return undefined;
  const id = kindData?.id;
  return typeof id === 'number' || typeof id === 'string' ? String(id) : undefined;
}

function describeAddress({ address, length, peer }: InterfaceAddress): string {
  return peer === undefined
    ? `${formatIp(address)}/${length}`
    : `${formatIp(address)} peer ${formatIp(peer)}/${length}`;
}

/** Of every table but local; those that only follow from addresses are marked so by the kernel's own `proto kernel`. */
function routesOf(netns: Netns): string[] {
  return ([4, 6] as const).flatMap((family) =>
    effectiveRoutes(netns, family)
      .routes.filter((route) => route.table !== 'local' && route.type !== 'multicast')
      .map((route) => describeTable(route.text, route.table)),
  );
}

function describeTable(text: string, table: string): string {
  return table === 'main' || /\btable \S/.test(text) ? text : `${text} table ${table}`;
}
