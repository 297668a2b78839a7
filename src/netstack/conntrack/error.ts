/** What conntrack refuses before it looks at a connection: udp_error(), udplite_error(), icmp errors and the like. */
import { ICMP, isIcmpError } from '../../header/icmp.ts';
import { isIcmpv6Error } from '../../header/icmpv6.ts';
import { trackedUdpliteChecksum, transportChecksum } from '../../skb/checksum.ts';
import { fieldsOf } from '../../skb/fields.ts';
import type { CtZone, SkbConntrack } from '../../skb/nfct.ts';
import { quotedFieldsOf } from '../../skb/quoted.ts';
import type { Skb } from '../../skb/skb.ts';
import type { ConnectionTable } from './table.ts';
import { invertTuple, isIcmp, tupleOf } from './tuple.ts';

const INVALID: SkbConntrack = { state: 'INVALID', direction: 'original' };
const UNTRACKED: SkbConntrack = { state: 'UNTRACKED', direction: 'original' };
/** NR_ICMP_TYPES: what lies beyond is no type that conntrack knows. */
const LAST_ICMP_TYPE = 18;

/** TCP, UDP, SCTP, UDP-Lite: the protocols whose checksum conntrack knows. */
const VERIFIED: ReadonlySet<number> = new Set([6, 17, 132, 136]);

/** What is decided without a connection of the packet's own; undefined: it has or makes one. */
export function withoutConnection(
  skb: Skb,
  of: { readonly verifyChecksum: boolean; readonly zone: CtZone; readonly table: ConnectionTable },
): SkbConntrack | undefined {
  const { protocol, family } = skb;
  if (protocol === 1 || protocol === 58) {
    if (!isIcmp(family, protocol)) return INVALID;
    const { icmpType } = fieldsOf(skb);
    if (icmpType === undefined || (of.verifyChecksum && transportChecksum(skb) === 'wrong')) return INVALID;
    if (family === 4 && icmpType > LAST_ICMP_TYPE) return INVALID;
    if (family === 6 && isUntrackedIcmpv6(icmpType)) return UNTRACKED;
    return isErrorType(family, icmpType) ? (relate(skb, of.zone, of.table) ?? INVALID) : undefined;
  }
  if (isMalformed(skb)) return INVALID;
  if (!of.verifyChecksum || !VERIFIED.has(protocol)) return undefined;
  const right = protocol === 136 ? trackedUdpliteChecksum(skb) : transportChecksum(skb) !== 'wrong';
  return right ? undefined : INVALID;
}

/** nf_conntrack_inet_error(): the connection that the quoted packet belongs to, seen from the error's direction. */
function relate(skb: Skb, zone: CtZone, table: ConnectionTable): SkbConntrack | undefined {
  const quoted = quotedFieldsOf(skb);
  const tuple = quoted && tupleOf(quoted, 0);
  const inverted = tuple && invertTuple(tuple);
  const found = inverted && table.find(inverted, zone, skb.time);
  if (!found) return undefined;
  const { connection, direction } = found;
  if (connection[direction].destination !== fieldsOf(skb).destination) return undefined;
  return { state: 'RELATED', direction, entry: connection };
}

/** Neighbour discovery and MLD are never tracked (icmpv6_error()). */
function isUntrackedIcmpv6(type: number): boolean {
  return (type >= 130 && type <= 136) || type === 143;
}

function isErrorType(family: 4 | 6, type: number): boolean {
  return family === 4 ? isIcmpError(type) || type === ICMP.redirect : isIcmpv6Error(type) || type === 137;
}

/** udp_error(), udplite_error(): headers that can't be a connection's. */
function isMalformed(skb: Skb): boolean {
  const { protocol, transport, bytes } = skb;
  if (protocol !== 17 && protocol !== 136) return false;
  if (transport < 0) return true;
  const word = (at: number) => ((bytes[transport + at] ?? 0) << 8) | (bytes[transport + at + 1] ?? 0);
  const length = word(4);
  const room = skb.length - transport;
  if (protocol === 17) return length > room || length < 8;
  // UDP-Lite has no packets without a checksum (RFC 3828).
  return (length !== 0 && (length < 8 || length > room)) || word(6) === 0;
}
