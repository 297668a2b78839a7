import type { FrameColumns } from '../capture/columns.ts';
import { GENEVE_PORT } from '../header/geneve.ts';
import { GTP_PORT } from '../header/gtp.ts';
import { VXLAN_PORTS } from '../header/vxlan.ts';
import { PROTOCOL } from '../net/protocol.ts';
import { AddressTable } from './addresses.ts';
import type { Kernel } from './kernel.ts';
import { type Macs, macsOf, NO_RECEIVER } from './macs.ts';
import { hashOf } from './record-index.ts';
import { type Batch, kindOf, MARK, ROW, ROW_WORDS } from './row.ts';

const ETHERNET = 1;
const SLL = 113;
const SLL2 = 276;

/** LINKTYPE_* whose frames begin with IP. */
const RAW: ReadonlySet<number> = new Set([12, 14, 101, 228, 229]);

const IPV4 = 0x800;
const IPV6 = 0x86dd;
const VLAN = 0x8100;
const VLAN_QINQ = 0x88a8;

const TCP_MIN = 20;
const UDP_LENGTH = 8;
const ECHO_LENGTH = 8;
const DNS_PORT = 53;
const MDNS_PORT = 5353;
const MPLS_PORT = 6635;
const TEREDO_PORT = 3544;

const TUNNELS = [...VXLAN_PORTS, GENEVE_PORT, GTP_PORT, MPLS_PORT, TEREDO_PORT];

/** Ports whose UDP datagrams hold other packets, one bit each; and those of which more is looked at than headers. */
const TUNNEL_PORTS = bitmapOf(TUNNELS);
export const LOOKED_INTO = bitmapOf([...TUNNELS, DNS_PORT, MDNS_PORT]);

function bitmapOf(ports: readonly number[]): Uint8Array {
  const bits = new Uint8Array(8192);
  for (const port of ports) bits[port >> 3] = (bits[port >> 3] as number) | (1 << (port & 7));
  return bits;
}

const holds = (bits: Uint8Array, port: number) => (((bits[port >> 3] as number) >> (port & 7)) & 1) !== 0;

/**
 * Decodes plain packets: Ethernet (with VLAN tags), cooked or raw; IPv4 or IPv6 without fragments and extension headers; TCP, UDP or
 * an ICMP echo between two hosts, whole as far as its headers go and with lengths that agree. Everything else is somebody else's to
 * look at: packet/dissect.ts reads what this leaves, and agrees with it on what it takes.
 */
export class PlainDecoder {
  readonly addresses: AddressTable;
  readonly #kernel: Kernel | undefined;
  readonly seed: number;
  /** Records that `decode` looked at itself, since the kernel doesn't read such packets. */
  others = 0;

  /** Without a kernel it decodes one packet at a time, and says nothing of MACs. `seed`: of the hashes in its rows. */
  constructor(kernel: Kernel | undefined, addresses = new AddressTable(), seed = kernel?.seed) {
    this.#kernel = kernel;
    this.seed = seed ?? 0;
    this.addresses = addresses;
  }

  /** Undefined for pair 0 and for what the header doesn't tell. */
  macs(number: number): Macs {
    return this.#kernel && number > 0 ? macsOf(this.#kernel.macWords, number) : {};
  }

  /**
   * Fills rows of the kernel's batch with the records from `from` on of the columns that it has taken in, as long as they are plain, and counts
   * them. Gives the first that isn't, else `to`. The batch must have room for all.
   */
  decode(kernel: Kernel, columns: FrameColumns, from: number, to: number, point: number): number {
    const { batch, run } = kernel;
    const known = kindOf(0, false, point);
    let i = from;
    while (i < to) {
      if (columns.linkType === ETHERNET) {
        const next = run.decode(i, to, batch.count, known, kernel.base);
        batch.count += next - i;
        i = next;
      }
      if (i === to) break;
      this.others++;
      if (!this.one(columns, i++, point, batch)) return i - 1;
    }
    return to;
  }

