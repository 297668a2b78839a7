import { viewOf } from '../base/bytes.ts';
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
  const network = networkOfBytes(skb.bytes);
  if (!network) throw new Error('an skb without an IP header');
  return fieldsAt(skb.bytes, network, skb.transport);
}

/** Fields of the packet whose IP header was read as `network`; `transport` -1 leaves the upper layer out. */
export function fieldsAt(bytes: Uint8Array, network: Network, transport: number): SkbFields {
  const { family, source, destination, protocol, ttl, tos } = network;
  const fields: SkbFields = { family, source, destination, protocol, ttl, tos };
  // An ICMP error may quote no more than the ports.
  if (transport < 0 || transport + (hasPorts(protocol) ? 4 : 8) > bytes.length) return fields;
  const view = viewOf(bytes);
  if (hasPorts(protocol)) {
    fields.sourcePort = view.getUint16(transport);
    fields.destinationPort = view.getUint16(transport + 2);
    if (protocol === PROTOCOL.tcp && transport + 14 <= bytes.length) {
      fields.tcpFlags = view.getUint16(transport + 12) & 0x1ff;
    }
  } else if (protocol === PROTOCOL.gre) {
    const end = bytes.length - transport;
    if (end >= 8 && (view.getUint8(transport + 1) & 7) === 1) {
      fields.greKey = view.getUint16(transport + 2) === GRE_PPP ? view.getUint16(transport + 6) : -1;
    }
  } else if (protocol === PROTOCOL.icmp || protocol === PROTOCOL['ipv6-icmp']) {
    const type = view.getUint8(transport);
    fields.icmpType = type;
    fields.icmpCode = view.getUint8(transport + 1);
    if (protocol === PROTOCOL.icmp ? isIcmpQuery(type) : isIcmpv6Query(type) || isNodeInformation(type)) {
      fields.icmpId = view.getUint16(transport + 4);
    }
  }
  return fields;
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
  const { tcpFlags: _, greKey: __, source, destination, protocol, ...rest } = fieldsOf(skb);
  const name = protocolName(protocol);
  return {
    ...rest,
    source: formatIp(source),
    destination: formatIp(destination),
    protocol: name === String(protocol) ? protocol : name,
    ...(skb.mark === 0 ? {} : { mark: skb.mark }),
  };
}
