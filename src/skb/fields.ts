import { isIcmpQuery } from '../header/icmp.ts';
import { isIcmpv6Query } from '../header/icmpv6.ts';
import type { Network } from '../header/network.ts';
import { type Family, formatIp, type Ip } from '../net/ip.ts';
import { hasPorts, PROTOCOL, protocolName } from '../net/protocol.ts';
import { networkOfBytes } from './layout.ts';
import type { Skb } from './skb.ts';

/** What rules and routes ask of a packet, read from its bytes as they are now. */
export interface SkbFields {
  family: Family;
  source: Ip;
  destination: Ip;
  protocol: number;
  ttl: number;
  tos: number;
  /** Absent where the protocol has none, or the transport header can't be read. */
  sourcePort?: number;
  destinationPort?: number;
  /** ICMP and ICMPv6. */
  icmpType?: number;
  icmpCode?: number;
  icmpId?: number;
  tcpFlags?: number;
  /** Call id of PPTP's GRE (version 1, RFC 2637); -1 for a version 1 that carries something else than PPP. */
  greKey?: number;
}

const GRE_PPP = 0x880b;

/** RFC 4620: conntrack takes the word of the id there too. */
function isNodeInformation(type: number): boolean {
  return type === 139 || type === 140;
}

export function fieldsOf(skb: Skb): SkbFields {
  const { bytes } = skb;
  const first = bytes[0] ?? 0;
  const isPlain4 = first >> 4 === 4 && first >= 0x45 && bytes.length >= (first & 15) * 4;
  if (isPlain4) {
    const fields: SkbFields = {
      family: 4,
      source: u32(bytes, 12),
      destination: u32(bytes, 16),
      protocol: bytes[9] as number,
      ttl: bytes[8] as number,
      tos: bytes[1] as number,
    };
    return withTransport(fields, bytes, skb.transport);
  }
  const network = networkOfBytes(bytes);
  if (!network) throw new Error('an skb without an IP header');
  return fieldsAt(skb.bytes, network, skb.transport);
}

/** Fields of the packet whose IP header was read as `network`; `transport` -1 leaves the upper layer out. */
export function fieldsAt(bytes: Uint8Array, network: Network, transport: number): SkbFields {
  const { family, source, destination, protocol, ttl, tos } = network;
  const fields: SkbFields = { family, source, destination, protocol, ttl, tos };
  return withTransport(fields, bytes, transport);
}

/** Bytes are read one by one: a view of them for so few would cost more than all of them. */
function withTransport(fields: SkbFields, bytes: Uint8Array, transport: number): SkbFields {
  const { protocol } = fields;
  // An ICMP error may quote no more than the ports.
  if (transport < 0 || transport + (hasPorts(protocol) ? 4 : 8) > bytes.length) return fields;
  if (hasPorts(protocol)) {
    fields.sourcePort = u16(bytes, transport);
    fields.destinationPort = u16(bytes, transport + 2);
    if (protocol === PROTOCOL.tcp && transport + 14 <= bytes.length) {
      fields.tcpFlags = u16(bytes, transport + 12) & 0x1ff;
    }
  } else if (protocol === PROTOCOL.gre) {
    const end = bytes.length - transport;
    if (end >= 8 && (u8(bytes, transport + 1) & 7) === 1) {
      fields.greKey = u16(bytes, transport + 2) === GRE_PPP ? u16(bytes, transport + 6) : -1;
    }
  } else if (protocol === PROTOCOL.icmp || protocol === PROTOCOL['ipv6-icmp']) {
    const type = u8(bytes, transport);
    fields.icmpType = type;
    fields.icmpCode = u8(bytes, transport + 1);
    if (protocol === PROTOCOL.icmp ? isIcmpQuery(type) : isIcmpv6Query(type) || isNodeInformation(type)) {
      fields.icmpId = u16(bytes, transport + 4);
    }
  }
  return fields;
}

function u8(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

function u16(bytes: Uint8Array, at: number): number {
  return (u8(bytes, at) << 8) | u8(bytes, at + 1);
}

function u32(bytes: Uint8Array, at: number): number {
  return ((u16(bytes, at) << 16) | u16(bytes, at + 2)) >>> 0;
}

/** The same as text for outputs, in the shape of netstack's Header. */
export interface HeaderText {
  family: Family;
  source: string;
  destination: string;
  protocol: string | number;
  sourcePort?: number;
  destinationPort?: number;
  icmpType?: number;
  icmpCode?: number;
  icmpId?: number;
  ttl: number;
  tos: number;
  mark?: number;
}

export function headerOf(skb: Skb): HeaderText {
  const fields = fieldsOf(skb);
  const name = protocolName(fields.protocol);
  const { family, ttl, tos, sourcePort, destinationPort, icmpType, icmpCode, icmpId } = fields;
  const header: Partial<HeaderText> = { family, ttl, tos };
  if (sourcePort !== undefined) header.sourcePort = sourcePort;
  if (destinationPort !== undefined) header.destinationPort = destinationPort;
  if (icmpType !== undefined) header.icmpType = icmpType;
  if (icmpCode !== undefined) header.icmpCode = icmpCode;
  if (icmpId !== undefined) header.icmpId = icmpId;
  header.source = formatIp(fields.source);
  header.destination = formatIp(fields.destination);
  header.protocol = name === String(fields.protocol) ? fields.protocol : name;
  if (skb.mark !== 0) header.mark = skb.mark;
  return header as HeaderText;
}
