/** What lies between devices or beyond them: networks that a device leads to, links of several devices, tunnels. */
import { addTo } from '../../base/group-by.ts';
import { hostOf } from '../../input/host.ts';
import { formatPrefix, parsePrefix } from '../../net/prefix.ts';
import { makerOfInterface } from '../../topology/makers.ts';
import type { AnalysisTopology } from '../analysis.ts';
import type { DrawnPlace } from './drawing.ts';

type Namespace = AnalysisTopology['namespaces'][number];
type Link = Namespace['links'][number];

export interface Network {
  readonly kind: 'beyond' | 'segment' | 'tunnel';
  readonly members: readonly DrawnPlace[];
  /** The first is its name. */
  readonly texts: readonly string[];
}

const KNOWN_BY: Readonly<Record<string, string>> = {
  mac: 'known by neighbour or forwarding entries',
  capture: 'known by frames captured',
  docker: 'known by Docker',
  subnet: 'assumed: one subnet',
};

export function networksOf(topology: AnalysisTopology): Network[] {
  const shared = [...segments(topology), ...betweenMachines(topology)];
  const taken = new Set(shared.flatMap(({ members }) => members.map(placeKey)));
  const addresses = new Set(
    topology.namespaces.flatMap(({ links }) =>
      links.flatMap((link) => link.addresses.map((address) => address.split(/[ /]/)[0] ?? '')),
    ),
  );
  const beyond = topology.namespaces.flatMap((namespace) => {
    const reach = reachOf(namespace);
    const masters = new Set(namespace.links.flatMap(({ master }) => master ?? []));
    return namespace.links.flatMap((link) => {
      const own = reach.get(link.name) ?? NOTHING;
      if (taken.has(placeKey({ namespace: namespace.name, device: link.name }))) return [];
      return leadsOut(link, own, masters, addresses) ? [networkBeyond(link, namespace.name, own)] : [];
    });
  });
  return [...shared, ...beyond, ...tunnels(topology)];
}

export function placeKey({ namespace, device }: DrawnPlace): string {
  return `${namespace}\0${device}`;
}

function place({ namespace, interface: device }: { namespace: string; interface: string }): DrawnPlace {
  return { namespace, device };
}

function segments({ segments: found = [] }: AnalysisTopology): Network[] {
  return found.map(({ members, by }) => ({
    kind: 'segment' as const,
    members: members.map(place),
    texts: ['one link', KNOWN_BY[by] ?? `known by ${by}`],
  }));
}

/** Pairs of two machines: there is a cable or a network of which no dump tells. */
function betweenMachines({ namespaces }: AnalysisTopology): Network[] {
  return namespaces.flatMap(({ name, links }) =>
    links.flatMap((link): Network[] => {
      const { peer } = link;
      if (!peer || peer.by === 'tunnel' || hostOf(peer.namespace) === hostOf(name)) return [];
      if (name > peer.namespace) return [];
      return [
        {
          kind: 'segment',
          members: [{ namespace: name, device: link.name }, place(peer)],
          texts: ['one link', KNOWN_BY[peer.by ?? ''] ?? ''].filter((text) => text !== ''),
        },
      ];
    }),
  );
}

/** Of one kind and number they are one network, however many ends it has. */
function tunnels({ tunnels: found = [] }: AnalysisTopology): Network[] {
  const networks = new Map<string, { text: string; members: Map<string, DrawnPlace> }>();
  for (const { ends, kind, id } of found) {
    const text = id === undefined ? kind : `${kind} ${id}`;
    const places = ends.map(place);
    const key = id === undefined ? `${kind}\0${places.map(placeKey).join('\0')}` : text;
    const network = networks.get(key) ?? { text, members: new Map<string, DrawnPlace>() };
    networks.set(key, network);
    for (const end of places) network.members.set(placeKey(end), end);
  }
  return [...networks.values()].map(({ text, members }) => ({
    kind: 'tunnel',
    members: [...members.values()],
    texts: [text, 'tunnel'],
  }));
}

/** Kinds whose other side is outside of what was dumped when nothing there is known. */
const OUTWARD = new Set([undefined, 'veth', 'vlan', 'bond', 'team']);

/** What a namespace's routes say of a device: the next hops behind it, with what goes there, and the prefixes on its link. */
interface Reach {
  readonly gateways: Map<string, string[]>;
  readonly connected: Set<string>;
}

function reachOf({ routes }: Namespace): ReadonlyMap<string, Reach> {
  const found = new Map<string, Reach>();
  const at = (device: string): Reach => {
    const reach = found.get(device) ?? {
      gateways: new Map<string, string[]>(),
      connected: new Set<string>(),
    };
    found.set(device, reach);
    return reach;
  };
  for (const route of routes) {
    const words = route.split(' ');
    const to = (TYPES.has(words[0] ?? '') ? words[1] : words[0]) ?? '';
    for (const [index, word] of words.entries()) {
      const device = words[index + 1];
      if (word !== 'dev' || device === undefined) continue;
      const via = words.lastIndexOf('via', index);
      const gateway = via >= 0 && index - via <= 3 ? words[index - 1] : undefined;
      if (gateway !== undefined) addTo(at(device).gateways, gateway, to);
      else if (to.includes('/') && isGlobal(to) && !to.startsWith('ff')) at(device).connected.add(to);
    }
  }
  return found;
}

const NOTHING: Reach = { gateways: new Map(), connected: new Set() };

const TYPES = new Set(['unicast', 'multicast', 'broadcast', 'local', 'anycast', 'nat']);

/**
 * A next hop is behind it that no namespace is, or it has an address and no end that is known. A bridge that somebody makes for
 * containers leads to them, and plain `ip addr` doesn't say that it is a bridge.
 */
function leadsOut(
  link: Link,
  { gateways }: Reach,
  masters: ReadonlySet<string>,
  own: ReadonlySet<string>,
): boolean {
  if (link.peer || link.name === 'lo' || link.master !== undefined) return false;
  if ([...gateways.keys()].some((gateway) => !own.has(gateway))) return true;
  if (!OUTWARD.has(link.kind) || makerOfInterface(link.name) !== undefined) return false;
  return link.addresses.some(isGlobal) && !masters.has(link.name);
}

function isGlobal(address: string): boolean {
  return !address.startsWith('fe80:') && !address.startsWith('127.') && address !== '::1/128';
}

const LISTED = 3;

function networkBeyond(
  { name: device, addresses }: Link,
  namespace: string,
  { gateways, connected }: Reach,
): Network {
  // Without a dump of routes, or with the address's own prefix left out of them.
  const prefixes = connected.size > 0 ? [...connected] : addresses.filter(isGlobal).flatMap(networkOf);
  return {
    kind: 'beyond',
    members: [{ namespace, device }],
    texts: [
      prefixes.length === 0 ? `beyond ${device}` : few(prefixes),
      ...[...gateways].slice(0, LISTED).map(([gateway, to]) => `${few(to)} via ${gateway}`),
      ...(gateways.size > LISTED ? [`and ${gateways.size - LISTED} next hops more`] : []),
    ],
  };
}

function few(texts: readonly string[]): string {
  const shown = texts.slice(0, 2).join(', ');
  return texts.length > 2 ? `${shown} and ${texts.length - 2} more` : shown;
}

/** Of `192.0.2.7/24`; none of an address alone. */
function networkOf(address: string): string[] {
  const prefix = parsePrefix(address);
  return !prefix || !address.includes('/') || /\/(32|128)$/.test(address) ? [] : [formatPrefix(prefix)];
}
