import { SCTP_CHUNK } from '../header/sctp.ts';
import { TCP_FLAG } from '../header/tcp.ts';
import { formatEndpoint, formatIp } from '../net/ip.ts';
import { formatMac } from '../net/mac.ts';
import { PROTOCOL, protocolName } from '../net/protocol.ts';
import { formatDns } from './dns.ts';
import { icmpText, icmpv6Text } from './icmp-text.ts';
import type { ArpLayer, IpLayer, Packet } from './packet.ts';

const ETHER_NAMES = new Map<number, string>([
  [0x0842, 'wake-on-LAN'],
  [0x2000, 'CDP'],
  [0x8137, 'IPX'],
  [0x8808, 'Ethernet flow control'],
  [0x8809, 'LACP'],
  [0x8863, 'PPPoE discovery'],
  [0x8864, 'PPPoE'],
  [0x888e, 'EAPOL'],
  [0x88a2, 'AoE'],
  [0x88cc, 'LLDP'],
  [0x88e5, 'MACsec'],
  [0x88f7, 'PTP'],
  [0x8902, 'CFM'],
  [0x9000, 'loopback test'],
]);

/** Of an EtherType; undefined: it has no name here. */
export function etherName(type: number): string | undefined {
  return NETWORK_NAMES.get(type) ?? ETHER_NAMES.get(type);
}

/** What a summary doesn't name, since it says what is in them. */
const NETWORK_NAMES = new Map<number, string>([
  [0x0800, 'IPv4'],
  [0x0806, 'ARP'],
  [0x8035, 'RARP'],
  [0x8100, 'VLAN'],
  [0x86dd, 'IPv6'],
  [0x8847, 'MPLS'],
  [0x88a8, 'VLAN, outer'],
]);

/** One line for people, of the kind that tcpdump prints behind the time. Never holds a control character. */
export function summary(packet: Packet): string {
  const parts = [
    head(packet),
    ...packet.inner.map((inner) => `${inner.tunnel?.kind ?? 'inner'}${tunnelId(inner)} ${head(inner)}`),
  ];
  const errors = [packet, ...packet.inner].flatMap((one) => (one.error ? [`[${one.error.text}]`] : []));
  return clean([parts.join(' | '), ...errors].join(' '));
}

function tunnelId(inner: Packet): string {
  return inner.tunnel?.id === undefined ? '' : ` ${inner.tunnel.id}`;
}

/** C0 and C1 controls, and the marks that turn the direction of text, as \u escapes. */
export function clean(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function head(packet: Packet): string {
  const tags = packet.vlans.length > 0 ? `vlan ${packet.vlans.join('.')} ` : '';
  if (packet.arp) return tags + arpText(packet.arp);
  if (packet.ip) return tags + ipText(packet, packet.ip);
  if (packet.told?.text !== undefined) return packet.told.text;
  return tags + linkText(packet);
}

function linkText(packet: Packet): string {
  const { ether } = packet;
  if (!ether) return `link type ${packet.linkType}, ${packet.captured} bytes`;
  const from = ether.source === undefined ? '' : `${formatMac(ether.source)} `;
  const to = ether.destination === undefined ? '' : `> ${formatMac(ether.destination)} `;
  const type =
    ether.type < 0x600
      ? `802.3 length ${ether.type}`
      : (ETHER_NAMES.get(ether.type) ?? `ethertype 0x${ether.type.toString(16).padStart(4, '0')}`);
  return `${from}${to}${type}, length ${packet.length}`;
}

function arpText(arp: ArpLayer): string {
  const sender = formatIp(arp.senderIp);
  const target = formatIp(arp.targetIp);
  switch (arp.operation) {
    case 1:
      return arp.senderIp === arp.targetIp
        ? `ARP announcement ${sender} is at ${formatMac(arp.senderMac)}`
        : `ARP who has ${target}, tell ${sender}`;
    case 2:
      return `ARP ${sender} is at ${formatMac(arp.senderMac)}`;
    case 3:
      return `RARP who is ${formatMac(arp.targetMac)}, tell ${formatMac(arp.senderMac)}`;
    case 4:
      return `RARP ${formatMac(arp.targetMac)} is ${target}`;
    default:
      return `ARP operation ${arp.operation}, ${sender} > ${target}`;
  }
}

function ipText(packet: Packet, ip: IpLayer): string {
  const name = ip.family === 4 ? 'IP' : 'IP6';
  const transport = packet.tcp ?? packet.udp;
  const source = transport?.sourcePort ?? packet.ports?.source;
  const destination = transport?.destinationPort ?? packet.ports?.destination;
  const ends = `${name} ${formatEndpoint(ip.source, source)} > ${formatEndpoint(ip.destination, destination)}`;
  return `${ends}: ${upperText(packet, ip)}${fragmentText(ip)}`;
}

function fragmentText(ip: IpLayer): string {
  if (ip.fragmentOffset === 0 && !ip.moreFragments) return '';
  return `, fragment ${ip.id ?? 0} at ${ip.fragmentOffset}${ip.moreFragments ? ', more follow' : ''}`;
}

function upperText(packet: Packet, ip: IpLayer): string {
  const { tcp, udp, icmp, ports, dns } = packet;
  const dnsText = dns ? ` DNS ${dns.id} ${formatDns(dns)}` : '';
  if (tcp) {
    const ack = tcp.flags & TCP_FLAG.ack ? `, ack ${tcp.acknowledgement}` : '';
    const window = tcp.window >= 0 ? `, win ${tcp.window}` : '';
    const mss = tcp.mss === undefined ? '' : `, mss ${tcp.mss}`;
    const flags = tcpFlagText(tcp.flags);
    return `TCP ${flags}, seq ${tcp.sequence}${ack}${window}${mss}, length ${tcp.payload}${dnsText}`;
  }
  if (udp) return `UDP, length ${Math.max(0, udp.length - 8)}${dnsText}`;
  if (icmp) {
    const text = ip.protocol === PROTOCOL.icmp ? icmpText(icmp) : icmpv6Text(icmp);
    return icmp.quoted?.ip ? `${text} (about ${ipText(icmp.quoted, icmp.quoted.ip)})` : text;
  }
  const protocol = protocolName(ip.protocol);
  const label = protocol === String(ip.protocol) ? `protocol ${protocol}` : protocol.toUpperCase();
  const chunk = ports?.chunk === undefined ? '' : ` ${SCTP_CHUNK[ports.chunk] ?? `chunk ${ports.chunk}`}`;
  return `${label}${chunk}, length ${ip.payload}`;
}

const FLAG_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [TCP_FLAG.syn, 'SYN'],
  [TCP_FLAG.fin, 'FIN'],
  [TCP_FLAG.rst, 'RST'],
  [TCP_FLAG.psh, 'PSH'],
  [TCP_FLAG.ack, 'ACK'],
  [TCP_FLAG.urg, 'URG'],
  [TCP_FLAG.ece, 'ECE'],
  [TCP_FLAG.cwr, 'CWR'],
  [TCP_FLAG.ns, 'NS'],
];

/** `SYN`, `SYN+ACK`, `none`. */
export function tcpFlagText(flags: number): string {
  const names = FLAG_NAMES.filter(([bit]) => flags & bit).map(([, name]) => name);
  return names.length > 0 ? names.join('+') : 'none';
}
