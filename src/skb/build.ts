import { setUint128, viewOf } from '../base/bytes.ts';
import { Ipv4 } from '../header/ipv4.ts';
import { familyOf, type Ip } from '../net/ip.ts';
import type { Mac } from '../net/mac.ts';
import { hasPorts, PROTOCOL } from '../net/protocol.ts';
import { refreshLayout } from './layout.ts';
import { sealChecksums } from './rewrite.ts';
import type { PacketType, Skb } from './skb.ts';

/** What a packet made for the model holds; everything left out gets what an ordinary host would send. */
export interface SkbSpec {
  readonly source: Ip;
  readonly destination: Ip;
  readonly protocol: number;
  readonly sourcePort?: number | undefined;
  readonly destinationPort?: number | undefined;
  /** ICMP and ICMPv6; echo request by default. */
  readonly icmpType?: number | undefined;
  readonly icmpCode?: number | undefined;
  readonly icmpId?: number | undefined;
  readonly icmpSequence?: number | undefined;
  /** Second word of an ICMP message as a whole (mtu, gateway, pointer), in place of id and sequence. */
  readonly icmpRest?: number | undefined;
  /** 64 by default. */
  readonly ttl?: number | undefined;
  readonly tos?: number | undefined;
  /** IPv4 identification; 0 by default. */
  readonly id?: number | undefined;
  /** Set by default, as Linux sets it for path MTU discovery. */
  readonly dontFragment?: boolean | undefined;
  /** SYN by default. */
  readonly tcpFlags?: number | undefined;
  readonly tcpSequence?: number | undefined;
  readonly tcpAcknowledgement?: number | undefined;
  readonly tcpWindow?: number | undefined;
  /** Adds the option. */
  readonly tcpMss?: number | undefined;
  /** The bytes behind the transport header (what an ICMP error quotes), or only their number, then zeros. */
  readonly payload?: Uint8Array | number | undefined;
  readonly time?: number | undefined;
  readonly mark?: number | undefined;
  readonly local?: boolean | undefined;
  readonly packetType?: PacketType | undefined;
  readonly etherSource?: Mac | undefined;
  readonly etherDestination?: Mac | undefined;
  readonly origin?: Skb['origin'];
}

/** A whole packet with right checksums. Throws on addresses of two families: that is a bug of the caller. */
export function buildSkb(spec: SkbSpec): Skb {
  const family = familyOf(spec.source);
  if (familyOf(spec.destination) !== family) throw new Error('source and destination of two families');
  const network = family === 4 ? 20 : 40;
  const options = spec.protocol === PROTOCOL.tcp && spec.tcpMss !== undefined ? 4 : 0;
  const transport = transportLength(spec.protocol) + options;
  const body = typeof spec.payload === 'object' ? spec.payload.length : (spec.payload ?? 0);
  const bytes = new Uint8Array(network + transport + body);
  const view = viewOf(bytes);
  if (typeof spec.source === 'number' && typeof spec.destination === 'number') {
    bytes[0] = 0x45;
    bytes[1] = spec.tos ?? 0;
    view.setUint16(2, bytes.length);
    view.setUint16(4, spec.id ?? 0);
    view.setUint16(6, (spec.dontFragment ?? true) ? 0x4000 : 0);
    bytes[8] = spec.ttl ?? 64;
    bytes[9] = spec.protocol;
    view.setUint32(12, spec.source);
    view.setUint32(16, spec.destination);
    new Ipv4(view, 0).sealChecksum();
  } else if (typeof spec.source === 'bigint' && typeof spec.destination === 'bigint') {
    view.setUint16(0, 0x6000 | ((spec.tos ?? 0) << 4));
    view.setUint16(4, bytes.length - 40);
    bytes[6] = spec.protocol;
    bytes[7] = spec.ttl ?? 64;
    setUint128(view, 8, spec.source);
    setUint128(view, 24, spec.destination);
  }
  writeTransport(view, network, spec, transport + body);
  if (typeof spec.payload === 'object') bytes.set(spec.payload, network + transport);
  const skb: Skb = {
    family,
    bytes,
    length: bytes.length,
    protocol: spec.protocol,
    transport: network,
    fragmentOffset: 0,
    moreFragments: false,
    mark: spec.mark ?? 0,
    priority: 0,
    packetType: spec.packetType ?? 'host',
    etherSource: spec.etherSource,
    etherDestination: spec.etherDestination,
    vlans: [],
    time: spec.time ?? 0,
    local: spec.local ?? false,
    origin: spec.origin,
  };
  refreshLayout(skb);
  sealChecksums(skb);
  return skb;
}

/** Bytes of a transport header without options, as far as packets are built with one. */
export function transportLength(protocol: number): number {
  switch (protocol) {
    case PROTOCOL.tcp:
      return 20;
    case PROTOCOL.sctp:
    case PROTOCOL.dccp:
      return 12;
    case PROTOCOL.udp:
    case PROTOCOL.udplite:
    case PROTOCOL.icmp:
    case PROTOCOL['ipv6-icmp']:
      return 8;
    default:
      return 0;
  }
}

function writeTransport(view: DataView, at: number, spec: SkbSpec, length: number): void {
  if (hasPorts(spec.protocol)) {
    view.setUint16(at, spec.sourcePort ?? 0);
    view.setUint16(at + 2, spec.destinationPort ?? 0);
  }
  switch (spec.protocol) {
    case PROTOCOL.tcp:
      view.setUint32(at + 4, spec.tcpSequence ?? 0);
      view.setUint32(at + 8, spec.tcpAcknowledgement ?? 0);
      view.setUint16(at + 12, ((spec.tcpMss === undefined ? 5 : 6) << 12) | (spec.tcpFlags ?? 2));
      view.setUint16(at + 14, spec.tcpWindow ?? 64240);
      if (spec.tcpMss !== undefined) view.setUint32(at + 20, 0x02040000 | spec.tcpMss);
      break;
    case PROTOCOL.udp:
    case PROTOCOL.udplite:
      view.setUint16(at + 4, length);
      break;
    case PROTOCOL.dccp:
      view.setUint8(at + 4, 3);
      break;
    case PROTOCOL.icmp:
    case PROTOCOL['ipv6-icmp']:
      view.setUint8(at, spec.icmpType ?? (spec.protocol === PROTOCOL.icmp ? 8 : 128));
      view.setUint8(at + 1, spec.icmpCode ?? 0);
      view.setUint32(at + 4, spec.icmpRest ?? (spec.icmpId ?? 0) * 0x10000 + (spec.icmpSequence ?? 0));
      break;
    default:
  }
}
