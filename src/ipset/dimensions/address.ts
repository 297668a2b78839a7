/** What the address dimensions share: ip4addrptr(), ip6addrptr(), and addresses as ipset(8) writes them. */
import { lazily } from '../../base/memo.ts';
import { bitsOf, type Family, familyOf, formatIp, type Ip, parseIp } from '../../net/ip.ts';
import { applyMask, maskOf } from '../../net/prefix.ts';
import type { Skb } from '../../skb/skb.ts';
import { destinationOf, sourceOf } from '../../xtables/packet.ts';
import type { Direction } from '../dimension.ts';
import type { AddressPart, Part, RangePart, SetHeader } from '../record.ts';

/** Masks by length, for look-ups that try many of them. */
const MASKS = lazily(
  (): Readonly<Record<Family, readonly Ip[]>> => ({
    4: Array.from({ length: 33 }, (_, length) => maskOf(4, length)),
    6: Array.from({ length: 129 }, (_, length) => maskOf(6, length)),
  }),
);

export function masked(ip: Ip, length: number): Ip {
  return applyMask(ip, MASKS()[familyOf(ip)][length] ?? ip);
}

export function hostOf(address: Ip): AddressPart {
  return { kind: 'address', address, length: bitsOf(familyOf(address)) };
}

export function packetAddress(skb: Skb, direction: Direction): AddressPart {
  return hostOf(direction === 'src' ? sourceOf(skb) : destinationOf(skb));
}

export function isHost({ address, length }: AddressPart): boolean {
  return length === bitsOf(familyOf(address));
}

/** `10.0.0.1`, `10.0.0.0/8`, `10.0.0.1-10.0.0.9`. */
export function readAddress(text: string, { family = 4 }: SetHeader): AddressPart | RangePart | undefined {
  const dash = text.indexOf('-');
  if (dash >= 0) {
    const first = parseIp(text.slice(0, dash));
    const last = parseIp(text.slice(dash + 1));
    if (typeof first !== 'number' || typeof last !== 'number' || family !== 4) return undefined;
    return first <= last ? { kind: 'range', first, last } : { kind: 'range', first: last, last: first };
  }
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined || familyOf(address) !== family) return undefined;
  if (slash < 0) return hostOf(address);
  const tail = text.slice(slash + 1);
  const length = Number(tail);
  return /^\d{1,3}$/.test(tail) && length <= bitsOf(family)
    ? { kind: 'address', address, length }
    : undefined;
}

export function expectedAddress({ family = 4 }: SetHeader): string {
  return family === 4 ? 'an IPv4 address, prefix or range' : 'an IPv6 address or prefix';
}

export function printAddress(part: Part): string {
  if (part.kind === 'range') return `${formatIp(part.first)}-${formatIp(part.last)}`;
  if (part.kind !== 'address') return '';
  return isHost(part) ? plainIp(part.address) : `${plainIp(part.address)}/${part.length}`;
}

/** inet_ntop(), which also writes addresses of ::/96 dotted. */
function plainIp(ip: Ip): string {
  const isCompatible = typeof ip === 'bigint' && ip >> 32n === 0n && ip >> 16n !== 0n;
  return isCompatible ? `::${formatIp(Number(ip))}` : formatIp(ip);
}

/** First and last address; an IPv6 prefix covers its whole self. */
export function boundsOf(
  part: AddressPart | RangePart,
): { readonly first: number; readonly last: number } | undefined {
  if (part.kind === 'range') return part;
  if (typeof part.address !== 'number') return undefined;
  const first = masked(part.address, part.length) as number;
  return { first, last: first + 2 ** (32 - part.length) - 1 };
}

/** ip_set_range_to_cidr(): the fewest prefixes that make up the range. */
export function* prefixesOf(first: number, last: number): Generator<AddressPart> {
  for (let at = first; at <= last; ) {
    let length = 32;
    while (length > 0) {
      const size = 2 ** (32 - (length - 1));
      if (at % size !== 0 || at + size - 1 > last) break;
      length--;
    }
    yield { kind: 'address', address: at, length };
    at += 2 ** (32 - length);
  }
}
