import { UNSAID } from '../capture/frame.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Packet } from '../packet/packet.ts';

/**
 * What stays the same of a packet while routers and NAT carry it: a text that equals for two sightings of one packet and
 * hardly ever for two packets. Addresses, ports, TTL, TOS and checksums may change on the way and are left out.
 *
 * TCP is known by its sequence numbers; UDP, ICMP and the rest by their IP identification and the first bytes of
 * their payload (ping writes the time there). Undefined: nothing in the packet is telling enough.
 */
export function signatureOf(packet: Packet, bytes: Uint8Array): string | undefined {
  const { ip, tcp, icmp, udp } = packet;
  if (!ip) return undefined;
  if (isWeak(packet)) return weakSignature(packet);
  const id = ip.family === 4 ? (ip.id ?? 0) : '';
  if (ip.fragmentOffset > 0)
    return id ? `frag ${ip.protocol} ${id} ${ip.fragmentOffset} ${ip.length}` : undefined;
  if (tcp) return `tcp ${tcp.sequence} ${tcp.acknowledgement} ${tcp.flags & 0x3f} ${tcp.payload}`;
  if (ip.transport < 0) return undefined;
  if (icmp) {
    const skip = icmp.id === undefined ? 8 : 6; // an echo's id is NAT's to change, its sequence number is not
    return `icmp ${icmp.type} ${icmp.code} ${id} ${digest(bytes, ip.transport + skip)}`;
  }
  if (udp) return `udp ${udp.length} ${id} ${digest(bytes, ip.transport + 8)}`;
  if (ip.protocol === PROTOCOL.sctp) {
    return `sctp ${digest(bytes, ip.transport + 4, 4)} ${digest(bytes, ip.transport + 12)}`;
  }
  return `${ip.protocol} ${ip.length} ${id} ${digest(bytes, ip.transport)}`;
}

/** Made of a text that shows neither identification nor payload: what it shows may be another packet's too. */
export function isWeak({ ip, tcp, dns, told }: Packet): boolean {
  if (!ip || told === undefined) return false;
  if (tcp) return (told.unsaid & (UNSAID.sequence | UNSAID.acknowledgement)) !== 0 && tcp.payload > 0;
  return dns === undefined && (told.unsaid & UNSAID.header) !== 0;
}

/** What NAT mostly leaves as it is: the sender's port, an echo's identifier and number. */
function weakSignature({ ip, udp, icmp }: Packet): string | undefined {
  if (udp) return `told udp ${udp.length} ${udp.sourcePort}`;
  if (icmp?.id !== undefined) return `told icmp ${icmp.type} ${icmp.id} ${icmp.sequence} ${ip?.length}`;
  return undefined;
}

/** FNV-1a over at most `length` bytes; short on purpose, so that captures with different snaplens (from 64 bytes on Ethernet) agree. */
function digest(bytes: Uint8Array, start: number, length = 22): number {
  const end = Math.min(start + length, bytes.length);
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash >>> 0;
}
