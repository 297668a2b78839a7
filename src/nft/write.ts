/** Statements that change the packet or its connection: nft_payload_set_eval(), nft_exthdr_tcp_set_eval(), nft_meta_set_eval(), nft_ct_set_eval(). */

import { viewOf } from '../base/bytes.ts';
import { fold, sumBytes, sumUint128 } from '../base/checksum.ts';
import { isUnknown, type Unknown, unknown } from '../base/ternary.ts';
import { Ipv4 } from '../header/ipv4.ts';
import { mendTransport, transportChecksum } from '../skb/checksum.ts';
import { refreshLayout } from '../skb/layout.ts';
import type { PacketType, Skb } from '../skb/skb.ts';
import type { NftContext } from './context.ts';
import { templateOf } from './ct.ts';
import type { Expression, Option, Payload } from './expression.ts';
import { optionAt } from './option-load.ts';
import { hasHeader, payloadAt, upperOf } from './payload.ts';
import type { SetTarget } from './statement.ts';
import { maskOfBits, readNumber, type Value } from './value.ts';

/** False: the packet hasn't the field, and the rule ends. */
export function write(ctx: NftContext, target: SetTarget, value: Value): boolean | Unknown {
  if (typeof value !== 'bigint') return unknown('a value that is no number');
  switch (target.kind) {
    case 'payload':
      return writePayload(ctx, target, value);
    case 'option':
      return writeOption(ctx, target, value);
    case 'meta':
      return writeMeta(ctx, target.key, value);
    case 'ct':
      return writeCt(ctx, target, value);
    case 'exthdr':
      return unknown('extension headers that rules change are not modelled');
    case 'unknown':
      return unknown(target.why);
  }
}

function writePayload(ctx: NftContext, payload: Payload, value: bigint): boolean | Unknown {
  const { skb } = ctx;
  if (payload.header) {
    const holds = hasHeader(ctx, payload.header.protocol);
    if (holds !== true) return holds;
  }
  if (payload.base === 'll') return writeLinkLayer(skb, payload, value);
  if (payload.base !== 'nh' && skb.fragmentOffset > 0) return false;
  const at = payloadAt(ctx, payload);
  if (at === undefined) return false;
  if (isUnknown(at)) return at;
  const lead = payload.offset & 7;
  const length = Math.ceil((lead + payload.bits) / 8);
  const shift = BigInt(length * 8 - lead - payload.bits);
  const mask = maskOfBits(payload.bits) << shift;
  const old = readNumber(skb.bytes, at, length);
  const next = (old & ~mask) | ((value << shift) & mask);
  const header = payload.header?.protocol;
  const state = transportChecksum(skb);
  // Words of the packet, as they count for a checksum that begins at an even place.
  const [start, end] = [at & ~1, (at + length + 1) & ~1];
  const view = viewOf(skb.bytes);
  const before = sumWords(skb, start, end);
  for (let i = 0; i < length; i++) {
    skb.bytes[at + i] = Number((next >> BigInt(8 * (length - 1 - i))) & 0xffn);
  }
  const after = sumWords(skb, start, end);
  if (header === 'ip') {
    new Ipv4(view, 0).sealChecksum();
    if (isAddress(payload)) mendTransport(skb, state, before, after, true);
    refreshLayout(skb);
  } else if (header === 'ip6') {
    if (isAddress(payload)) mendTransport(skb, state, before, after, true);
    refreshLayout(skb);
  } else if (
    payload.base === 'th' &&
    header !== undefined &&
    header !== 'th' &&
    payload.header?.field !== 'checksum'
  ) {
    if (fold(before) !== fold(after)) mendTransport(skb, state, before, after, false);
  }
  return true;
}

function sumWords(skb: Skb, start: number, end: number): number {
  const last = Math.min(end, skb.bytes.length);
  return sumBytes(viewOf(skb.bytes), start, last - start);
}

function isAddress({ header }: Payload): boolean {
  return header?.field === 'saddr' || header?.field === 'daddr';
}

