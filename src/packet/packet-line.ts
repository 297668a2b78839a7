import { UNSAID } from '../capture/frame.ts';
import { formatIp } from '../net/ip.ts';
import { formatMac } from '../net/mac.ts';
import { formatTime } from './format-time.ts';
import type { Packet } from './packet.ts';
import { clean, summary } from './summary.ts';

/** One line of `show --format jsonl`: docs of the outputs, section 6. */
export interface PacketLine {
  file: string;
  number: number;
  /** Epoch seconds with nine decimals, exact. */
  time: string;
  length: number;
  captured: number;
  linkType: number;
  interface?: string;
  etherSource?: string;
  etherDestination?: string;
  etherType?: number;
  vlans?: number[];
  source?: string;
  destination?: string;
  protocol?: number;
  ttl?: number;
  id?: number;
  /** In bytes. */
  fragmentOffset?: number;
  moreFragments?: boolean;
  sourcePort?: number;
  destinationPort?: number;
  tcpFlags?: number;
  tcpSequence?: number;
  tcpAcknowledgement?: number;
  icmpType?: number;
  icmpCode?: number;
  arpOperation?: number;
  inner?: PacketLine[];
  summary: string;
  error?: { layer: string; text: string };
}

/** `file`: as the user named it. Fields that the packet doesn't have are left out. */
export function packetLine(packet: Packet, file: string): PacketLine {
  const { ether, ip, tcp, udp, ports, icmp, arp } = packet;
  const tells = (what: number) => packet.told === undefined || (packet.told.unsaid & what) === 0;
  const line: PacketLine = {
    file,
    number: packet.number,
    time: formatTime(packet.seconds, packet.nanoseconds),
    length: packet.length,
    captured: packet.captured,
    linkType: packet.linkType,
    summary: '',
  };
  if (packet.interfaceName !== undefined) line.interface = clean(packet.interfaceName);
  if (ether?.source !== undefined) line.etherSource = formatMac(ether.source);
  if (ether?.destination !== undefined) line.etherDestination = formatMac(ether.destination);
  if (ether && ether.type >= 0x600 && tells(UNSAID.link)) line.etherType = ether.type;
  if (packet.vlans.length > 0) line.vlans = [...packet.vlans];
  if (ip) {
    line.source = formatIp(ip.source);
    line.destination = formatIp(ip.destination);
    line.protocol = ip.protocol;
    if (ip.ttl !== undefined) line.ttl = ip.ttl;
    if (ip.id !== undefined) line.id = ip.id;
    const inPieces = ip.id !== undefined || ip.fragmentOffset > 0 || ip.moreFragments;
    if (inPieces && (tells(UNSAID.fragment) || ip.family === 6)) line.fragmentOffset = ip.fragmentOffset;
    if (inPieces && tells(UNSAID.fragment)) line.moreFragments = ip.moreFragments;
  } else if (arp) {
    line.source = formatIp(arp.senderIp);
    if (tells(UNSAID.target)) line.destination = formatIp(arp.targetIp);
  }
  const transport = tcp ?? udp;
  const sourcePort = transport?.sourcePort ?? ports?.source;
  const destinationPort = transport?.destinationPort ?? ports?.destination;
  if (sourcePort !== undefined) line.sourcePort = sourcePort;
  if (destinationPort !== undefined) line.destinationPort = destinationPort;
  if (tcp) {
    line.tcpFlags = tcp.flags;
    if (tells(UNSAID.sequence)) line.tcpSequence = tcp.sequence;
    if (tells(UNSAID.acknowledgement)) line.tcpAcknowledgement = tcp.acknowledgement;
  }
  if (icmp) {
    line.icmpType = icmp.type;
    line.icmpCode = icmp.code;
  }
  if (arp) line.arpOperation = arp.operation;
  const inner = [...(icmp?.quoted ? [icmp.quoted] : []), ...packet.inner];
  if (inner.length > 0) line.inner = inner.map((one) => packetLine(one, file));
  line.summary = summary(packet);
  if (packet.error) line.error = { ...packet.error };
  return line;
}
