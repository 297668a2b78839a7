import type { Frame } from '../capture/frame.ts';
import { writeIpv4, writeIpv6, writeMac } from '../packet/plain/address.ts';
import { writeDecimal, writeLong, writeNanoseconds, writeShort } from '../packet/plain/digits.ts';
import { Literal } from '../packet/plain/literal.ts';
import { PlainPacket } from '../packet/plain/packet.ts';
import { MOST_SUMMARY, writeSummary } from '../packet/plain/summary.ts';
import { clean } from '../packet/summary.ts';
import { jsonText } from './json.ts';

/** Bytes that everything takes at most but the summary and the names. */
const MOST_FIELDS = 1024;
const NUMBER = new Literal(',"number":');
const TIME = new Literal(',"time":"');
const LENGTH = new Literal('","length":');
const CAPTURED = new Literal(',"captured":');
const LINK_TYPE = new Literal(',"linkType":');
const SUMMARY = new Literal(',"summary":"');
const ETHER_SOURCE = new Literal(',"etherSource":"');
const ETHER_DESTINATION = new Literal(',"etherDestination":"');
const ETHER_TYPE = new Literal(',"etherType":');
const VLANS = new Literal(',"vlans":[');
const SOURCE = new Literal(',"source":"');
const DESTINATION = new Literal('","destination":"');
const PROTOCOL = new Literal('","protocol":');
const TTL = new Literal(',"ttl":');
const ID = new Literal(',"id":');
const WHOLE = new Literal(',"fragmentOffset":0,"moreFragments":false');
const SOURCE_PORT = new Literal(',"sourcePort":');
const DESTINATION_PORT = new Literal(',"destinationPort":');
const FLAGS = new Literal(',"tcpFlags":');
const SEQUENCE = new Literal(',"tcpSequence":');
const ACKNOWLEDGEMENT = new Literal(',"tcpAcknowledgement":');
const ICMP_TYPE = new Literal(',"icmpType":');
const ICMP_CODE = new Literal(',"icmpCode":');
const OPERATION = new Literal('","arpOperation":');
const POINT = 0x2e;
const QUOTE = 0x22;
const BRACKET = 0x5d;
const BRACE = 0x7d;

/** `packetLine` of plain packets as JSON, as bytes. Field by field in its order. */
export class PacketJson {
  private readonly packet = new PlainPacket();
  private readonly file: Literal;
  private readonly interfaces = new Map<string, Literal>();
  /** Of the frame that is being written: `,"interface":"eth0"`. */
  private device: Literal | undefined;

  constructor(file: string) {
    this.file = new Literal(`{"file":${jsonText(file)}`);
  }

  /** Room that the object needs at most. To be asked before it is written. */
  room(frame: Frame): number {
    this.device = frame.interfaceName === undefined ? undefined : this.interface(frame.interfaceName);
    return MOST_FIELDS + MOST_SUMMARY + this.file.length + (this.device?.length ?? 0);
  }

  /** Writes the object at `at` and gives the offset behind it; -1 when the packet is not plain. */
  write(out: DataView, at: number, frame: Frame): number {
    const { packet } = this;
    // Before 1970 the fraction counts the other way.
    if (frame.seconds < 0 || frame.seconds > Number.MAX_SAFE_INTEGER || !packet.read(frame)) return -1;
    let next = writeDecimal(out, NUMBER.write(out, this.file.write(out, at)), frame.number);
    next = writeDecimal(out, TIME.write(out, next), frame.seconds);
    out.setUint8(next, POINT);
    next = writeNanoseconds(out, next + 1, frame.nanoseconds);
    next = writeDecimal(out, LENGTH.write(out, next), frame.length);
    next = writeDecimal(out, CAPTURED.write(out, next), frame.captured);
    next = writeDecimal(out, LINK_TYPE.write(out, next), frame.linkType);
    next = writeSummary(out, SUMMARY.write(out, next), packet);
    if (next < 0) return -1;
    out.setUint8(next++, QUOTE);
    if (this.device) next = this.device.write(out, next);
    next = writeLink(out, next, packet, frame.linkType);
    next = packet.upper === 'arp' ? writeArp(out, next, packet) : writeIp(out, next, packet);
    out.setUint8(next, BRACE);
    return next + 1;
  }

  private interface(name: string): Literal {
    const known = this.interfaces.get(name);
    if (known) return known;
    const literal = new Literal(`,"interface":${jsonText(clean(name))}`);
    this.interfaces.set(name, literal);
    return literal;
  }
}

function writeLink(out: DataView, at: number, packet: PlainPacket, linkType: number): number {
  const { view, link, source, etherType, vlan } = packet;
  let next = at;
  if (source >= 0) {
    next = writeMac(out, ETHER_SOURCE.write(out, next), view, source);
    out.setUint8(next++, QUOTE);
  }
  if (linkType === 1) {
    next = writeMac(out, ETHER_DESTINATION.write(out, next), view, link);
    out.setUint8(next++, QUOTE);
  }
  if (etherType >= 0) next = writeShort(out, ETHER_TYPE.write(out, next), etherType);
  if (vlan >= 0) {
    next = writeShort(out, VLANS.write(out, next), vlan);
    out.setUint8(next++, BRACKET);
  }
  return next;
}

function writeArp(out: DataView, at: number, { view, network }: PlainPacket): number {
  let next = writeIpv4(out, SOURCE.write(out, at), view, network + 14);
  next = writeIpv4(out, DESTINATION.write(out, next), view, network + 24);
  return writeShort(out, OPERATION.write(out, next), view.getUint16(network + 6));
}

function writeIp(out: DataView, at: number, packet: PlainPacket): number {
  const { view, network } = packet;
  let next = SOURCE.write(out, at);
  if (packet.family === 4) {
    next = writeIpv4(out, next, view, network + 12);
    next = writeIpv4(out, DESTINATION.write(out, next), view, network + 16);
    next = writeShort(out, PROTOCOL.write(out, next), view.getUint8(network + 9));
    next = writeShort(out, TTL.write(out, next), view.getUint8(network + 8));
    next = writeShort(out, ID.write(out, next), view.getUint16(network + 4));
    next = WHOLE.write(out, next);
  } else {
    next = writeIpv6(out, next, view, network + 8);
    next = writeIpv6(out, DESTINATION.write(out, next), view, network + 24);
    next = writeShort(out, PROTOCOL.write(out, next), view.getUint8(network + 6));
    next = writeShort(out, TTL.write(out, next), view.getUint8(network + 7));
  }
  return writeUpper(out, next, packet);
}

function writeUpper(out: DataView, at: number, { view, transport, upper }: PlainPacket): number {
  if (upper === 'icmp' || upper === 'icmpv6') {
    const next = writeShort(out, ICMP_TYPE.write(out, at), view.getUint8(transport));
    return writeShort(out, ICMP_CODE.write(out, next), view.getUint8(transport + 1));
  }
  let next = writeShort(out, SOURCE_PORT.write(out, at), view.getUint16(transport));
  next = writeShort(out, DESTINATION_PORT.write(out, next), view.getUint16(transport + 2));
  if (upper === 'udp') return next;
  next = writeShort(out, FLAGS.write(out, next), view.getUint16(transport + 12) & 0x1ff);
  next = writeLong(out, SEQUENCE.write(out, next), view, transport + 4);
  return writeLong(out, ACKNOWLEDGEMENT.write(out, next), view, transport + 8);
}
