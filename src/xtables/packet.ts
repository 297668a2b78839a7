/** Reading a packet's headers inside matches and targets; what is short, and what the capture cut, are told apart. */

import { type Unknown, unknown } from '../base/ternary.ts';
import { IPV6_LENGTH } from '../header/ipv6.ts';
import type { Ip } from '../net/ip.ts';
import type { Skb } from '../skb/skb.ts';
import type { MatchContext } from './context.ts';
import { findHeader, isExtension, isFound } from './ipv6.ts';

export function u8(bytes: Uint8Array, offset: number): number {
  return bytes[offset] ?? 0;
}

export function u16(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset) * 256 + u8(bytes, offset + 1);
}

export function u32(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset) * 65536 + u16(bytes, offset + 2);
}

function u128(bytes: Uint8Array, offset: number): bigint {
  const high = (BigInt(u32(bytes, offset)) << 32n) | BigInt(u32(bytes, offset + 4));
  return (high << 64n) | (BigInt(u32(bytes, offset + 8)) << 32n) | BigInt(u32(bytes, offset + 12));
}

export function sourceOf(skb: Skb): Ip {
  return skb.family === 4 ? u32(skb.bytes, 12) : u128(skb.bytes, 8);
}

export function destinationOf(skb: Skb): Ip {
  return skb.family === 4 ? u32(skb.bytes, 16) : u128(skb.bytes, 24);
}

/** TTL or hop limit. */
export function ttlOf(skb: Skb): number {
  return u8(skb.bytes, skb.family === 4 ? 8 : 7);
}

/** TOS or traffic class (ipv6_get_dsfield). */
export function tosOf(skb: Skb): number {
  return skb.family === 4 ? u8(skb.bytes, 1) : (u16(skb.bytes, 0) >> 4) & 0xff;
}

/** Of a packet from a text without `-v`; undefined where the field is the packet's own. */
export function unsaidHeader(skb: Pick<Skb, 'headerUnsaid'>): Unknown | undefined {
  return skb.headerUnsaid && unknown('the text shows no TTL, TOS and identification (tcpdump -v does)');
}

/** What a header read gives: where it begins; or that the packet hasn't it; or that the capture doesn't show it. */
export type HeaderAt = number | 'short' | 'fragment' | Unknown;

/** skb_header_pointer(): the first `length` bytes of the upper-layer header. */
export function upperHeader(ctx: MatchContext, length: number): HeaderAt {
  const { offset, fragmentOffset } = upperLayer(ctx);
  return fragmentOffset > 0 ? 'fragment' : headerAt(ctx.skb, offset, length);
}

/** The same where the kernel takes no notice of fragments: in a later one, whatever lies where the header would be. */
export function blindHeader(ctx: MatchContext, length: number): number | 'short' | Unknown {
  return headerAt(ctx.skb, upperLayer(ctx).offset, length);
}

/** `length` bytes at an offset. */
export function headerAt(
  skb: Pick<Skb, 'bytes' | 'length'>,
  offset: number,
  length: number,
): number | 'short' | Unknown {
  if (offset < 0 || offset + length > skb.length) return 'short';
  return offset + length <= skb.bytes.length ? offset : cut(skb);
}

export interface UpperLayer {
  /** -1: the headers don't lead to one. */
  readonly protocol: number;
  readonly offset: number;
  /** In bytes; not 0 in later fragments. */
  readonly fragmentOffset: number;
  /** Set when the headers end before one: too short, or cut by the capture. */
  readonly problem?: 'short' | Unknown;
}

/**
 * Protocol and offset that `-p` and the transport matches see. In IPv6 the legacy backend skips Authentication Headers, nft
 * (IP6_FH_F_AUTH) stops at the first.
 */
export function upperLayer({ skb, backend }: Pick<MatchContext, 'skb' | 'backend'>): UpperLayer {
  if (skb.family === 4) {
    const { protocol, fragmentOffset } = skb;
    return { protocol, offset: (u8(skb.bytes, 0) & 15) * 4, fragmentOffset };
  }
  const first = u8(skb.bytes, 6);
  if (!isExtension(first)) return { protocol: first, offset: IPV6_LENGTH, fragmentOffset: 0 };
  const found = findHeader(skb, undefined, backend === 'nft');
  if (isFound(found)) return found;
  return found === 'absent'
    ? { protocol: -1, offset: -1, fragmentOffset: 0 }
    : { protocol: -1, offset: -1, fragmentOffset: 0, problem: found };
}

export function cut(skb: Pick<Skb, 'bytes' | 'length'>): Unknown {
  return unknown(
    `the capture has ${skb.bytes.length} of the packet's ${skb.length} bytes (capture with -s 0)`,
  );
}

/** An xt match whose header is missing drops the packet on the spot. */
export function hotdrop(ctx: MatchContext): false {
  ctx.hotdrop = true;
  return false;
}

/** The header for an xt match: false for later fragments, hotdrop for what is too short. */
export function upperOrDrop(ctx: MatchContext, length: number): number | false | Unknown {
  const at = upperHeader(ctx, length);
  if (at === 'fragment') return false;
  return at === 'short' ? hotdrop(ctx) : at;
}

/** Calls `test` with the header's offset; not matching when it isn't there, unknown when the capture cut it. */
export function withUpper(
  ctx: MatchContext,
  length: number,
  test: (offset: number) => boolean,
): boolean | Unknown {
  const at = upperOrDrop(ctx, length);
  return typeof at === 'number' ? test(at) : at;
}
