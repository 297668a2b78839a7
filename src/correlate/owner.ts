import type { Link } from '../dump/records.ts';
import { familyOf, type Ip } from '../net/ip.ts';
import { contains, networkOf } from '../net/prefix.ts';
import type { Netns, Snapshot } from '../snapshot/snapshot.ts';

/** A device that has an address, or is on its subnet. */
export interface Owner {
  readonly netns: Netns;
  readonly link: Link;
  /** Prefix length of the address there. */
  readonly length: number;
}

/** Loopback addresses belong to every namespace, so to none in particular. */
export function isLoopback(ip: Ip): boolean {
  return typeof ip === 'number' ? ip >>> 24 === 127 : ip === 1n;
}

/** RFC 1918, shared (RFC 6598), link-local and unique local addresses: nobody out there routes them. */
export function isPrivate(ip: Ip): boolean {
  if (typeof ip === 'bigint') return ip >> 121n === 0x7en || ip >> 118n === 0x3fan;
  return (
    ip >>> 24 === 10 ||
    ip >>> 20 === 0xac1 ||
    ip >>> 16 === 0xc0a8 ||
    ip >>> 16 === 0xa9fe ||
    ip >>> 22 === 0x191 // 100.64/10
  );
}

/** Every namespace that has this address on a device. */
export function ownersOf(snapshot: Snapshot, ip: Ip): Owner[] {
  if (isLoopback(ip)) return [];
  return devices(snapshot).flatMap(({ netns, link }) =>
    link.addresses.filter(({ address }) => address === ip).map(({ length }) => ({ netns, link, length })),
  );
}

/** Every namespace that has a device on the address's subnet, longest prefix first. */
export function neighboursOf(snapshot: Snapshot, ip: Ip): Owner[] {
  return devices(snapshot)
    .flatMap(({ netns, link }) =>
      link.addresses
        .filter(
          (own) => familyOf(own.address) === familyOf(ip) && own.length < (typeof ip === 'number' ? 32 : 128),
        )
        .filter((own) => contains(networkOf(own.address, own.length), ip))
        .map(({ length }) => ({ netns, link, length })),
    )
    .filter(({ link }) => link.name !== 'lo')
    .toSorted((left, right) => right.length - left.length);
}

function devices(snapshot: Snapshot): { netns: Netns; link: Link }[] {
  return [...snapshot.namespaces.values()].flatMap((netns) =>
    (netns.links ?? []).map((link) => ({ netns, link })),
  );
}
