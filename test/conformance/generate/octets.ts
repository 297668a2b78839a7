/** Packets written byte by byte, for what no ordinary host sends: odd options, header chains, pieces of headers. */

import { buildSkb } from '../../../src/skb/build.ts';
import { layoutOf } from '../../../src/skb/layout.ts';
import { sealChecksums } from '../../../src/skb/rewrite.ts';
import type { Skb } from '../../../src/skb/skb.ts';

export type Octets = readonly number[];

export const u8 = (value: number): Octets => [value & 0xff];
export const u16 = (value: number): Octets => [(value >>> 8) & 0xff, value & 0xff];
export const u32 = (value: number): Octets => [...u16(value >>> 16), ...u16(value & 0xffff)];
export const zeros = (count: number): Octets => new Array<number>(count).fill(0);
export const text = (value: string): Octets => [...Buffer.from(value, 'latin1')];

/** Filled up with zeros to a multiple of `unit` bytes. */
export function padded(octets: Octets, unit: number): Octets {
  return [...octets, ...zeros((unit - (octets.length % unit)) % unit)];
}

export interface Ipv4Header {
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly tos?: number;
  readonly ttl?: number;
  readonly id?: number;
  /** Flags and offset. */
  readonly fragment?: number;
  readonly options?: Octets;
}

export function ipv4(header: Ipv4Header, body: Octets): Octets {
  const { source, destination, protocol, tos = 0, ttl = 64, id = 0, fragment = 0, options = [] } = header;
  const words = 5 + options.length / 4;
  return [
    ...u8(0x40 | words),
    ...u8(tos),
    ...u16(words * 4 + body.length),
    ...u16(id),
    ...u16(fragment),
    ...u8(ttl),
    ...u8(protocol),
    ...u16(0),
    ...u32(source),
    ...u32(destination),
    ...options,
    ...body,
  ];
}

export interface Ipv6Header {
  readonly source: bigint;
  readonly destination: bigint;
  /** Next header. */
  readonly protocol: number;
  readonly tos?: number;
  readonly ttl?: number;
}

export function u128(value: bigint): Octets {
  return [96n, 64n, 32n, 0n].flatMap((shift) => u32(Number((value >> shift) & 0xffffffffn)));
}

export function ipv6(header: Ipv6Header, body: Octets): Octets {
  const { source, destination, protocol, tos = 0, ttl = 64 } = header;
  return [
    ...u32((0x60000000 | (tos << 20)) >>> 0),
    ...u16(body.length),
    ...u8(protocol),
    ...u8(ttl),
    ...u128(source),
    ...u128(destination),
    ...body,
  ];
}

/** The packet with right checksums wherever there is room for one. */
export function skbOfOctets(octets: Octets): Skb {
  const bytes = Uint8Array.from(octets);
  const layout = layoutOf(bytes);
  if (!layout) throw new Error('no IP packet');
  const skb: Skb = { ...buildSkb({ source: 0, destination: 0, protocol: 0 }), ...layout, bytes };
  sealChecksums(skb);
  return skb;
}
