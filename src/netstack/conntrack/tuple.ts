/** nf_ct_get_tuple(), nf_ct_invert_tuple(), net/netfilter/nf_conntrack_core.c, and the pkt_to_tuple of each protocol. */
import type { Family } from '../../net/ip.ts';
import { hasPorts, PROTOCOL } from '../../net/protocol.ts';
import type { SkbFields } from '../../skb/fields.ts';
import type { Tuple } from '../../skb/tuple.ts';

/** ICMP queries that open a connection, with the type that answers (RFC 792, RFC 950; ICMPv6: RFC 4443, RFC 4620). */
const ANSWERS: Readonly<Record<Family, ReadonlyMap<number, number>>> = {
  4: new Map([
    [8, 0],
    [0, 8],
    [13, 14],
    [14, 13],
    [15, 16],
    [16, 15],
    [17, 18],
    [18, 17],
  ]),
  6: new Map([
    [128, 129],
    [129, 128],
    [139, 140],
    [140, 139],
  ]),
};
const OPENERS: Readonly<Record<Family, ReadonlySet<number>>> = {
  4: new Set([8, 13, 15, 17]),
  6: new Set([128, 139]),
};

export function isIcmp(family: Family, protocol: number): boolean {
  return protocol === (family === 4 ? 1 : 58);
}

/** May an ICMP packet of that type begin a connection (icmp_new())? */
export function opensConnection(family: Family, type: number): boolean {
  return OPENERS[family].has(type);
}

/** Does conntrack tell that protocol's connections apart by ports? DCCP is tracked by its addresses alone since Linux 6.17. */
export function hasTrackedPorts(protocol: number): boolean {
  return hasPorts(protocol) && protocol !== PROTOCOL.dccp;
}

/** IPv6's "no next header", behind which ipv6_skip_exthdr() finds nothing. */
const NO_NEXT_HEADER = 59;

/** Undefined when the packet has no tuple: its transport header is cut short or missing, or it is an ICMP message without a counterpart. */
export function tupleOf(fields: SkbFields, zone: number): Tuple | undefined {
  const { family, protocol } = fields;
  const of = (sourcePort: number, destinationPort: number): Tuple => ({
    family,
    protocol,
    source: fields.source,
    destination: fields.destination,
    sourcePort,
    destinationPort,
    zone,
  });
  if (isIcmp(family, protocol)) {
    const { icmpType, icmpCode, icmpId } = fields;
    if (icmpType === undefined || icmpCode === undefined || !ANSWERS[family].has(icmpType)) return undefined;
    return of(icmpId ?? 0, (icmpType << 8) | icmpCode);
  }
  if (protocol === 1 || protocol === 58) return undefined;
  if (family === 6 && protocol === NO_NEXT_HEADER) return undefined;
  const { sourcePort, destinationPort } = fields;
  if (!hasTrackedPorts(protocol)) {
    const key = fields.greKey ?? 0;
    return key < 0 ? undefined : of(0, key);
  }
  if (sourcePort === undefined || destinationPort === undefined) return undefined;
  return of(sourcePort, destinationPort);
}

/** The tuple of the answers to a packet with this one; undefined when nothing answers it. */
export function invertTuple(tuple: Tuple): Tuple | undefined {
  if (!isIcmp(tuple.family, tuple.protocol)) return inverted(tuple, tuple.destinationPort, tuple.sourcePort);
  const type = ANSWERS[tuple.family].get(tuple.destinationPort >> 8);
  if (type === undefined) return undefined;
  return inverted(tuple, tuple.sourcePort, (type << 8) | (tuple.destinationPort & 255));
}

function inverted(
  { family, protocol, source, destination, zone }: Tuple,
  sourcePort: number,
  destinationPort: number,
): Tuple {
  return {
    family,
    protocol,
    source: destination,
    destination: source,
    sourcePort,
    destinationPort,
    zone,
  };
}
