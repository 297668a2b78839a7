/** A host address, after the set's netmask or bitmask: hash_ip4_kadt(), net/netfilter/ipset/ip_set_hash_ip.c. */
import { bitsOf, familyOf, type Ip } from '../../net/ip.ts';
import { applyMask } from '../../net/prefix.ts';
import type { Dimension } from '../dimension.ts';
import type { AddressPart, Part, SetHeader } from '../record.ts';
import {
  boundsOf,
  expectedAddress,
  hostOf,
  isHost,
  masked,
  packetAddress,
  printAddress,
  readAddress,
} from './address.ts';

export const ip: Dimension = {
  name: 'ip',
  expected: expectedAddress,
  read: readAddress,
  print: printAddress,
  ofPacket: (skb, direction, header) => reduced(packetAddress(skb, direction).address, header),
  key: (part) =>
    part.kind !== 'address' ? '' : typeof part.address === 'number' ? part.address : String(part.address),
  expand,
};

export function reduced(address: Ip, { netmask, bitmask }: SetHeader): AddressPart {
  if (netmask !== undefined) return hostOf(masked(address, netmask));
  return hostOf(
    bitmask === undefined || typeof bitmask !== typeof address ? address : applyMask(address, bitmask),
  );
}

function* expand(part: Part, header: SetHeader): Generator<Part> {
  if (part.kind !== 'address' && part.kind !== 'range') return;
  const bounds = boundsOf(part);
  if (!bounds) {
    // IPv6 has no ranges; a prefix that isn't a host is refused.
    if (part.kind === 'address' && isHost(part)) yield reduced(part.address, header);
    return;
  }
  if (header.type === 'hash:ip,port' && bounds.last > bounds.first) {
    // The kernel reduces the first address, and then adds those behind it as they are.
    const start = Number(reduced(bounds.first, header).address);
    for (let at = start; at <= bounds.last; at++) yield hostOf(at);
    return;
  }
  const step = header.netmask === undefined ? 1 : 2 ** (bitsOf(familyOf(bounds.first)) - header.netmask);
  // A bitmap's netmask only widens the steps; a hash's also moves the first one back.
  const aligned = header.netmask !== undefined && header.range === undefined;
  const first = aligned ? (masked(bounds.first, header.netmask ?? 32) as number) : bounds.first;
  for (let at = first; at <= bounds.last; at += step) yield reduced(at, header);
}