  /** Fills the batch's next row with any packet. False, and nothing changed: it isn't plain. */
  one(columns: FrameColumns, index: number, point: number, batch: Batch): boolean {
    const { view, linkType } = columns;
    const start = columns.offset[index] as number;
    const captured = columns.captured[index] as number;
    const frameLength = columns.length[index] as number;
    const end = start + captured;
    let at = start;
    let type: number;
    let macs = 0;
    let marks = 0;
    if (linkType === ETHERNET) {
      if (end - start < 34) return false;
      const head = view.getInt32(start);
      // Frames to groups are no flow's.
      if ((head & 0x01000000) !== 0) return false;
      macs = this.#numberOfMacs(head, view.getInt32(start + 4), view.getInt32(start + 8));
      type = view.getUint16(start + 12);
      at = start + 14;
      while (type === VLAN || type === VLAN_QINQ) {
        if (end - at < 4 || at - start > 22) return false;
        type = view.getUint16(at + 2);
        at += 4;
      }
    } else if (linkType === SLL || linkType === SLL2) {
      if (end - start < 40) return false;
      const second = linkType === SLL2;
      const packetType = second ? view.getUint8(start + 10) : view.getUint16(start);
      if (packetType === 1 || packetType === 2) return false;
      type = view.getUint16(second ? start : start + 14);
      const ethernet = (second ? view.getUint8(start + 11) : view.getUint16(start + 4)) === 6;
      const sender = second ? start + 12 : start + 6;
      if (ethernet) {
        const high = 0xffff0000 | view.getUint16(sender);
        macs = this.#numberOfMacs(NO_RECEIVER, high, view.getInt32(sender + 2));
      }
      at = start + (second ? 20 : 16);
    } else if (RAW.has(linkType)) {
      if (end - start < 20) return false;
      const version = view.getUint8(start) >> 4;
      type = version === 4 && linkType !== 229 ? IPV4 : version === 6 && linkType !== 228 ? IPV6 : 0;
    } else return false;
    // What the wire had from here, as far as the record says.
    const wire = Math.max(frameLength, captured) - (at - start);
    const row = batch.count * ROW_WORDS;
    const { words } = batch;
    let source: number;
    let destination: number;
    let transport: number;
    let length: number;
    let protocol: number;
    let ttl: number;
    let id = 0;
    if (type === IPV4) {
      if (end - at < 20) return false;
      const first = view.getUint32(at);
      if (first >>> 28 !== 4) return false;
      const header = ((first >>> 24) & 15) << 2;
      length = first & 0xffff;
      if (header < 20 || length < header || length > wire) return false;
      const second = view.getUint32(at + 4);
      if ((second & 0x3fff) !== 0) return false;
      id = second >>> 16;
      const third = view.getUint16(at + 8);
      ttl = third >> 8;
      protocol = third & 255;
      source = view.getInt32(at + 12);
      destination = view.getInt32(at + 16);
      if (source === 0 || destination >>> 28 >= 14) return false;
      transport = at + header;
    } else if (type === IPV6) {
      if (end - at < 40) return false;
      if (view.getUint8(at) >> 4 !== 6) return false;
      const payload = view.getUint16(at + 4);
      if (payload === 0) return false;
      length = payload + 40;
      if (length > wire) return false;
      protocol = view.getUint8(at + 6);
      ttl = view.getUint8(at + 7);
      if (view.getUint8(at + 24) === 0xff) return false;
      source = this.addresses.number(view, at + 8);
      destination = this.addresses.number(view, at + 24);
      transport = at + 40;
    } else return false;
    // Behind the IP packet is padding.
    const stop = Math.min(at + length, end);
    let payload = length - (transport - at);
    let flags = 0;
    let sampled = isSampled(id);
    let ports: number;
    let behind = transport + 4;
    if (protocol === PROTOCOL.tcp) {
      if (stop - transport < TCP_MIN) return false;
      sampled = 0;
      ports = view.getInt32(transport);
      const offset = view.getUint16(transport + 12);
      const header = (offset >> 12) << 2;
      if (header < TCP_MIN || header > payload) return false;
      flags = offset & 255;
      payload -= header;
      const sequence = view.getInt32(transport + 4);
      words[row + ROW.sequence] = sequence;
      words[row + ROW.acknowledgement] = view.getInt32(transport + 8);
      if (payload > 1) marks |= MARK.segment;
      if (payload > 0) sampled = isSampled(Math.imul(sequence, 0x9e3779b1) >>> 27);
    } else if (protocol === PROTOCOL.udp) {
      if (stop - transport < UDP_LENGTH) return false;
      ports = view.getInt32(transport);
      const said = view.getUint16(transport + 4);
      if (said < UDP_LENGTH || said > payload) return false;
      payload -= UDP_LENGTH;
      const from = ports >>> 16;
      const to = ports & 0xffff;
      if (holds(TUNNEL_PORTS, to) || holds(TUNNEL_PORTS, from)) return false;
      if (to === MDNS_PORT || from === MDNS_PORT) return false;
      behind = transport + UDP_LENGTH;
      if (from === DNS_PORT && stop - behind >= 4 && isNameError(view.getUint16(behind + 2)))
        marks |= MARK.nameError;
    } else if (protocol === PROTOCOL.icmp || protocol === PROTOCOL['ipv6-icmp']) {
      if (stop - transport < ECHO_LENGTH) return false;
      const kind = view.getUint16(transport);
      const isRequest = protocol === PROTOCOL.icmp ? kind === 0x0800 : kind === 0x8000;
      if (!isRequest && kind !== (protocol === PROTOCOL.icmp ? 0 : 0x8100)) return false;
      if ((protocol === PROTOCOL.icmp) !== (type === IPV4)) return false;
      marks |= isRequest ? MARK.echo | MARK.echoRequest : MARK.echo;
      const echo = view.getInt32(transport + 4);
      ports = ((echo >>> 16) << 16) | (echo >>> 16);
      id |= (echo & 0xffff) << 16;
      behind = transport + 6;
    } else return false;
    const flip = isHigher(source, destination, ports);
    if (flip !== 0) {
      [source, destination] = [destination, source];
      ports = (ports << 16) | (ports >>> 16);
      marks |= MARK.high;
    }
    if (captured < frameLength) marks |= MARK.cut;
    const kind = kindOf(protocol, type === IPV6, point);
    const time = (columns.seconds[index] as number) + (columns.nanoseconds[index] as number) / 1e9;
    words[row + ROW.low] = source;
    words[row + ROW.high] = destination;
    words[row + ROW.ports] = ports;
    words[row + ROW.kind] = kind;
    words[row + ROW.hash] = hashOf(source, destination, ports, kind, this.seed);
    batch.doubles[(row + ROW.time) >> 1] = time;
    words[row + ROW.wire] = frameLength;
    words[row + ROW.payload] = payload;
    words[row + ROW.bits] = flags | (ttl << 8) | (marks << 16) | sampled;
    words[row + ROW.id] = id;
    words[row + ROW.macs] = macs;
    const shift = this.#kernel?.base ?? 0;
    words[row + ROW.at] = behind + shift;
    words[row + ROW.end] = end + shift;
    batch.count++;
    return true;
  }

  #numberOfMacs(a: number, b: number, c: number): number {
    return this.#kernel ? this.#kernel.run.numberOfMacs(a, b, c) : 0;
  }
}

/** -1 when the source is the higher end, else 0; without a branch, since directions alternate. Addresses as unsigned numbers. */
function isHigher(source: number, destination: number, ports: number): number {
  if (source === destination) return ports >>> 16 > (ports & 0xffff) ? -1 : 0;
  // The borrow of `destination - source`.
  return ((~destination & source) | ((~destination | source) & (destination - source))) >> 31;
}

/**
 * One packet in 32 is signed wherever it is seen: the choice depends on what NAT leaves alone (identification, sequence number), so all
 * points choose the same ones. The mark in place, or 0.
 */
function isSampled(number: number): number {
  return ((((number & 31) ^ 1) - 1) >>> 31) * (MARK.sampled << 16);
}

/** RFC 1035 section 4.1.1: a response whose RCODE isn't 0. */
function isNameError(flags: number): boolean {
  return (flags & 0x8000) !== 0 && (flags & 15) !== 0;
}