function writeLinkLayer(skb: Skb, { header }: Payload, value: bigint): boolean | Unknown {
  if (header?.protocol !== 'ether') return unknown('a change of the link-layer header that is not modelled');
  if (header.field === 'saddr') skb.etherSource = Number(value);
  else if (header.field === 'daddr') skb.etherDestination = Number(value);
  else return unknown('a change of the frame’s type');
  return true;
}

/** A segment size is only made smaller. Without the option the rule goes on; without a TCP header it ends. */
function writeOption(ctx: NftContext, option: Option, value: bigint): boolean | Unknown {
  if (option.header !== 'tcp') return unknown('options of that protocol that rules change are not modelled');
  const { skb } = ctx;
  const upper = upperOf(ctx);
  if (upper.protocol !== 6 || upper.fragmentOffset > 0 || skb.transport < 0) return false;
  const place = optionAt(ctx, option);
  if (place === undefined) return true;
  if ('why' in place) return place;
  const length = Math.ceil(option.bits / 8);
  const first = option.offset >> 3;
  if (first + length > place.length) return false;
  const at = place.at + first;
  const old = readNumber(skb.bytes, at, length);
  const next = value & maskOfBits(option.bits);
  if (option.number === MAXSEG && old <= next) return true;
  if (old !== next) {
    // Taken for whole words of the checksum, at an odd offset too.
    const state = transportChecksum(skb);
    for (let i = 0; i < length; i++)
      skb.bytes[at + i] = Number((next >> BigInt(8 * (length - 1 - i))) & 0xffn);
    mendTransport(skb, state, sumUint128(old), sumUint128(next), false);
  }
  return true;
}

const MAXSEG = 2;
const NOP = 1;

/** `reset tcp option`: nft_exthdr_tcp_strip_eval(). */
export function resetOption(ctx: NftContext, option: Option): boolean | Unknown {
  const place = optionAt(ctx, option);
  if (place === undefined) return true;
  if ('why' in place) return place;
  overwrite(ctx.skb, place.at, place.length, () => NOP);
  return true;
}

function overwrite(skb: Skb, at: number, length: number, byte: (index: number) => number): void {
  const state = transportChecksum(skb);
  const [start, end] = [at & ~1, (at + length + 1) & ~1];
  const before = sumWords(skb, start, end);
  for (let i = 0; i < length; i++) skb.bytes[at + i] = byte(i);
  mendTransport(skb, state, before, sumWords(skb, start, end), false);
}

const PACKET_TYPES: readonly PacketType[] = ['host', 'broadcast', 'multicast', 'otherhost'];

function writeMeta({ skb }: NftContext, key: string, value: bigint): boolean | Unknown {
  switch (key) {
    case 'mark':
      skb.mark = Number(value & 0xffffffffn);
      return true;
    case 'priority':
      skb.priority = Number(value & 0xffffffffn);
      return true;
    case 'pkttype': {
      const type = PACKET_TYPES[Number(value)];
      if (type !== undefined && PACKET_TYPES.includes(skb.packetType)) skb.packetType = type;
      return true;
    }
    case 'nftrace':
    case 'secmark':
      return true;
    default:
      return unknown(`meta ${key} set, which is not modelled`);
  }
}

/** Without a connection nothing happens. A zone is for the connection that conntrack is about to look for. */
function writeCt(
  { skb }: NftContext,
  { key, direction }: Extract<Expression, { kind: 'ct' }>,
  value: bigint,
): boolean | Unknown {
  const entry = skb.conntrack?.entry;
  switch (key) {
    case 'zone':
      // nft_ct_set_zone_eval() asks for nothing but whether there is a connection: what was UNTRACKED is so no longer.
      if (!entry && !templateOf(skb.conntrack)) {
        const zone = { id: Number(value & 0xffffn), direction: direction ?? ('both' as const) };
        skb.conntrack = { state: 'NEW', direction: 'original', template: { zone } };
      }
      return true;
    case 'mark':
      if (entry) entry.mark = Number(value & 0xffffffffn);
      return true;
    case 'label':
      if (entry) for (let bit = 0; bit < 128; bit++) if ((value >> BigInt(bit)) & 1n) entry.labels.add(bit);
      return true;
    case 'event':
    case 'secmark':
      return true;
    default:
      return unknown(`ct ${key} set, which is not modelled`);
  }
}
