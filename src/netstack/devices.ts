/** Network devices of a namespace as the packet path sees them. */
import { groupBy } from '../base/group-by.ts';
import type { BridgePort, InterfaceAddress, Link } from '../dump/records.ts';
import type { Mac } from '../net/mac.ts';
import type { Netns } from '../snapshot/snapshot.ts';

export interface Device {
  readonly name: string;
  /** Place in the dump; later ones were made later. */
  readonly order: number;
  readonly link: Link;
  readonly kind: 'loopback' | 'bridge' | 'veth' | 'vlan' | 'macvlan' | 'tunnel' | 'dummy' | 'bond' | 'other';
  readonly mac?: Mac;
  readonly mtu: number;
  /** IFF_UP */
  readonly up: boolean;
  readonly carrier: boolean;
  readonly noArp: boolean;
  readonly addresses: readonly InterfaceAddress[];
  /** The bridge it is a port of. */
  readonly bridge?: string;
  readonly port?: BridgePort;
  /** Of VLAN and macvlan devices. */
  readonly lower?: string;
  readonly vlan?: number;
  readonly hairpin: boolean;
  readonly isolated: boolean;
}

const TUNNELS = new Set([
  'vxlan',
  'geneve',
  'gre',
  'gretap',
  'ipip',
  'sit',
  'tun',
  'tap',
  'wireguard',
  'vti',
  'ip6tnl',
  'ip6gre',
]);

export function devicesOf(netns: Netns): Map<string, Device> {
  const links = netns.links ?? [];
  const masters = new Set(links.map(({ master }) => master));
  const bridges = new Set(links.filter((link) => isBridge(link, masters)).map(({ name }) => name));
  const lowers = new Lowers(links);
  return new Map(links.map((link, order) => [link.name, deviceOf(link, order, lowers, bridges)]));
}

/** Links by their index and by their name. */
class Lowers {
  readonly #byIndex: ReadonlyMap<number | undefined, readonly Link[]>;
  readonly #byName: ReadonlyMap<string | undefined, readonly Link[]>;

  constructor(links: readonly Link[]) {
    this.#byIndex = groupBy(links, ({ index }) => index);
    this.#byName = groupBy(links, ({ name }) => name);
  }

  /** IFLA_LINK within the namespace: shown as a name, or as a number by those who ask for numbers. */
  of(link: Link): Link | undefined {
    const { peerIndex, peerName, peerNetnsid, peerNetns } = link;
    if (peerNetnsid !== undefined || peerNetns !== undefined) return undefined;
    const found = peerIndex === undefined ? this.#byName.get(peerName) : this.#byIndex.get(peerIndex);
    return found?.find((other) => other !== link);
  }
}

/** `ip link` without `-d` doesn't say what a device is; ports do. */
function isBridge(link: Link, masters: ReadonlySet<string | undefined>): boolean {
  return link.kind === undefined ? masters.has(link.name) : link.kind === 'bridge';
}

function deviceOf(link: Link, order: number, lowers: Lowers, bridges: ReadonlySet<string>): Device {
  const kind = kindOf(link, bridges);
  const vlan = link.kindData?.id ?? link.kindData?.vlan_id;
  const lower = lowers.of(link);
  return {
    name: link.name,
    order: link.index ?? order,
    link,
    kind,
    ...(link.mac === undefined || kind === 'loopback' ? {} : { mac: link.mac }),
    mtu: link.mtu ?? (kind === 'loopback' ? 65536 : 1500),
    up: link.flags.includes('UP'),
    carrier: !link.flags.includes('NO-CARRIER') && link.operstate !== 'LOWERLAYERDOWN',
    noArp: link.flags.includes('NOARP') || link.flags.includes('POINTOPOINT'),
    addresses: link.addresses,
    ...(link.master !== undefined && bridges.has(link.master) ? { bridge: link.master } : {}),
    ...(link.port ? { port: link.port } : {}),
    ...(lower && (kind === 'vlan' || kind === 'macvlan') ? { lower: lower.name } : {}),
    ...(kind === 'vlan' && typeof vlan === 'number' ? { vlan } : {}),
    hairpin: link.port?.hairpin ?? false,
    isolated: link.port?.isolated ?? false,
  };
}

/** macvlan, macvtap, ipvlan: devices of their own MAC or address on top of another one. */
export function isStacked({ kind }: Link): boolean {
  return kind === 'macvlan' || kind === 'macvtap' || kind === 'ipvlan';
}

function kindOf(link: Link, bridges: ReadonlySet<string>): Device['kind'] {
  if (link.flags.includes('LOOPBACK') || link.name === 'lo') return 'loopback';
  if (bridges.has(link.name)) return 'bridge';
  const kind = link.kind ?? '';
  if (TUNNELS.has(kind)) return 'tunnel';
  if (isStacked(link)) return 'macvlan';
  switch (kind) {
    case 'veth':
    case 'vlan':
    case 'dummy':
    case 'bond':
      return kind;
    default:
      return 'other';
  }
}
