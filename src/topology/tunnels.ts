/** Tunnel devices that lead to each other: one's remote is the other's local address, and kind, number and port are the same. */
import { type Ip, parseIp } from '../net/ip.ts';
import type { Device } from './link-ref.ts';
import type { LinkRef, Wire } from './topology.ts';

export interface Tunnel {
  readonly ends: readonly [LinkRef, LinkRef];
  readonly kind: string;
  /** VNI or key. */
  readonly id?: string;
}

const KINDS = new Set(['vxlan', 'geneve', 'gre', 'gretap', 'ip6gre', 'ip6gretap', 'ipip', 'sit', 'ip6tnl']);

export function findTunnels(devices: readonly Device[]): Tunnel[] {
  const tunnels = devices.filter(({ link }) => KINDS.has(link.kind ?? '') && link.kindData !== undefined);
  const addresses = new Map<Device['netns'], ReadonlySet<Ip>>(
    tunnels.map(({ netns }) => [
      netns,
      new Set((netns.links ?? []).flatMap((link) => link.addresses.map(({ address }) => address))),
    ]),
  );
  const has = ({ netns, link }: Device, ip: Ip): boolean =>
    addressOf(link.kindData, ['local', 'local6']) === ip || addresses.get(netns)?.has(ip) === true;
  return tunnels.flatMap((one, index) =>
    tunnels.slice(index + 1).flatMap((other) => {
      if (one.netns === other.netns || !isAlike(one, other)) return [];
      const there = remotesOf(one).some((ip) => has(other, ip));
      const back = remotesOf(other).some((ip) => has(one, ip));
      const group = groupOf(one);
      if (!(there && back) && (group === undefined || group !== groupOf(other))) return [];
      const id = numberOf(one);
      return [
        {
          ends: [one.ref, other.ref] as const,
          kind: one.link.kind ?? '',
          ...(id === '' ? {} : { id }),
        },
      ];
    }),
  );
}

/** Two ends of what the model carries as a wire: all but VXLAN, whose packets it wraps. With a third end it is no pair. */
export function tunnelWires(tunnels: readonly Tunnel[]): Wire[] {
  const plain = tunnels.filter(({ kind }) => kind !== 'vxlan');
  const keyOf = ({ namespace, name }: LinkRef) => `${namespace}\0${name}`;
  const uses = new Map<string, number>();
  for (const { ends } of plain) for (const end of ends) uses.set(keyOf(end), (uses.get(keyOf(end)) ?? 0) + 1);
  return plain
    .filter(({ ends }) => ends.every((end) => uses.get(keyOf(end)) === 1))
    .map(({ ends }) => ({ ends, by: 'tunnel' }));
}

function isAlike(one: Device, other: Device): boolean {
  return (
    one.link.kind === other.link.kind &&
    numberOf(one) === numberOf(other) &&
    (one.link.kindData?.port ?? '') === (other.link.kindData?.port ?? '')
  );
}

function numberOf({ link: { kindData = {} } }: Device): string {
  return `${kindData.id ?? kindData.ikey ?? kindData.key ?? ''}`;
}

function groupOf({ link: { kindData } }: Device): Ip | undefined {
  return addressOf(kindData, ['group', 'group6']);
}

/** Its own, and of VXLAN those of its forwarding table. */
function remotesOf({ netns, link }: Device): Ip[] {
  const own = addressOf(link.kindData, ['remote', 'remote6']);
  const table = (netns.fdb ?? []).flatMap(({ dev, remote }) =>
    dev === link.name && remote !== undefined ? [remote] : [],
  );
  return own === undefined ? table : [own, ...table];
}

function addressOf(
  data: Readonly<Record<string, unknown>> | undefined,
  keys: readonly string[],
): Ip | undefined {
  for (const key of keys) {
    const value = data?.[key];
    const ip = typeof value === 'string' ? parseIp(value) : undefined;
    if (ip !== undefined) return ip;
  }
  return undefined;
}
