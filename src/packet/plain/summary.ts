/** What `summary` says of a plain packet, written as bytes: the same text, without a string or an object in between. */
import { ICMP } from '../../header/icmp.ts';
import { ICMPV6 } from '../../header/icmpv6.ts';
import { mssOffset, TCP_FLAG, TCP_MIN } from '../../header/tcp.ts';
import { UDP_LENGTH } from '../../header/udp.ts';
import { icmpv6Name } from '../icmp-text.ts';
import { tcpFlagText } from '../summary.ts';
import { writeIpv4, writeIpv6, writeMac } from './address.ts';
import { writeLong, writeShort } from './digits.ts';
import { MOST_DNS, writeDns } from './dns.ts';
import { Literal } from './literal.ts';
import type { PlainPacket } from './packet.ts';

/** Bytes that the longest of these lines takes, with what the writers may scribble behind it. */
export const MOST_SUMMARY = 512 + MOST_DNS;

const VLAN = new Literal('vlan ');
const IP = new Literal('IP ');
const IP6 = new Literal('IP6 ');
const TO = new Literal(' > ');
const ACK = new Literal(', ack ');
const WINDOW = new Literal(', win ');
const MSS = new Literal(', mss ');
const LENGTH = new Literal(', length ');
const UDP = new Literal(': UDP, length ');
const ECHO = new Literal(': ICMP echo request, id ');
const ECHO_REPLY = new Literal(': ICMP echo reply, id ');
const SEQUENCE = new Literal(', seq ');
const ARP = new Literal('ARP ');
const ARP_WHO = new Literal('ARP who has ');
const ARP_SELF = new Literal('ARP announcement ');
const TELL = new Literal(', tell ');
const IS_AT = new Literal(' is at ');
const SPACE = 0x20;
const COLON = 0x3a;
const OPEN = 0x5b;
const CLOSE = 0x5d;

/** Gives the offset behind it; -1 when it holds a DNS message that is not plain. There must be room for MOST_SUMMARY. */
export function writeSummary(out: DataView, at: number, packet: PlainPacket): number {
  let next = at;
  if (packet.vlan >= 0) {
    next = writeShort(out, VLAN.write(out, next), packet.vlan);
    out.setUint8(next++, SPACE);
  }
  switch (packet.upper) {
    case 'tcp':
      return writeTcp(out, writeEndpoints(out, next, packet), packet);
    case 'udp':
      return writeUdp(out, writeEndpoints(out, next, packet), packet);
    case 'icmp':
      return writeEcho(out, writeAddresses(out, next, packet), packet);
    case 'icmpv6':
      return writeIcmpv6(out, writeAddresses(out, next, packet), packet);
    case 'arp':
      return writeArp(out, next, packet);
  }
}

function writeAddresses(out: DataView, at: number, { view, network, family }: PlainPacket): number {
  if (family === 4) {
    const source = writeIpv4(out, IP.write(out, at), view, network + 12);
    return writeIpv4(out, TO.write(out, source), view, network + 16);
  }
  const source = writeIpv6(out, IP6.write(out, at), view, network + 8);
  return writeIpv6(out, TO.write(out, source), view, network + 24);
}

function writeEndpoints(out: DataView, at: number, packet: PlainPacket): number {
  const { view, network, transport } = packet;
  let next: number;
  if (packet.family === 4) {
    next = writeIpv4(out, IP.write(out, at), view, network + 12);
    next = writePort(out, next, view.getUint16(transport));
    next = writeIpv4(out, TO.write(out, next), view, network + 16);
  } else {
    next = IP6.write(out, at);
    out.setUint8(next, OPEN);
    next = writeIpv6(out, next + 1, view, network + 8);
    out.setUint8(next, CLOSE);
    next = writePort(out, next + 1, view.getUint16(transport));
    next = TO.write(out, next);
    out.setUint8(next, OPEN);
    next = writeIpv6(out, next + 1, view, network + 24);
    out.setUint8(next++, CLOSE);
  }
  return writePort(out, next, view.getUint16(transport + 2));
}

