/** icmp_send(), net/ipv4/icmp.c; icmp6_send(), net/ipv6/icmp.c; RSTs of nf_send_reset() and tcp_v4_send_reset(). */
import { viewOf } from '../base/bytes.ts';
import { Tcp } from '../header/tcp.ts';
import { buildSkb } from '../skb/build.ts';
import { fieldsOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import { findHeader, isFound } from '../xtables/ipv6.ts';
import { isMulticast } from './route.ts';

export interface IcmpMessage {
  readonly type: number;
  readonly code: number;
  /** Second word: the next hop's MTU. */
  readonly rest?: number;
}

/**
 * An error about `skb`; undefined where the kernel keeps silent. About a packet that was for the host it comes from the address
 * that was asked, otherwise the route chooses.
 */
export function icmpError(skb: Skb, message: IcmpMessage, local = false): Skb | undefined {
  const { source, destination, tos } = fieldsOf(skb);
  // ICMPv6 has no such rule: a later fragment's hop limit may be said to have run out.
  if (skb.family === 4 && skb.fragmentOffset > 0) return undefined;
  if (skb.packetType === 'broadcast' || skb.packetType === 'multicast') return undefined;
  if (isMulticast(destination) || isMulticast(source) || destination === 0xffffffff) return undefined;
  if (source === 0 || source === 0n) return undefined;
  if (skb.family === 4 ? isError(skb) : isIneligible(skb)) return undefined;
  if (typeof source === 'number') {
    return buildSkb({
      source: local ? destination : 0,
      destination: source,
      protocol: 1,
      icmpType: message.type,
      icmpCode: message.code,
      icmpRest: message.rest ?? 0,
      tos: 0xc0 | (tos & 0x1e),
      dontFragment: false,
      payload: skb.bytes.slice(0, Math.min(skb.bytes.length, skb.length, 548)),
      time: skb.time,
      local: true,
      origin: skb.origin,
    });
  }
  return buildSkb({
    source: local ? destination : 0n,
    destination: source,
    protocol: 58,
    icmpType: message.type,
    icmpCode: message.code,
    icmpRest: message.rest ?? 0,
    payload: skb.bytes.slice(0, Math.min(skb.bytes.length, skb.length, 1232)),
    time: skb.time,
    local: true,
    origin: skb.origin,
  });
}

/** icmp_pointers[]: the types that are no query's or its answer's. */
const ERRORS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12]);
const NR_ICMP_TYPES = 18;

/** An ICMP message without a type, or of one that isn't known, is an error too. */
function isError({ bytes, length, protocol }: Skb): boolean {
  if (protocol !== 1) return false;
  const at = ((bytes[0] ?? 0) & 15) * 4;
  if (at >= length) return true;
  const type = bytes[at];
  return type !== undefined && (type > NR_ICMP_TYPES || ERRORS.has(type));
}

const ICMPV6_INFORMATION = 0x80;

/** is_ineligible(), net/ipv6/icmp.c: all types below 128; without a type, unless that is in another fragment. */
function isIneligible(skb: Skb): boolean {
  const found = findHeader(skb);
  if (!isFound(found) || found.fragmentOffset > 0 || found.protocol !== 58) return false;
  if (found.offset >= skb.length) return !skb.moreFragments;
  const type = skb.bytes[found.offset];
  return type !== undefined && (type & ICMPV6_INFORMATION) === 0;
}

/** The RST that refuses a segment; undefined for an RST or less than a TCP header. REJECT doesn't ask how long it says to be. */
export function tcpReset(skb: Skb, tos = 0): Skb | undefined {
  if (skb.protocol !== 6 || skb.transport < 0 || skb.fragmentOffset > 0) return undefined;
  const tcp = new Tcp(viewOf(skb.bytes), skb.transport);
  if (skb.transport + 20 > skb.bytes.length) return undefined;
  const { flags } = tcp;
  if (flags & 4) return undefined;
  const { source, destination } = fieldsOf(skb);
  const hasAck = (flags & 16) !== 0;
  const data = skb.length - skb.transport - tcp.headerLength;
  const acknowledged = tcp.sequence + data + (flags & 2 ? 1 : 0) + (flags & 1 ? 1 : 0);
  return buildSkb({
    source: destination,
    destination: source,
    protocol: 6,
    sourcePort: tcp.destinationPort,
    destinationPort: tcp.sourcePort,
    tcpFlags: hasAck ? 4 : 20,
    tcpSequence: hasAck ? tcp.acknowledgement : 0,
    tcpAcknowledgement: hasAck ? 0 : acknowledged >>> 0,
    tcpWindow: 0,
    tos,
    time: skb.time,
    local: true,
    origin: skb.origin,
  });
}

/** icmp_timestamp(): the three times aren't modelled. */
export function timestampReply(skb: Skb): Skb | undefined {
  const { source, destination, icmpType, icmpId, tos } = fieldsOf(skb);
  if (skb.family !== 4 || icmpType !== 13) return undefined;
  return buildSkb({
    source: destination,
    destination: source,
    protocol: 1,
    icmpType: 14,
    icmpId: icmpId ?? 0,
    icmpSequence: viewOf(skb.bytes).getUint16(skb.transport + 6),
    tos,
    dontFragment: false,
    payload: 12,
    time: skb.time,
    local: true,
    origin: skb.origin,
  });
}

/**
 * icmp_echo(): source and destination exchanged, the data kept. `anySource`: the route chooses the source. Undefined for anything
 * but an echo request.
 */
export function echoReply(skb: Skb, anySource = false): Skb | undefined {
  const { source, destination, icmpType, icmpCode, icmpId, tos } = fieldsOf(skb);
  const isEcho = icmpType === (skb.family === 4 ? 8 : 128);
  if (!isEcho) return undefined;
  const body = skb.transport + 8;
  const unset = typeof source === 'number' ? 0 : 0n;
  return buildSkb({
    source: anySource ? unset : destination,
    destination: source,
    protocol: skb.protocol,
    icmpType: skb.family === 4 ? 0 : 129,
    icmpCode,
    icmpId: icmpId ?? 0,
    icmpSequence: viewOf(skb.bytes).getUint16(skb.transport + 6),
    tos,
    dontFragment: false,
    payload: echoedData(skb, body),
    time: skb.time,
    local: true,
    origin: skb.origin,
  });
}

/** The request's data; what a capture cut off is zeros. */
function echoedData(skb: Skb, from: number): Uint8Array {
  const data = new Uint8Array(Math.max(0, skb.length - from));
  data.set(skb.bytes.subarray(from, Math.min(skb.bytes.length, skb.length)));
  return data;
}
