/** nf_conntrack_handle_packet(), net/netfilter/nf_conntrack_core.c: the packet handlers of the protocols. */
import { fieldsOf } from '../../skb/fields.ts';
import type { CtDirection } from '../../skb/nfct.ts';
import type { Skb } from '../../skb/skb.ts';
import type { Connection } from './connection.ts';
import { sctpPacket } from './sctp.ts';
import { readSegment } from './segment.ts';
import { sequenceOffset } from './seqadj.ts';
import type { ConntrackSettings } from './settings.ts';
import { tcpNew, tcpPacket } from './tcp.ts';
import { hasValidFlags } from './tcp-states.ts';
import { isIcmp, opensConnection } from './tuple.ts';

/** `kill`: accepted, and the entry ends with it. `repeat`: the entry is gone; look the packet up afresh. */
export type PacketOutcome = 'accept' | 'invalid' | 'repeat' | 'kill';

export function handlePacket(
  skb: Skb,
  connection: Connection,
  direction: CtDirection,
  settings: ConntrackSettings,
): PacketOutcome {
  const { protocol, family } = connection.original;
  switch (protocol) {
    case 6:
      return handleTcp(skb, connection, direction, settings);
    case 132:
      return handleSctp(skb, connection, direction, settings);
    case 1:
    case 58: {
      if (!isIcmp(family, protocol)) return 'invalid';
      const { icmpType } = fieldsOf(skb);
      if (!connection.confirmed && (icmpType === undefined || !opensConnection(family, icmpType))) {
        return 'invalid';
      }
      refresh(connection, skb, direction, settings.timeout(family === 4 ? 'icmp' : 'icmpv6'));
      return 'accept';
    }
    case 17:
      return handleUdp(skb, connection, direction, settings);
    case 136:
      refresh(connection, skb, direction, settings.timeout(connection.seenReply ? 'udp_stream' : 'udp'));
      if (connection.seenReply) connection.assured = true;
      return 'accept';
    case 47:
      refresh(connection, skb, direction, settings.timeout(connection.seenReply ? 'gre_stream' : 'gre'));
      if (connection.seenReply) connection.assured = true;
      return 'accept';
    default:
      refresh(connection, skb, direction, settings.timeout('generic'));
      return 'accept';
  }
}

/** nf_ct_refresh_acct() */
export function refresh(
  connection: Connection,
  skb: Skb,
  direction: CtDirection,
  seconds: number | undefined,
): void {
  if (seconds !== undefined) connection.expires = skb.time + seconds;
  connection.packets[direction]++;
  connection.bytes[direction] += skb.length;
}

function handleUdp(
  skb: Skb,
  connection: Connection,
  direction: CtDirection,
  settings: ConntrackSettings,
): PacketOutcome {
  if (!connection.confirmed) connection.streamFrom = skb.time + 2;
  const stream = connection.seenReply && skb.time > connection.streamFrom;
  refresh(connection, skb, direction, settings.timeout(stream ? 'udp_stream' : 'udp'));
  if (stream) connection.assured = true;
  return 'accept';
}

function handleSctp(
  skb: Skb,
  connection: Connection,
  direction: CtDirection,
  settings: ConntrackSettings,
): PacketOutcome {
  const result = sctpPacket(skb, connection.sctp, connection.confirmed, direction, (state) =>
    settings.timeout(state === 'NONE' ? 'sctp_closed' : `sctp_${state.toLowerCase()}`),
  );
  if (result.tracking) connection.sctp = result.tracking;
  if (result.kind === 'invalid') return 'invalid';
  connection.sctpState = result.tracking?.state ?? 'NONE';
  if (result.assure) connection.assured = true;
  if (result.timeout !== undefined) refresh(connection, skb, direction, result.timeout);
  return 'accept';
}

function handleTcp(
  skb: Skb,
  connection: Connection,
  direction: CtDirection,
  settings: ConntrackSettings,
): PacketOutcome {
  const segment = readSegment(skb);
  if ('fault' in segment || !hasValidFlags(segment.flags)) return 'invalid';
  if (!connection.tcp || !connection.confirmed) {
    const tracking = tcpNew(segment, settings.tcp);
    if (!tracking) return 'invalid';
    connection.tcp = tracking;
  }
  const offset = (side: CtDirection, sequence: number): number =>
    sequenceOffset(connection.adjust?.[side], sequence);
  const { seenReply, assured } = connection;
  const status = { seenReply, assured, left: connection.expires - skb.time, offset };
  const result = tcpPacket(connection.tcp, direction, segment, status, settings.tcp);
  if (result.kind === 'invalid' && result.shorten !== undefined)
    connection.expires = skb.time + result.shorten;
  if (result.kind !== 'accept') return result.kind;
  connection.tcpState = connection.tcp.state;
  if (result.kill) {
    refresh(connection, skb, direction, undefined);
    return 'kill';
  }
  if (result.timeout !== undefined) refresh(connection, skb, direction, result.timeout);
  if (result.assure) connection.assured = true;
  return 'accept';
}
