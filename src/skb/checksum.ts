import { viewOf } from '../base/bytes.ts';
import { fold, sumBytes, sumPseudoHeader, updateChecksum } from '../base/checksum.ts';
import { crc32c } from '../base/crc32c.ts';
import { ICMP_CHECKSUM } from '../header/icmp.ts';
import { SCTP_CHECKSUM } from '../header/sctp.ts';
import { checksumOffset } from '../header/transport.ts';
import { PROTOCOL } from '../net/protocol.ts';
import { networkOfBytes } from './layout.ts';
import type { Skb } from './skb.ts';
import { isRightOnceCompleted } from './tunnel-checksum.ts';

/**
 * What stands in the transport checksum field. `partial` is what a capture on the sending host shows when the device
 * is to finish it (CHECKSUM_PARTIAL): the folded sum of the pseudo-header. `unchecked`: cut short or a fragment.
 */
export type ChecksumState = 'right' | 'wrong' | 'partial' | 'none' | 'unchecked';

/** nf_ip_checksum(), net/netfilter/utils.c: is the upper layer's checksum right? */
export function transportChecksum(skb: Skb): ChecksumState {
  const { bytes, transport, protocol } = skb;
  if (transport < 0 || skb.moreFragments || skb.fragmentOffset > 0) return 'unchecked';
  const view = viewOf(bytes);
  const whole = skb.length <= bytes.length;
  const length = skb.length - transport;
  if (protocol === PROTOCOL.icmp) {
    if (!whole) return 'unchecked';
    return fold(sumBytes(view, transport, length)) === 0xffff ? 'right' : 'wrong';
  }
  if (protocol === PROTOCOL.sctp) {
    if (!whole) return 'unchecked';
    const found = view.getUint32(transport + SCTP_CHECKSUM, true);
    return crc32c(view, transport, length, transport + SCTP_CHECKSUM) === found ? 'right' : 'wrong';
  }
  const at = checksumOffset(protocol);
  if (at < 0 || transport + at + 2 > bytes.length) return at < 0 ? 'none' : 'unchecked';
  const found = view.getUint16(transport + at);
  if (found === 0 && protocol === PROTOCOL.udp) return 'none';
  const pseudo = pseudoSum(skb, length);
  if (whole) {
    const covered = protocol === PROTOCOL.udplite ? coverage(view, transport, length) : length;
    if (fold(sumBytes(view, transport, covered, pseudo)) === 0xffff) return 'right';
  }
  if (found === fold(pseudo)) return 'partial';
  if (protocol === PROTOCOL.udp && isRightOnceCompleted(bytes, transport, pseudo)) return 'right';
  return whole ? 'wrong' : 'unchecked';
}

/** RFC 3828: how far a UDP-Lite checksum reaches; 0 stands for all. */
function coverage(view: DataView, transport: number, length: number): number {
  const said = view.getUint16(transport + 4);
  return said === 0 || said > length ? length : said;
}

function pseudoSum(skb: Skb, length: number, protocol = skb.protocol): number {
  const network = networkOfBytes(skb.bytes);
  if (!network) return 0;
  return sumPseudoHeader(network.source, network.destination, protocol, length);
}

/**
 * udplite_error(), net/netfilter/nf_conntrack_proto_udp.c: conntrack sums the pseudo-header of UDP, so a UDP-Lite packet whose
 * checksum is right for its receiver is wrong here.
 */
export function trackedUdpliteChecksum(skb: Skb): boolean {
  if (skb.transport < 0 || skb.length > skb.bytes.length) return true;
  const view = viewOf(skb.bytes);
  const length = skb.length - skb.transport;
  const covered = coverage(view, skb.transport, length);
  return fold(sumBytes(view, skb.transport, covered, pseudoSum(skb, length, PROTOCOL.udp))) === 0xffff;
}

/**
 * inet_proto_csum_replace*(), net/core/utils.c. Words with sum `before` have become words with sum `after`, in the pseudo-header
 * (`pseudo`) or in the covered bytes; `state` is what transportChecksum() said before the change. A wrong checksum stays
 * wrong by the same amount; a partial one holds the pseudo-header alone.
 */
export function mendTransport(
  skb: Skb,
  state: ChecksumState,
  before: number,
  after: number,
  pseudo: boolean,
): void {
  // l4proto_manip_pkt() knows DCCP no more.
  if (skb.transport < 0 || skb.protocol === PROTOCOL.dccp) return;
  const view = viewOf(skb.bytes);
  if (skb.protocol === PROTOCOL.sctp) {
    if (state === 'right' && !pseudo) sealCrc(skb, view);
    return;
  }
  if (skb.protocol === PROTOCOL.icmp) {
    if (!pseudo) mendField(view, skb.transport + ICMP_CHECKSUM, before, after);
    return;
  }
  const offset = checksumOffset(skb.protocol);
  const at = skb.transport + offset;
  if (offset < 0 || at + 2 > skb.bytes.length || state === 'none') return;
  if (state === 'partial') {
    if (pseudo) view.setUint16(at, fold(view.getUint16(at) + (~fold(before) & 0xffff) + after));
    return;
  }
  mendField(view, at, before, after);
  if (view.getUint16(at) === 0 && skb.protocol === PROTOCOL.udp) view.setUint16(at, 0xffff);
}

/** RFC 1624 on a checksum field. */
export function mendField(view: DataView, at: number, before: number, after: number): void {
  view.setUint16(at, updateChecksum(view.getUint16(at), before, after));
}

function sealCrc(skb: Skb, view: DataView): void {
  const at = skb.transport + SCTP_CHECKSUM;
  view.setUint32(at, crc32c(view, skb.transport, skb.length - skb.transport, at), true);
}

/** Writes the transport checksum that the packet ought to have; for packets made here. */
export function sealTransport(skb: Skb): void {
  const { bytes, transport, protocol } = skb;
  if (transport < 0) return;
  const view = viewOf(bytes);
  const length = skb.length - transport;
  if (protocol === PROTOCOL.sctp) {
    sealCrc(skb, view);
    return;
  }
  const at = transport + (protocol === PROTOCOL.icmp ? ICMP_CHECKSUM : checksumOffset(protocol));
  if (at < transport) return;
  view.setUint16(at, 0);
  const sum = sumBytes(view, transport, length, protocol === PROTOCOL.icmp ? 0 : pseudoSum(skb, length));
  const value = ~fold(sum) & 0xffff;
  view.setUint16(at, value === 0 && protocol === PROTOCOL.udp ? 0xffff : value);
}
