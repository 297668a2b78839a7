/** net/netfilter/nft_exthdr.c: IPv6 extension headers, options of TCP and IPv4, SCTP chunks. */
import type { Unknown } from '../base/ternary.ts';
import { findHeader, isFound } from '../xtables/ipv6.ts';
import { headerAt, u8, u16 } from '../xtables/packet.ts';
import type { NftContext } from './context.ts';
import type { ExtensionHeader, Option } from './expression.ts';
import { upperOf } from './payload.ts';
import { type Loaded, maskOfBits, readNumber } from './value.ts';

export function loadExtension(ctx: NftContext, header: ExtensionHeader): Loaded {
  if (header.header === 'sctp') return loadFrom(ctx, header, chunkAt(ctx, header.number));
  const { skb } = ctx;
  if (skb.family !== 6) return undefined;
  const found = findHeader(skb, header.number);
  if (isFound(found)) return loadFrom(ctx, header, { at: found.offset, length: Number.POSITIVE_INFINITY });
  return typeof found === 'object' ? found : loadFrom(ctx, header, undefined);
}

export function loadOption(ctx: NftContext, option: Option): Loaded {
  const place = optionAt(ctx, option);
  if (option.header === 'ip' && ctx.skb.family !== 4) return undefined;
  return loadFrom(ctx, option, place);
}

interface Place {
  readonly at: number;
  readonly length: number;
}

/** Without a field: whether it is there. */
function loadFrom(
  ctx: NftContext,
  { offset, bits, field }: Pick<Option, 'offset' | 'bits'> & { readonly field?: string },
  place: Place | Unknown | undefined,
): Loaded {
  if (place !== undefined && 'why' in place) return place;
  if (field === undefined) return place ? 1n : 0n;
  if (!place) return undefined;
  const lead = offset & 7;
  const length = Math.ceil((lead + bits) / 8);
  if ((offset >> 3) + length > place.length) return undefined;
  const at = headerAt(ctx.skb, place.at + (offset >> 3), length);
  if (typeof at !== 'number') return at === 'short' ? undefined : at;
  const value = readNumber(ctx.skb.bytes, at, length);
  return (value >> BigInt(length * 8 - lead - bits)) & maskOfBits(bits);
}

export function optionAt(ctx: NftContext, option: Option): Place | Unknown | undefined {
  switch (option.header) {
    case 'tcp':
      return tcpOptionAt(ctx, option.number);
    case 'ip':
      return ipOptionAt(ctx, option.number);
    case 'dccp':
      return dccpOptionAt(ctx, option.number);
  }
}

/** nft_exthdr_tcp_eval(): options of one byte are END and NOP, and what claims to have no length. */
function tcpOptionAt(ctx: NftContext, number: number): Place | Unknown | undefined {
  const upper = upperOf(ctx);
  if (upper.protocol !== 6 || upper.fragmentOffset > 0) return undefined;
  const { skb } = ctx;
  const start = headerAt(skb, upper.offset, 20);
  if (typeof start !== 'number') return start === 'short' ? undefined : start;
  const whole = (u8(skb.bytes, start + 12) >> 4) * 4;
  const all = headerAt(skb, start, whole);
  if (typeof all !== 'number') return all === 'short' ? undefined : all;
  for (let i = 20; i < whole - 1; ) {
    const kind = u8(skb.bytes, start + i);
    const said = u8(skb.bytes, start + i + 1);
    const length = kind <= 1 || said === 0 ? 1 : said;
    if (kind === number) return i + length > whole ? undefined : { at: start + i, length };
    i += length;
  }
  return undefined;
}

/** ipv4_find_option(): a header with a bad option has none. */
function ipOptionAt({ skb }: NftContext, number: number): Place | Unknown | undefined {
  if (skb.family !== 4) return undefined;
  const end = (u8(skb.bytes, 0) & 15) * 4;
  let found: Place | undefined;
  for (let i = 20; i < end; ) {
    const kind = u8(skb.bytes, i);
    if (kind === 0) break;
    if (kind === 1) {
      i++;
      continue;
    }
    const length = u8(skb.bytes, i + 1);
    if (length < 2 || i + length > end) return undefined;
    if (kind === number) found ??= { at: i, length };
    i += length;
  }
  return found;
}

function dccpOptionAt(ctx: NftContext, number: number): Place | Unknown | undefined {
  const upper = upperOf(ctx);
  if (upper.protocol !== 33 || upper.fragmentOffset > 0) return undefined;
  const { skb } = ctx;
  const start = headerAt(skb, upper.offset, 12);
  if (typeof start !== 'number') return start === 'short' ? undefined : start;
  const end = u8(skb.bytes, start + 4) * 4;
  const all = headerAt(skb, start, end);
  if (typeof all !== 'number') return all === 'short' ? undefined : all;
  const type = (u8(skb.bytes, start + 8) >> 1) & 15;
  const extended = (u8(skb.bytes, start + 8) & 1) === 1;
  const fixed = (extended ? 16 : 12) + (DCCP_FIXED[type] ?? 0);
  for (let i = fixed; i < end; ) {
    const kind = u8(skb.bytes, start + i);
    const length = kind < 32 ? 1 : u8(skb.bytes, start + i + 1);
    if (length === 0) return undefined;
    if (kind === number) return i + length > end ? undefined : { at: start + i, length };
    i += length;
  }
  return undefined;
}

/** What stands between the generic header and the options, by packet type (RFC 4340, 5). */
const DCCP_FIXED: readonly number[] = [4, 8, 0, 8, 8, 8, 8, 12, 8, 8];

/** nft_exthdr_sctp_eval() */
function chunkAt(ctx: NftContext, number: number): Place | Unknown | undefined {
  const upper = upperOf(ctx);
  if (upper.protocol !== 132) return undefined;
  const { skb } = ctx;
  for (let at = upper.offset + 12; at < skb.length; ) {
    const header = headerAt(skb, at, 4);
    if (typeof header !== 'number') return header === 'short' ? undefined : header;
    const length = u16(skb.bytes, header + 2);
    if (length === 0) return undefined;
    if (u8(skb.bytes, header) === number) return { at: header, length: Number.POSITIVE_INFINITY };
    at += (length + 3) & ~3;
  }
  return undefined;
}
