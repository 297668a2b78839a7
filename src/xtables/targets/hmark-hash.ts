/** hmark_hash() and what is hashed: hmark_pkt_set_htuple_ipv4(), hmark_pkt_set_htuple_ipv6(), hmark_ct_set_htuple(), xt_HMARK.c */
import { jhash, scaleHash } from '../../base/jhash.ts';
import { isUnknown, type Unknown } from '../../base/ternary.ts';
import { IPV6_LENGTH } from '../../header/ipv6.ts';
import type { Ip } from '../../net/ip.ts';
import { maskOf } from '../../net/prefix.ts';
import type { Skb } from '../../skb/skb.ts';
import { EXTENSION, findHeader, isFound } from '../ipv6.ts';
import { destinationOf, headerAt, sourceOf, u8, u16 } from '../packet.ts';
import { portsOffset } from '../ports-offset.ts';
import type { HmarkInfo } from './HMARK.ts';

interface HashTuple {
  readonly source: number;
  readonly destination: number;
  /** Both halves, the greater first. */
  readonly ports: number;
  readonly protocol: number;
}

const NOTHING: HashTuple = { source: 0, destination: 0, ports: 0, protocol: 0 };
const [ICMP, ICMPV6] = [1, 58];
const ICMP_LENGTH = 8;
/** ICMP types that quote a packet; of ICMPv6 all below 128 but 0. */
const ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);

/** The mark; undefined when the packet keeps the one it has. */
export function hmarkOf(info: HmarkInfo, skb: Skb): number | undefined | Unknown {
  const tuple = info.connection
    ? connectionTuple(info, skb)
    : skb.family === 4
      ? packetTuple4(info, skb)
      : packetTuple6(info, skb);
  if (tuple === undefined || isUnknown(tuple)) return tuple;
  const [low, high] =
    tuple.destination < tuple.source ? [tuple.destination, tuple.source] : [tuple.source, tuple.destination];
  const hash = jhash([low, high, tuple.ports], info.fields['hmark-rnd'] ?? 0);
  const mixed = (hash ^ (tuple.protocol & (info.fields['hmark-proto-mask'] ?? 0))) >>> 0;
  return (scaleHash(mixed, info.modulus) + (info.offset ?? 0)) >>> 0;
}

function connectionTuple(info: HmarkInfo, { conntrack }: Skb): HashTuple | undefined {
  const entry = conntrack?.entry;
  if (!entry) return undefined;
  const { original, reply } = entry;
  return {
    source: addressWord(info, original.source, 'hmark-src-prefix'),
    destination: addressWord(info, reply.source, 'hmark-dst-prefix'),
    ports: original.protocol === ICMP ? 0 : portsWord(info, original.sourcePort, reply.sourcePort),
    protocol: original.protocol,
  };
}

/** Of an ICMP error, the packet that it quotes. */
function packetTuple4(info: HmarkInfo, skb: Skb): HashTuple | undefined | Unknown {
  let from = 0;
  const header = (u8(skb.bytes, 0) & 15) * 4;
  if (u8(skb.bytes, 9) === ICMP) {
    const icmp = headerAt(skb, header, ICMP_LENGTH);
    if (isUnknown(icmp)) return icmp;
    if (icmp !== 'short' && ERRORS.has(u8(skb.bytes, icmp))) {
      from = header + ICMP_LENGTH;
      const quoted = headerAt(skb, from, 20);
      if (quoted === 'short') return undefined;
      if (isUnknown(quoted)) return quoted;
    }
  }
  const ip = from === 0 ? skb : within(skb, from);
  const protocol = u8(ip.bytes, 9);
  const isFragment = (u16(ip.bytes, 6) & 0x3fff) !== 0;
  const ports = isFragment || protocol === ICMP ? 0 : portsAt(info, ip, (u8(ip.bytes, 0) & 15) * 4, protocol);
  return typeof ports === 'number' ? { ...addresses(info, ip), ports, protocol } : ports;
}

function packetTuple6(info: HmarkInfo, skb: Skb): HashTuple | undefined | Unknown {
  let ip = skb;
  let upper = findHeader(skb, undefined, true);
  if (upper === 'absent' || upper === 'short') return NOTHING;
  if (isUnknown(upper)) return upper;
  if (upper.protocol === ICMPV6 && !isFragment6(ip)) {
    const icmp = headerAt(skb, upper.offset, ICMP_LENGTH);
    if (isUnknown(icmp)) return icmp;
    const type = icmp === 'short' ? 0 : u8(skb.bytes, icmp);
    if (type > 0 && type < 128) {
      const from = upper.offset + ICMP_LENGTH;
      const quoted = headerAt(skb, from, IPV6_LENGTH);
      if (quoted === 'short') return undefined;
      if (isUnknown(quoted)) return quoted;
      ip = within(skb, from);
      upper = u8(ip.bytes, 0) >> 4 === 6 ? findHeader(ip, undefined, true) : 'short';
      if (isUnknown(upper)) return upper;
      if (!isFound(upper)) return undefined;
    }
  }
  const { protocol, offset } = upper;
  const none = protocol === ICMPV6 || isFragment6(ip);
  const ports = none ? 0 : portsAt(info, ip, offset, protocol);
  return typeof ports === 'number' ? { ...addresses(info, ip), ports, protocol } : ports;
}

function isFragment6(ip: Skb): boolean {
  return isFound(findHeader(ip, EXTENSION.fragment));
}

/** The quoted packet as one of its own. */
function within(skb: Skb, from: number): Skb {
  return { ...skb, bytes: skb.bytes.subarray(from), length: skb.length - from };
}

function addresses(info: HmarkInfo, ip: Skb): Pick<HashTuple, 'source' | 'destination'> {
  return {
    source: addressWord(info, sourceOf(ip), 'hmark-src-prefix'),
    destination: addressWord(info, destinationOf(ip), 'hmark-dst-prefix'),
  };
}

/** IPv6 addresses are folded to a word. */
function addressWord(info: HmarkInfo, ip: Ip, field: 'hmark-src-prefix' | 'hmark-dst-prefix'): number {
  const length = info.fields[field] ?? 0;
  if (typeof ip === 'number') return (ip & Number(maskOf(4, length))) >>> 0;
  const masked = ip & BigInt(maskOf(6, length));
  const words = [96n, 64n, 32n, 0n].map((shift) => Number((masked >> shift) & 0xffffffffn));
  return words.reduce((all, word) => all ^ word, 0) >>> 0;
}

function portsAt(info: HmarkInfo, ip: Skb, offset: number, protocol: number): number | Unknown {
  const skip = portsOffset(protocol);
  if (skip === undefined) return 0;
  const at = headerAt(ip, offset + skip, 4);
  if (at === 'short') return 0;
  return isUnknown(at) ? at : portsWord(info, u16(ip.bytes, at), u16(ip.bytes, at + 2));
}

/** hmark_swap_ports(): masked, set, and in the order of their size, so that both directions hash alike. */
function portsWord({ fields }: HmarkInfo, source: number, destination: number): number {
  const spiMask = fields['hmark-spi-mask'] ?? 0;
  const spi = fields['hmark-spi'] ?? 0;
  const first =
    (source & ((fields['hmark-sport-mask'] ?? 0) | (spiMask >>> 16))) |
    ((fields['hmark-sport'] ?? 0) | (spi >>> 16));
  const second =
    (destination & ((fields['hmark-dport-mask'] ?? 0) | (spiMask & 0xffff))) |
    ((fields['hmark-dport'] ?? 0) | (spi & 0xffff));
  return second > first ? second * 65536 + first : first * 65536 + second;
}
