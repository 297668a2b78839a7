/** nf_nat_packet() and nf_nat_icmp_reply_translation(): rewriting as the connection says. */

import { PROTOCOL } from '../../net/protocol.ts';
import { transportChecksum } from '../../skb/checksum.ts';
import { fieldsOf } from '../../skb/fields.ts';
import type { CtDirection } from '../../skb/nfct.ts';
import { rewriteQuoted } from '../../skb/quoted.ts';
import { setDestination, setIcmpId, setPorts, setSource } from '../../skb/rewrite.ts';
import type { Skb } from '../../skb/skb.ts';
import type { Tuple } from '../../skb/tuple.ts';
import type { Connection } from './connection.ts';
import type { Manip } from './nat.ts';
import { hasTrackedPorts, invertTuple, isIcmp } from './tuple.ts';

const opposite = (direction: CtDirection): CtDirection => (direction === 'original' ? 'reply' : 'original');

/** Is that half of the packet to be rewritten here? Replies have the halves exchanged. */
export function needsManip(connection: Connection, direction: CtDirection, manip: Manip): boolean {
  const half = direction === 'original' ? manip : manip === 'src' ? 'dst' : 'src';
  return half === 'src' ? connection.srcNat : connection.dstNat;
}

/** Bytes of the transport header that NAT makes writable, where they are more than eight. */
const WRITTEN: Readonly<Record<number, number>> = { 6: 20, 132: 12 };

/** gre_manip_pkt() wants the header of PPTP's GRE without its optional words. */
const GRE_LEAST = 8;

/**
 * nf_nat_packet(): rewrites one half of a packet as its connection says. Gives the addresses before and after; `short`: the packet
 * is too short to be rewritten, and dropped.
 */
export function manipPacket(
  skb: Skb,
  connection: Connection,
  direction: CtDirection,
  manip: Manip,
): { from: Tuple; to: Tuple } | 'short' | undefined {
  if (!needsManip(connection, direction, manip)) return undefined;
  const target = invertTuple(connection[opposite(direction)]);
  if (!target) return undefined;
  if (skb.protocol === PROTOCOL.gre && skb.length - skb.transport < GRE_LEAST) return 'short';
  // The header has to lie in one piece to be written to (skb_ensure_writable()).
  const [first = 0] = skb.fragmentSizes ?? [];
  if (first < (WRITTEN[skb.protocol] ?? 8)) skb.fragmentSizes = undefined;
  const from = connection[direction];
  if (manip === 'src') {
    setSource(skb, target.source);
    if (hasTrackedPorts(skb.protocol)) setPorts(skb, { source: target.sourcePort });
  } else {
    setDestination(skb, target.destination);
    if (hasTrackedPorts(skb.protocol)) setPorts(skb, { destination: target.destinationPort });
  }
  if (isIcmp(skb.family, skb.protocol)) setIcmpId(skb, target.sourcePort);
  return { from, to: target };
}

/**
 * nf_nat_icmp_reply_translation(): the quoted packet is put back as its sender knows it, and the outer header made to look
 * like an answer. False: the error is dropped (a redirect about a translated connection, or a quote too short to be put back).
 */
export function manipIcmpError(
  skb: Skb,
  connection: Connection,
  direction: CtDirection,
  manip: Manip,
): boolean {
  const { icmpType } = fieldsOf(skb);
  const isRedirect = icmpType === (skb.family === 4 ? 5 : 137);
  if (isRedirect) {
    const settled = connection.srcNatDone && connection.dstNatDone;
    if (!settled || connection.srcNat || connection.dstNat) return false;
  }
  // Its sum is looked at again here, whatever nf_conntrack_checksum says.
  if (transportChecksum(skb) === 'wrong') return false;
  if (!needsManip(connection, direction, manip)) return true;
  const inner = connection[opposite(direction)];
  const icmp = isIcmp(inner.family, inner.protocol);
  // The quoted packet goes the other way, so the other half of it is the translated one.
  const [address, port] =
    manip === 'src' ? [inner.destination, inner.destinationPort] : [inner.source, inner.sourcePort];
  const whole = rewriteQuoted(
    skb,
    manip === 'src' ? 'destination' : 'source',
    address,
    icmp ? inner.sourcePort : port,
  );
  if (!whole) return false;
  const target = invertTuple(inner);
  if (!target) return true;
  if (manip === 'src') setSource(skb, target.source);
  else setDestination(skb, target.destination);
  return true;
}
