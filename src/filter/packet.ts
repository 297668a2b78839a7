/** The pairs of ends that a packet is about: its own, those of packets inside it, and of the one that an ICMP error quotes. */
import type { Packet } from '../packet/packet.ts';
import { ARP_PROTOCOL } from './filter.ts';
import type { Face, Subject } from './match.ts';

export function packetSubject(packet: Packet): Subject {
  const time = packet.seconds + packet.nanoseconds / 1e9;
  return { faces: facesOf(packet), start: time, end: time };
}

function facesOf(packet: Packet): Face[] {
  const { ip, arp, icmp } = packet;
  const faces: Face[] = [];
  if (arp) {
    faces.push({
      protocol: ARP_PROTOCOL,
      client: { address: arp.senderIp, port: 0 },
      server: { address: arp.targetIp, port: 0 },
    });
  }
  if (ip) {
    const [from, to] = portsOf(packet);
    faces.push({
      protocol: ip.protocol,
      client: { address: ip.source, port: from },
      server: { address: ip.destination, port: to },
    });
  }
  for (const inner of packet.inner) faces.push(...facesOf(inner));
  if (icmp?.quoted) faces.push(...facesOf(icmp.quoted));
  return faces;
}

/** -1 where there are none: fragments behind the first. */
function portsOf({ tcp, udp, ports }: Packet): readonly [number, number] {
  const ported = tcp ?? udp;
  if (ported) return [ported.sourcePort, ported.destinationPort];
  return ports ? [ports.source, ports.destination] : [-1, -1];
}
