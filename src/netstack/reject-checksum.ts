/** nf_reject_verify_csum() and what surrounds it, include/net/netfilter/nf_reject.h: REJECT doesn't answer what may be damaged. */
import { viewOf } from '../base/bytes.ts';
import { fold, sumBytes, sumPseudoHeader } from '../base/checksum.ts';
import { PROTOCOL } from '../net/protocol.ts';
import { networkOfBytes } from '../skb/layout.ts';
import type { Skb } from '../skb/skb.ts';
import { findHeader, isFound } from '../xtables/ipv6.ts';

/** GRE, ESP, AH, SCTP and UDP-Lite, which have other checks or none. */
const UNCHECKED: ReadonlySet<number> = new Set([47, 50, 51, 132, 136]);

/**
 * A packet of any other protocol has to add up as TCP and UDP do (in IPv4 without the pseudo-header), although most have no such
 * checksum: IPIP or OSPF are refused in silence. Of IPv6 there has to be something behind the headers.
 */
export function mayReject(skb: Skb): boolean {
  if (skb.local) return true;
  const upper = upperOf(skb);
  if (!upper) return false;
  const { protocol, offset } = upper;
  if (UNCHECKED.has(protocol) || skb.length > skb.bytes.length) return true;
  const view = viewOf(skb.bytes);
  // Less than a header is summed up like anything else.
  if (protocol === PROTOCOL.udp && offset + 8 <= skb.length && view.getUint16(offset + 6) === 0) return true;
  const network = networkOfBytes(skb.bytes);
  if (!network) return true;
  const length = Math.max(0, skb.length - offset);
  const hasPseudo = skb.family === 6 || protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp;
  const pseudo = hasPseudo ? sumPseudoHeader(network.source, network.destination, protocol, length) : 0;
  // In IPv4 the header, whose words add up to 0xffff, is summed as well: zeros are right then.
  const before = skb.family === 4 ? pseudo + 0xffff : pseudo;
  return fold(sumBytes(view, offset, length, before)) === 0xffff || isPartial(skb, offset, protocol, pseudo);
}

/** Left to the device: the field holds the pseudo-header's sum. */
function isPartial(skb: Skb, offset: number, protocol: number, pseudo: number): boolean {
  const at = offset + (protocol === PROTOCOL.tcp ? 16 : 6);
  const has = protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp;
  return has && at + 2 <= skb.length && viewOf(skb.bytes).getUint16(at) === fold(pseudo);
}

function upperOf(skb: Skb): { readonly protocol: number; readonly offset: number } | undefined {
  if (skb.family === 4) return { protocol: skb.bytes[9] ?? 0, offset: ((skb.bytes[0] ?? 0) & 15) * 4 };
  const found = findHeader(skb);
  return isFound(found) && found.fragmentOffset === 0 && found.offset < skb.length ? found : undefined;
}
