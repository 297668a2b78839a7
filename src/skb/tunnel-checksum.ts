/**
 * lco_csum(), include/linux/skbuff.h: the outer checksum of a tunnel packet whose inner one the device has still to
 * complete. It is made for the completed packet, in which everything from the inner transport header on sums up to what the
 * inner checksum field (the pseudo-header's sum) lacks; so in a capture on the sending side it looks wrong and is right.
 */
import { viewOf } from '../base/bytes.ts';
import { fold, sumBytes } from '../base/checksum.ts';
import { checksumOffset } from '../header/transport.ts';
import { VXLAN_LENGTH } from '../header/vxlan.ts';
import { networkOfBytes, readableTransport } from './layout.ts';

const UDP_LENGTH = 8;
const ETHERNET_LENGTH = 14;
const IP_TYPES = [0x0800, 0x86dd];

/** `pseudo` is the sum of the outer pseudo-header; `transport` where the outer UDP header begins. VXLAN (RFC 7348) alone. */
export function isRightOnceCompleted(bytes: Uint8Array, transport: number, pseudo: number): boolean {
  const view = viewOf(bytes);
  const vxlan = transport + UDP_LENGTH;
  const frame = vxlan + VXLAN_LENGTH;
  const inner = frame + ETHERNET_LENGTH;
  if (inner > bytes.length || view.getUint8(vxlan) !== 8 || !IP_TYPES.includes(view.getUint16(inner - 2)))
    return false;
  const packet = bytes.subarray(inner);
  const network = networkOfBytes(packet);
  const start = network ? readableTransport(network, packet.length) : -1;
  const offset = network ? checksumOffset(network.protocol) : -1;
  if (start < 0 || offset < 0 || inner + start + offset + 2 > bytes.length) return false;
  const field = view.getUint16(inner + start + offset);
  const covered = sumBytes(view, transport, inner + start - transport, pseudo);
  return fold(covered + (~field & 0xffff)) === 0xffff;
}
