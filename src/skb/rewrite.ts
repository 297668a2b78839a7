/**
 * Changing a packet the way the kernel does: nf_nat_ipv4_manip_pkt() / nf_nat_ipv6_manip_pkt() and l4proto_manip_pkt()
 * (net/netfilter/nf_nat_proto.c), ip_decrease_ttl(), ipv4_change_dsfield(), xt_TCPMSS. Checksums follow incrementally.
 */
import { viewOf } from '../base/bytes.ts';
import { sumAddress } from '../base/checksum.ts';
import { isIcmpQuery } from '../header/icmp.ts';
import { isIcmpv6Query } from '../header/icmpv6.ts';
import { Ipv4 } from '../header/ipv4.ts';
import { Ipv6 } from '../header/ipv6.ts';
import { TCPOPT, Tcp } from '../header/tcp.ts';
import type { Ip } from '../net/ip.ts';
import { hasPorts, PROTOCOL } from '../net/protocol.ts';
import { mendField, mendTransport, sealTransport, transportChecksum } from './checksum.ts';
import { refreshLayout } from './layout.ts';
import type { Skb } from './skb.ts';

export function setSource(skb: Skb, address: Ip): void {
  setAddress(skb, 'source', address);
}

export function setDestination(skb: Skb, address: Ip): void {
  setAddress(skb, 'destination', address);
}

function setAddress(skb: Skb, side: 'source' | 'destination', address: Ip): void {
  const view = viewOf(skb.bytes);
  const state = transportChecksum(skb);
  if (skb.family === 4 && typeof address === 'number') {
    const ip = new Ipv4(view, 0);
    const before = ip[side];
    ip[side] = address;
    mendTransport(skb, state, sumAddress(before), sumAddress(address), true);
  } else if (skb.family === 6 && typeof address === 'bigint') {
    const ip = new Ipv6(view, 0);
    const before = ip[side];
    ip[side] = address;
    mendTransport(skb, state, sumAddress(before), sumAddress(address), true);
  } else {
    throw new Error(`an address of the other family for an IPv${skb.family} packet`);
  }
}

/** Ports of TCP, UDP, UDP-Lite, DCCP and SCTP. Nothing happens where the packet has none to change. */
export function setPorts(
  skb: Skb,
  ports: { readonly source?: number | undefined; readonly destination?: number | undefined },
): void {
  if (skb.transport < 0 || !hasPorts(skb.protocol)) return;
  if (ports.source !== undefined) setWord(skb, skb.transport, ports.source);
  if (ports.destination !== undefined) setWord(skb, skb.transport + 2, ports.destination);
}

/** Id of an ICMP or ICMPv6 query: what NAT changes in place of a port. */
export function setIcmpId(skb: Skb, id: number): void {
  if (skb.transport < 0) return;
  const type = skb.bytes[skb.transport] ?? 0;
  const query =
    (skb.protocol === PROTOCOL.icmp && isIcmpQuery(type)) ||
    (skb.protocol === PROTOCOL['ipv6-icmp'] && isIcmpv6Query(type));
  if (query) setWord(skb, skb.transport + 4, id);
}

function setWord(skb: Skb, at: number, value: number): void {
  const view = viewOf(skb.bytes);
  const state = transportChecksum(skb);
  const before = view.getUint16(at);
  view.setUint16(at, value);
  mendTransport(skb, state, before, value, false);
}

/**
 * Two bytes of the TCP header that begins at `tcp`, with the checksum that is there mended (inet_proto_csum_replace2()). At an odd offset
 * they are halves of two of the checksum's words; the kernel takes no notice, and the checksum becomes wrong. Targets that
 * take no notice of fragments change later ones too, where all of this is other bytes.
 */
export function setTcpWord(skb: Skb, tcp: number, offset: number, value: number): void {
  const view = viewOf(skb.bytes);
  const state = skb.transport === tcp ? transportChecksum(skb) : 'unchecked';
  const before = view.getUint16(tcp + offset);
  if (before === value) return;
  view.setUint16(tcp + offset, value);
  if (state !== 'partial') mendField(view, tcp + TCP_CHECKSUM, before, value);
}

const TCP_CHECKSUM = 16;

/** TTL or hop limit. */
export function setTtl(skb: Skb, ttl: number): void {
  if (skb.family === 4) new Ipv4(viewOf(skb.bytes), 0).ttl = ttl;
  else new Ipv6(viewOf(skb.bytes), 0).hopLimit = ttl;
}

/** TOS octet or traffic class, DSCP and ECN together. */
export function setTos(skb: Skb, tos: number): void {
  if (skb.family === 4) new Ipv4(viewOf(skb.bytes), 0).tos = tos;
  else new Ipv6(viewOf(skb.bytes), 0).trafficClass = tos;
}

/** Maximum segment size announced by a TCP packet; undefined without the option. */
export function tcpMss(skb: Skb): number | undefined {
  return wholeTcp(skb)?.mss;
}

/**
 * tcpmss_mangle_packet(), net/netfilter/xt_TCPMSS.c: the option in front of all others, the packet four bytes longer; nothing
 * happens where the header has no room for it.
 */
export function addTcpMss(skb: Skb, mss: number): void {
  const tcp = wholeTcp(skb);
  if (!tcp || tcp.headerLength > 56) return;
  const state = transportChecksum(skb);
  const at = skb.transport + 20;
  const bytes = new Uint8Array(skb.bytes.length + 4);
  bytes.set(skb.bytes.subarray(0, at));
  bytes.set([TCPOPT.mss, 4, mss >> 8, mss & 0xff], at);
  bytes.set(skb.bytes.subarray(at), at + 4);
  const view = viewOf(bytes);
  const longer = new Tcp(view, skb.transport);
  const before = view.getUint16(skb.transport + 12);
  view.setUint16(skb.transport + 12, before + 0x1000);
  skb.bytes = bytes;
  if (skb.family === 4) new Ipv4(view, 0).totalLength = skb.length + 4;
  else new Ipv6(view, 0).payloadLength = skb.length + 4 - 40;
  // The words behind move by an even number of bytes: the sum gains the option, the offset's step and the length's.
  mendTransport(skb, state, skb.length - skb.transport, skb.length + 4 - skb.transport, true);
  mendTransport(skb, state, before, view.getUint16(longer.offset + 12) + (TCPOPT.mss << 8) + 4 + mss, false);
  refreshLayout(skb);
}

function wholeTcp(skb: Skb): Tcp | undefined {
  if (skb.protocol !== PROTOCOL.tcp || skb.transport < 0) return undefined;
  const tcp = new Tcp(viewOf(skb.bytes), skb.transport);
  return tcp.check(skb.bytes.length) ? undefined : tcp;
}

/** Writes checksums as they ought to be, IP header and transport; for packets made or changed at large. */
export function sealChecksums(skb: Skb): void {
  if (skb.family === 4) new Ipv4(viewOf(skb.bytes), 0).sealChecksum();
  sealTransport(skb);
}
