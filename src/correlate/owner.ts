import { once } from '../base/memo.ts';
import type { Link } from '../dump/records.ts';
import { familyOf, type Ip } from '../net/ip.ts';
import { ipKey } from '../net/ip-key.ts';
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
  return isLoopback(ip) ? [] : [...(ownersByAddress(snapshot).get(ipKey(ip)) ?? [])];
}

const ownersByAddress = once((snapshot: Snapshot): ReadonlyMap<Ip, readonly Owner[]> => {
  const owners = new Map<Ip, Owner[]>();
  for (const { netns, link } of devices(snapshot)) {
    for (const { address, length } of link.addresses) {
      const known = owners.get(ipKey(address));
      if (known) known.push({ netns, link, length });
      else owners.set(ipKey(address), [{ netns, link, length }]);
    }
  }
  return owners;
});

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

const devices = once((snapshot: Snapshot): readonly { netns: Netns; link: Link }[] =>
  [...snapshot.namespaces.values()].flatMap((netns) => (netns.links ?? []).map((link) => ({ netns, link }))),
);
