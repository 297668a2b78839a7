import { hasPorts, PROTOCOL } from '../net/protocol.ts';
import type { Packet } from '../packet/packet.ts';
import type { FlowEnd, Sighting } from './flow.ts';

/** The two ends a packet names. ICMP queries have their id on both sides; undefined for packets that belong to no flow of their own. */
export function endsOf(
  packet: Packet,
): { readonly source: FlowEnd; readonly destination: FlowEnd } | undefined {
  const { ip, tcp, udp, ports, icmp } = packet;
  if (!ip) return undefined;
  if (tcp || udp) {
    const layer = (tcp ?? udp) as { sourcePort: number; destinationPort: number };
    return ends(packet, layer.sourcePort, layer.destinationPort);
  }
  if (ports) return ends(packet, ports.source, ports.destination);
  if (icmp) return icmp.id === undefined ? undefined : ends(packet, icmp.id, icmp.id);
  if (hasPorts(ip.protocol) || ip.protocol === PROTOCOL.icmp || ip.protocol === PROTOCOL['ipv6-icmp'])
    return undefined;
  return ends(packet, 0, 0);
}

function ends(packet: Packet, sourcePort: number, destinationPort: number) {
  const ip = packet.ip as NonNullable<Packet['ip']>;
  return {
    source: { address: ip.source, port: sourcePort },
    destination: { address: ip.destination, port: destinationPort },
  };
}

/** What is kept of a packet for citing and reasoning. */
export function sightingOf(point: number, packet: Packet): Sighting | undefined {
  const { ip, tcp, icmp } = packet;
  if (!ip) return undefined;
  const both = endsOf(packet);
  return {
    point,
    number: packet.number,
    time: packet.seconds + packet.nanoseconds / 1e9,
    source: ip.source,
    destination: ip.destination,
    sourcePort: both?.source.port ?? 0,
    destinationPort: both?.destination.port ?? 0,
    ttl: ip.ttl,
    line: packet.told?.line,
    id: ip.id,
    length: ip.length,
    payload: tcp ? tcp.payload : ip.payload,
    tcpFlags: tcp?.flags,
    sequence: tcp?.sequence,
    acknowledgement: tcp?.acknowledgement,
    icmpType: icmp?.type,
    icmpCode: icmp?.code,
    icmpSequence: icmp?.sequence,
    etherSource: packet.ether?.source,
    etherDestination: packet.ether?.destination,
    crossing: packet.sllType === undefined ? undefined : packet.sllType === 4 ? 'out' : 'in',
    interfaceIndex: packet.interfaceIndex,
    fragmentOffset: ip.fragmentOffset,
    dns: packet.dns,
  };
}
