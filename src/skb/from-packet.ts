import { UNSAID } from '../capture/frame.ts';
import { leastTransport } from '../header/transport.ts';
import { BROADCAST_MAC, isGroupMac } from '../net/mac.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Packet } from '../packet/packet.ts';
import { refreshLayout } from './layout.ts';
import type { PacketType, Skb } from './skb.ts';

/** SLL packet types (sll_pkttype), in the order of their numbers. */
const SLL_TYPES: readonly PacketType[] = ['host', 'broadcast', 'multicast', 'otherhost', 'outgoing'];

/**
 * An Skb of its own from a captured frame: `frame` is the whole frame's bytes, `packet` what dissect() made of it. Link-layer
 * padding stays out. Undefined when there is no usable IP header.
 *
 * A transport header that the snaplen cut behind its ports (TCP: behind its flags) is filled up with zeros, so that
 * the model can still match on what was captured; `length` tells that the packet was longer.
 */
export function skbFromFrame(frame: Uint8Array, packet: Packet, origin: Skb['origin']): Skb | undefined {
  const ip = packet.ip;
  if (!ip) return undefined;
  const end = Math.min(frame.length, ip.offset + ip.length);
  if (end <= ip.offset) return undefined;
  const captured = end - ip.offset;
  // tcpdump -q: ports and no flags. What the segment is for is unknown, and none is made up here.
  if (packet.told && packet.ports && ip.protocol === PROTOCOL.tcp) return undefined;
  const wanted = ip.transport < 0 ? captured : ip.transport - ip.offset + filledTransport(frame, ip, end);
  const bytes = new Uint8Array(Math.max(captured, wanted));
  bytes.set(frame.subarray(ip.offset, end));
  const skb: Skb = {
    family: ip.family,
    bytes,
    length: ip.length,
    protocol: ip.protocol,
    transport: ip.transport,
    fragmentOffset: ip.fragmentOffset,
    moreFragments: ip.moreFragments,
    mark: 0,
    priority: 0,
    packetType: packetTypeOf(packet),
    etherSource: packet.ether?.source,
    etherDestination: packet.ether?.destination,
    vlans: packet.vlans,
    time: packet.seconds + packet.nanoseconds / 1e9,
    local: false,
    origin,
  };
  if (wanted > captured && ip.protocol === PROTOCOL.tcp) skb.optionsCut = true;
  if (packet.told && (packet.told.unsaid & UNSAID.header) !== 0) skb.headerUnsaid = true;
  refreshLayout(skb);
  // A total length of 0 (an oversized packet of the sending host): dissect() took it from the frame.
  skb.length = ip.length;
  return skb;
}

/** Bytes of transport header to make room for: the whole header, when the capture has its ports (or flags) but not all. */
function filledTransport(frame: Uint8Array, ip: NonNullable<Packet['ip']>, end: number): number {
  const there = end - ip.transport;
  const said = ip.offset + ip.length - ip.transport;
  const isTcp = ip.protocol === PROTOCOL.tcp;
  const least = leastTransport(ip.protocol);
  if (there < (isTcp ? 14 : 4)) return 0;
  const whole = isTcp ? Math.max(least, ((frame[ip.transport + 12] ?? 0) >> 4) * 4) : least;
  return there < whole && said >= whole ? whole : 0;
}

function packetTypeOf(packet: Packet): PacketType {
  if (packet.sllType !== undefined) return SLL_TYPES[packet.sllType] ?? 'host';
  const mac = packet.ether?.destination;
  if (mac !== undefined && isGroupMac(mac)) return mac === BROADCAST_MAC ? 'broadcast' : 'multicast';
  return 'host';
}

/** A copy that can be changed without the original seeing it: a flooded frame's copies, a TEE'd packet. */
export function cloneSkb(skb: Skb): Skb {
  // Every field by name: what the path sets later then changes no packet's shape.
  return {
    family: skb.family,
    bytes: skb.bytes.slice(),
    length: skb.length,
    protocol: skb.protocol,
    transport: skb.transport,
    fragmentOffset: skb.fragmentOffset,
    moreFragments: skb.moreFragments,
    fragmentMax: skb.fragmentMax,
    fragmentSizes: skb.fragmentSizes,
    mark: skb.mark,
    priority: skb.priority,
    packetType: skb.packetType,
    etherSource: skb.etherSource,
    etherDestination: skb.etherDestination,
    vlans: skb.vlans,
    in: skb.in,
    out: skb.out,
    physin: skb.physin,
    physout: skb.physout,
    conntrack: skb.conntrack,
    time: skb.time,
    owner: skb.owner,
    kernelSocket: skb.kernelSocket,
    local: skb.local,
    inner: skb.inner,
    optionsCut: skb.optionsCut,
    headerUnsaid: skb.headerUnsaid,
    origin: skb.origin,
  } satisfies Record<keyof Skb, unknown>;
}
