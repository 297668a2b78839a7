/** A packet's headers one by one, from the frame to what it carries, those of tunnels and of quoted packets among them. */
import { viewOf } from '../base/bytes.ts';
import type { Frame } from '../capture/frame.ts';
import { ETHERTYPE, LEAST_ETHERTYPE } from '../header/ethernet.ts';
import { SLL_PACKET_TYPES } from '../header/sll.ts';
import { formatIp } from '../net/ip.ts';
import { formatMac } from '../net/mac.ts';
import { PROTOCOL, protocolName } from '../net/protocol.ts';
import { dissect } from './dissect.ts';
import { field, hexField, type LayerField, type PacketLayer } from './layer.ts';
import { ipFields } from './layers-ip.ts';
import { dnsFields, icmpFields, portFields, tcpFields, udpFields } from './layers-transport.ts';
import type { ArpLayer, Packet } from './packet.ts';
import { etherName } from './summary.ts';

/** Takes any bytes, and never throws. A layer that could not be read ends the list, with the reason as its last entry. */
export function packetLayers(frame: Frame): PacketLayer[] {
  const packet = dissect(frame);
  const view = viewOf(frame.bytes);
  const { length, captured } = packet;
  const cut = captured < length ? 'the capture cut the rest' : undefined;
  return [
    layer('Frame', 0, [
      field('on the wire', 'frame.len', length, 'bytes'),
      field('captured', 'frame.cap_len', captured, cut),
    ]),
    ...headersOf(packet, view, 0),
    ...packet.inner.flatMap((inner, index) => [
      tunnelOf(inner, index + 1),
      ...headersOf(inner, view, index + 1),
    ]),
  ];
}

function layer(name: string, depth: number, fields: readonly LayerField[]): PacketLayer {
  return { name, depth, fields };
}

/** Without those of the packets inside of it. */
function headersOf(packet: Packet, view: DataView, depth: number): PacketLayer[] {
  const { ether, ip, tcp, udp, ports, icmp, dns, arp, vlans, error } = packet;
  const end = view.byteLength;
  const six = ip?.family === 6;
  return [
    ...linkOf(packet, depth),
    ...vlans.map((id, index) =>
      layer('VLAN', depth, [
        field('id', index === 0 && ether?.type === ETHERTYPE.qinq ? 'ieee8021ad.id' : 'vlan.id', id),
      ]),
    ),
    ...(arp ? [layer('ARP', depth, arpFields(arp))] : []),
    ...(ip ? [layer(six ? 'IPv6' : 'IPv4', depth, ipFields(ip, view, end))] : []),
    ...(ip && tcp ? [layer('TCP', depth, tcpFields(tcp, ip, view, end))] : []),
    ...(udp ? [layer('UDP', depth, udpFields(udp))] : []),
    ...(ip && ports
      ? [layer(protocolName(ip.protocol).toUpperCase(), depth, portFields(ports, wiresharkOf(ip.protocol)))]
      : []),
    ...(icmp ? [layer(six ? 'ICMPv6' : 'ICMP', depth, icmpFields(icmp, six))] : []),
    ...(dns ? [layer('DNS', depth, dnsFields(dns))] : []),
    ...(error ? [layer(error.layer, depth, [{ name: 'unreadable', value: error.text }])] : []),
    ...(icmp?.quoted ? headersOf(icmp.quoted, view, depth + 1) : []),
  ];
}

function linkOf({ ether, sllType, interfaceIndex }: Packet, depth: number): PacketLayer[] {
  if (!ether) return [];
  const { source, destination, type } = ether;
  const name = etherName(type);
  if (sllType !== undefined)
    return [
      layer('Linux cooked', depth, [
        field('packet type', 'sll.pkttype', sllType, SLL_PACKET_TYPES[sllType]),
        ...(interfaceIndex === undefined ? [] : [field('interface', 'sll.ifindex', interfaceIndex)]),
        ...(source === undefined ? [] : [field('source', 'sll.src.eth', formatMac(source))]),
        hexField('type', 'sll.etype', type, 4, name),
      ]),
    ];
  return [
    layer('Ethernet', depth, [
      ...(destination === undefined ? [] : [field('destination', 'eth.dst', formatMac(destination))]),
      ...(source === undefined ? [] : [field('source', 'eth.src', formatMac(source))]),
      type < LEAST_ETHERTYPE ? field('length', 'eth.len', type) : hexField('type', 'eth.type', type, 4, name),
    ]),
  ];
}

function arpFields({ operation, senderMac, senderIp, targetMac, targetIp }: ArpLayer): LayerField[] {
  return [
    field('operation', 'arp.opcode', operation, ['', 'request', 'reply'][operation]),
    field('sender MAC', 'arp.src.hw_mac', formatMac(senderMac)),
    field('sender address', 'arp.src.proto_ipv4', formatIp(senderIp)),
    field('target MAC', 'arp.dst.hw_mac', formatMac(targetMac)),
    field('target address', 'arp.dst.proto_ipv4', formatIp(targetIp)),
  ];
}

function wiresharkOf(protocol: number): string {
  return protocol === PROTOCOL.udplite ? 'udp' : protocolName(protocol);
}

function tunnelOf({ tunnel }: Packet, depth: number): PacketLayer {
  const { kind = 'tunnel', id } = tunnel ?? {};
  const named = TUNNELS[kind];
  if (id === undefined) return layer(kind.toUpperCase(), depth, []);
  return layer(kind.toUpperCase(), depth, [
    named ? field(named[0], named[1], id) : { name: 'id', value: String(id) },
  ]);
}

const TUNNELS: Readonly<Record<string, readonly [name: string, field: string]>> = {
  vxlan: ['network', 'vxlan.vni'],
  geneve: ['network', 'geneve.vni'],
  gre: ['key', 'gre.key'],
  gtp: ['tunnel endpoint', 'gtp.teid'],
  erspan: ['session', 'erspan.spanid'],
};