function writePort(out: DataView, at: number, port: number): number {
  out.setUint8(at, COLON);
  return writeShort(out, at + 1, port);
}

function writeTcp(out: DataView, at: number, { view, transport, payload, end }: PlainPacket): number {
  const word = view.getUint16(transport + 12);
  const flags = word & 0x1ff;
  let next = writeLong(out, flagsLiteral(flags).write(out, at), view, transport + 4);
  if (flags & TCP_FLAG.ack) next = writeLong(out, ACK.write(out, next), view, transport + 8);
  next = writeShort(out, WINDOW.write(out, next), view.getUint16(transport + 14));
  if (flags & TCP_FLAG.syn) {
    const behind = transport + (word >> 12) * 4;
    const mss = behind > end ? -1 : mssOffset(view, transport + TCP_MIN, behind);
    if (mss >= 0) next = writeShort(out, MSS.write(out, next), view.getUint16(mss));
  }
  return writeShort(out, LENGTH.write(out, next), payload);
}

function writeUdp(out: DataView, at: number, { view, transport, payload, dns, end }: PlainPacket): number {
  const next = writeShort(out, UDP.write(out, at), payload);
  return dns ? writeDns(out, next, view, transport + UDP_LENGTH, end) : next;
}

/** Made when they are first met; indexed by the nine bits. */
const FLAGS = new Array<Literal | undefined>(0x200).fill(undefined);

function flagsLiteral(flags: number): Literal {
  const literal = FLAGS[flags] ?? new Literal(`: TCP ${tcpFlagText(flags)}, seq `);
  FLAGS[flags] = literal;
  return literal;
}

function writeEcho(out: DataView, at: number, { view, transport }: PlainPacket): number {
  const literal = view.getUint8(transport) === ICMP.echo ? ECHO : ECHO_REPLY;
  return writeQuery(out, literal.write(out, at), view, transport);
}

function writeQuery(out: DataView, at: number, view: DataView, transport: number): number {
  const next = writeShort(out, at, view.getUint16(transport + 4));
  return writeShort(out, SEQUENCE.write(out, next), view.getUint16(transport + 6));
}

/** The messages that PlainPacket lets through, by type. */
const ICMPV6_NAMES = new Map(
  [
    ICMPV6.echo,
    ICMPV6.echoReply,
    ICMPV6.routerSolicitation,
    ICMPV6.routerAdvertisement,
    ICMPV6.neighbourSolicitation,
    ICMPV6.neighbourAdvertisement,
  ].map((type) => [type as number, new Literal(`: ICMPv6 ${icmpv6Name(type)}`)]),
);
const ID = new Literal(', id ');
const ND_TARGET = 8;

function writeIcmpv6(out: DataView, at: number, { view, transport, end }: PlainPacket): number {
  const type = view.getUint8(transport);
  const next = ICMPV6_NAMES.get(type)?.write(out, at) ?? at;
  if (type <= ICMPV6.echoReply) return writeQuery(out, ID.write(out, next), view, transport);
  const hasTarget = type >= ICMPV6.neighbourSolicitation && transport + ND_TARGET + 16 <= end;
  if (!hasTarget) return next;
  out.setUint8(next, SPACE);
  return writeIpv6(out, next + 1, view, transport + ND_TARGET);
}

function writeArp(out: DataView, at: number, { view, network }: PlainPacket): number {
  const senderMac = network + 8;
  const sender = network + 14;
  const target = network + 24;
  if (view.getUint16(network + 6) === 2) return writeIsAt(out, ARP.write(out, at), view, sender, senderMac);
  if (view.getUint32(sender) === view.getUint32(target))
    return writeIsAt(out, ARP_SELF.write(out, at), view, sender, senderMac);
  const next = writeIpv4(out, ARP_WHO.write(out, at), view, target);
  return writeIpv4(out, TELL.write(out, next), view, sender);
}

function writeIsAt(out: DataView, at: number, view: DataView, ip: number, mac: number): number {
  return writeMac(out, IS_AT.write(out, writeIpv4(out, at, view, ip)), view, mac);
}
