/** nf_nat_mangle_tcp_packet() and nf_nat_mangle_udp_packet(), net/netfilter/nf_nat_helper.c. */
import { viewOf } from '../../base/bytes.ts';
import { fold, sumPseudoHeader } from '../../base/checksum.ts';
import { networkOfBytes, refreshLayout } from '../../skb/layout.ts';
import { sealChecksums } from '../../skb/rewrite.ts';
import type { Skb } from '../../skb/skb.ts';
import type { Expectation } from './expectation.ts';
import type { HelperContext } from './helper.ts';
import { setupNat } from './nat.ts';
import { newAdjustments, noteAdjustment } from './seqadj.ts';

/**
 * Puts `text` in place of the bytes from..to of a packet. Its checksum is left for the device to finish (CHECKSUM_PARTIAL), as the
 * kernel leaves it: a capture on the way out shows the pseudo-header's sum. `adjust`: the sequence numbers behind follow.
 */
export function manglePacket(
  { skb, connection, tracked }: HelperContext,
  from: number,
  to: number,
  text: string,
  adjust = true,
): void {
  const piece = Buffer.from(text, 'latin1');
  const grown = piece.length - (to - from);
  const bytes = new Uint8Array(skb.bytes.length + grown);
  bytes.set(skb.bytes.subarray(0, from));
  bytes.set(piece, from);
  bytes.set(skb.bytes.subarray(to), from + piece.length);
  const sequence = skb.protocol === 6 ? viewOf(skb.bytes).getUint32(skb.transport + 4) : 0;
  skb.bytes = bytes;
  const view = viewOf(bytes);
  if (skb.family === 4) view.setUint16(2, skb.length + grown);
  else view.setUint16(4, skb.length + grown - 40);
  if (skb.protocol === 17) view.setUint16(skb.transport + 4, skb.length + grown - skb.transport);
  refreshLayout(skb);
  if (skb.family === 4) sealChecksums({ ...skb, transport: -1 });
  sealPartially(skb);
  if (skb.protocol !== 6 || grown === 0 || !adjust) return;
  connection.adjust ??= newAdjustments();
  noteAdjustment(connection.adjust[tracked.direction], sequence, grown);
}

function sealPartially(skb: Skb): void {
  const network = networkOfBytes(skb.bytes);
  const at = skb.transport + (skb.protocol === 6 ? 16 : 6);
  if (!network || skb.transport < 0) return;
  const view = viewOf(skb.bytes);
  if (skb.protocol === 17 && view.getUint16(at) === 0) return;
  const sum = sumPseudoHeader(network.source, network.destination, skb.protocol, skb.length - skb.transport);
  view.setUint16(at, fold(sum));
}

/** nf_nat_follow_master(): the connection that comes is translated as its master is. */
export function followMaster(context: HelperContext): NonNullable<Expectation['arrived']> {
  return (connection, { master, direction = 'original', savedPort }) => {
    const other = master[direction === 'original' ? 'reply' : 'original'];
    const { conntrack, skb } = context;
    const common = { random: false, persistent: false };
    setupNat(
      conntrack,
      connection,
      { address: { min: other.destination, max: other.destination }, ...common },
      'src',
      skb.time,
    );
    const ports = savedPort === undefined ? {} : { ports: { min: savedPort, max: savedPort } };
    setupNat(
      conntrack,
      connection,
      { address: { min: other.source, max: other.source }, ...ports, ...common },
      'dst',
      skb.time,
    );
  };
}
