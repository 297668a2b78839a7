/** nft_payload_eval() and nft_payload_fast_eval(), net/netfilter/nft_payload.c, with the protocols that nft(8) asks for first. */

import { isUnknown, type Ternary, type Unknown, unknown } from '../base/ternary.ts';
import { wordTable } from '../base/word-table.ts';
import { headerAt, type UpperLayer, u8, unsaidHeader, upperLayer } from '../xtables/packet.ts';
import { currentDevice, type NftContext } from './context.ts';
import type { Payload } from './expression.ts';
import { type Loaded, maskOfBits, readNumber } from './value.ts';

/** Of headers that only one upper-layer protocol has. */
const PROTOCOLS = wordTable<number>({
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  dccp: 33,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  comp: 108,
  sctp: 132,
  udplite: 136,
});

/** Protocol and offset as nft_set_pktinfo_ipv4() and nft_set_pktinfo_ipv6() find them; protocol -1: none. */
export function upperOf(ctx: NftContext): UpperLayer {
  return upperLayer({ skb: ctx.skb, backend: 'nft' });
}

/** Is the packet of the protocols that the named header stands in? nft puts these tests before the payload itself. */
export function hasHeader(ctx: NftContext, header: string): Ternary {
  const { skb } = ctx;
  switch (header) {
    case 'ip':
      return skb.family === 4;
    case 'ip6':
      return skb.family === 6;
    case 'ether':
      return isEthernet(ctx);
    case 'vlan':
      return skb.vlans.length > 0;
    case 'arp':
      return false;
  }
  const protocol = PROTOCOLS[header];
  if (protocol === undefined) return true;
  if (header === 'icmp' && skb.family !== 4) return false;
  if (header === 'igmp' && skb.family !== 4) return false;
  if (header === 'icmpv6' && skb.family !== 6) return false;
  const upper = upperOf(ctx);
  if (upper.protocol < 0) return isUnknown(upper.problem) ? upper.problem : false;
  return upper.protocol === protocol;
}

/** `meta iiftype ether` (skb->dev), which bridge tables don't need. */
function isEthernet(ctx: NftContext): Ternary {
  if (ctx.pf === 'bridge') return true;
  const name = currentDevice(ctx);
  if (name === undefined) return false;
  const { type } = ctx.namespace.device(name);
  return isUnknown(type) ? type : type === 1;
}

export function loadPayload(ctx: NftContext, payload: Payload): Loaded {
  if (payload.header) {
    const holds = hasHeader(ctx, payload.header.protocol);
    if (holds !== true) return holds === false ? undefined : holds;
  }
  if (payload.base === 'll') return loadLinkLayer(ctx, payload);
  const at = payloadAt(ctx, payload);
  return typeof at === 'number' ? bitsAt(ctx.skb.bytes, at, payload) : at;
}

/** Offset of the field's first byte in the packet. */
export function payloadAt(ctx: NftContext, payload: Payload): number | Unknown | undefined {
  const first = payload.offset >> 3;
  const length = Math.ceil(((payload.offset & 7) + payload.bits) / 8);
  const unsaid = payload.base === 'nh' && isMadeUp(ctx.skb.family, first) && unsaidHeader(ctx.skb);
  if (unsaid) return unsaid;
  const base = baseOf(ctx, payload.base, isFast(first, length));
  if (typeof base !== 'number') return base;
  const at = headerAt(ctx.skb, base + first, length);
  return at === 'short' ? undefined : at;
}

/** TOS, identification, flags, TTL and checksum; traffic class, flow label and hop limit. */
function isMadeUp(family: number, first: number): boolean {
  return family === 4 ? first === 1 || (first >= 4 && first < 12 && first !== 9) : first < 4 || first === 7;
}

/** nft_payload_fast_ops: one aligned load of up to four bytes, which takes no notice of fragments. */
function isFast(offset: number, length: number): boolean {
  return (length === 1 || length === 2 || length === 4) && offset % length === 0;
}

function baseOf(ctx: NftContext, base: Payload['base'], fast: boolean): number | Unknown | undefined {
  if (base === 'nh') return 0;
  const upper = upperOf(ctx);
  if (upper.protocol < 0) return isUnknown(upper.problem) ? upper.problem : undefined;
  if (base === 'th') return upper.fragmentOffset > 0 && !fast ? undefined : upper.offset;
  return upper.fragmentOffset > 0 ? undefined : innerOffset(ctx, upper);
}

/** nft_payload_inner_offset(): behind the transport header, of TCP, UDP and GRE without options. */
function innerOffset({ skb }: NftContext, upper: UpperLayer): number | Unknown | undefined {
  const { offset, protocol } = upper;
  if (protocol === 17) return offset + 8;
  if (protocol === 6) {
    const at = headerAt(skb, offset, 20);
    return typeof at === 'number'
      ? offset + (u8(skb.bytes, at + 12) >> 4) * 4
      : at === 'short'
        ? undefined
        : at;
  }
  if (protocol === 4 || protocol === 41) return offset;
  if (protocol !== 47) return undefined;
  const at = headerAt(skb, offset, 4);
  if (typeof at !== 'number') return at === 'short' ? undefined : at;
  const flags = u8(skb.bytes, at);
  return offset + 4 + (flags & 0x80 ? 4 : 0) + (flags & 0x20 ? 4 : 0) + (flags & 0x10 ? 4 : 0);
}

function bitsAt(bytes: Uint8Array, at: number, { offset, bits }: Payload): bigint {
  const lead = offset & 7;
  const length = Math.ceil((lead + bits) / 8);
  return (readNumber(bytes, at, length) >> BigInt(length * 8 - lead - bits)) & maskOfBits(bits);
}

/** The frame's header is no part of the packet in the model: made again of its addresses, type and tags. */
function loadLinkLayer({ skb, pf, hook }: NftContext, payload: Payload): Loaded {
  const sent = skb.local && (hook === 'output' || hook === 'postrouting') && pf !== 'bridge';
  if (sent || skb.etherSource === undefined || skb.etherDestination === undefined) {
    return sent ? undefined : unknown('the frame’s link-layer header (a capture without one)');
  }
  const type = BigInt(skb.family === 4 ? 0x0800 : 0x86dd);
  const addresses = (BigInt(skb.etherDestination) << 48n) | BigInt(skb.etherSource);
  const [tag] = skb.vlans;
  const total = tag === undefined ? 14 : 18;
  const header =
    tag === undefined
      ? (addresses << 16n) | type
      : (addresses << 48n) | (0x8100n << 32n) | (BigInt(tag) << 16n) | type;
  const shift = total * 8 - payload.offset - payload.bits;
  return shift < 0 ? undefined : (header >> BigInt(shift)) & maskOfBits(payload.bits);
}
