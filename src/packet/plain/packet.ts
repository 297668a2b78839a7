/** The packets that traffic mostly consists of, found in a frame without an object for each of them. */
import type { Frame } from '../../capture/frame.ts';
import { ETHERNET_LENGTH, ETHERTYPE, isVlanType } from '../../header/ethernet.ts';
import { ICMP, ICMP_LENGTH } from '../../header/icmp.ts';
import { ICMPV6, ICMPV6_LENGTH } from '../../header/icmpv6.ts';
import { IPV4_MIN } from '../../header/ipv4.ts';
import { IPV6_LENGTH } from '../../header/ipv6.ts';
import { SLL_LENGTH, SLL2_LENGTH } from '../../header/sll.ts';
import { TCP_MIN } from '../../header/tcp.ts';
import { UDP_LENGTH } from '../../header/udp.ts';
import { VLAN_LENGTH } from '../../header/vlan.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import { inUdp, isDns } from '../transport.ts';

const ARP_LENGTH = 28;
const ARPHRD_NETLINK = 824;

/**
 * Where the headers of a plain packet are. Plain is: Ethernet with at most one tag, Linux cooked or raw IP; then ARP between MAC and IPv4
 * addresses, or IPv4 without options and IPv6 without extension headers, in one piece; then TCP without DNS, UDP that is no tunnel, an
 * echo or neighbour discovery. Nothing in it is wrong and no header cut short but for TCP's options: `dissect` finds no error in it, and no inner packet.
 *
 * One object for all packets; the fields are valid when `read` was true, until the reader goes on.
 */
export class PlainPacket {
  view: DataView = new DataView(new ArrayBuffer(0));
  upper: 'arp' | 'tcp' | 'udp' | 'icmp' | 'icmpv6' = 'arp';
  /** Offsets in the view: the frame, its source MAC address (-1: none), the ARP or IP header, the header above IP. */
  link = 0;
  source = -1;
  network = 0;
  transport = 0;
  /** Behind the last byte of the packet that is there. */
  end = 0;
  /** -1 when the link layer has none. */
  etherType = -1;
  vlan = -1;
  family: 4 | 6 = 4;
  /** Bytes behind the TCP or UDP header, as the IP header says. */
  payload = 0;
  /** A DNS message is to be expected behind the UDP header, up to `end`. */
  dns = false;

  /** False: it is not plain, and `dissect` has to look at it. */
  read(frame: Frame): boolean {
    const { view, offset, captured } = frame;
    if (view === undefined || offset === undefined || frame.told !== undefined) return false;
    const end = offset + captured;
    if (end > view.byteLength) return false;
    this.view = view;
    this.link = offset;
    this.end = end;
    this.source = -1;
    this.etherType = -1;
    this.vlan = -1;
    this.dns = false;
    const wire = offset + Math.max(frame.length, captured);
    switch (frame.linkType) {
      case 1:
        return this.ethernet(view, offset, end, wire);
      case 113:
        return this.sll(view, offset, end, wire);
      case 276:
        return this.sll2(view, offset, end, wire);
      case 12:
      case 14:
      case 101:
        if (offset >= end) return false;
        return view.getUint8(offset) >> 4 === 6
          ? this.ipv6(view, offset, end, wire)
          : this.ipv4(view, offset, end, wire);
      case 228:
        return this.ipv4(view, offset, end, wire);
      case 229:
        return this.ipv6(view, offset, end, wire);
      default:
        return false;
    }
  }

  private ethernet(view: DataView, at: number, end: number, wire: number): boolean {
    if (at + ETHERNET_LENGTH > end) return false;
    const type = view.getUint16(at + 12);
    this.source = at + 6;
    this.etherType = type;
    const next = at + ETHERNET_LENGTH;
    if (!isVlanType(type)) return this.above(view, type, next, end, wire);
    if (next + VLAN_LENGTH > end) return false;
    this.vlan = view.getUint16(next) & 0xfff;
    return this.above(view, view.getUint16(next + 2), next + VLAN_LENGTH, end, wire);
  }

  private sll(view: DataView, at: number, end: number, wire: number): boolean {
    if (at + SLL_LENGTH > end) return false;
    if (view.getUint16(at + 4) === 6) this.source = at + 6;
    this.etherType = view.getUint16(at + 14);
    return (
      isPlainDevice(view.getUint16(at + 2)) && this.above(view, this.etherType, at + SLL_LENGTH, end, wire)
    );
  }

  private sll2(view: DataView, at: number, end: number, wire: number): boolean {
    if (at + SLL2_LENGTH > end) return false;
    if (view.getUint8(at + 11) === 6) this.source = at + 12;
    this.etherType = view.getUint16(at);
    return (
      isPlainDevice(view.getUint16(at + 8)) && this.above(view, this.etherType, at + SLL2_LENGTH, end, wire)
    );
  }

  private above(view: DataView, type: number, at: number, end: number, wire: number): boolean {
    if (type === ETHERTYPE.ipv4) return this.ipv4(view, at, end, wire);
    if (type === ETHERTYPE.ipv6) return this.ipv6(view, at, end, wire);
    return type === ETHERTYPE.arp && this.arp(view, at, end);
  }

  private arp(view: DataView, at: number, end: number): boolean {
    if (at + ARP_LENGTH > end || view.getUint16(at + 4) !== 0x0604) return false;
    const operation = view.getUint16(at + 6);
    this.upper = 'arp';
    this.network = at;
    return operation === 1 || operation === 2;
  }

  private ipv4(view: DataView, at: number, end: number, wire: number): boolean {
    // Version 4 and five words of header; no more fragments, and the first of them.
    if (at + IPV4_MIN > end || view.getUint8(at) !== 0x45 || (view.getUint16(at + 6) & 0x3fff) !== 0)
      return false;
    const total = view.getUint16(at + 2);
    if (total < IPV4_MIN || at + total > wire) return false;
    this.family = 4;
    this.network = at;
    this.end = Math.min(end, at + total);
    const protocol = view.getUint8(at + 9);
    const transport = at + IPV4_MIN;
    if (protocol !== PROTOCOL.icmp) return this.ported(view, protocol, transport, total - IPV4_MIN);
    if (transport + ICMP_LENGTH > this.end) return false;
    this.upper = 'icmp';
    this.transport = transport;
    const type = view.getUint8(transport);
    return type === ICMP.echo || type === ICMP.echoReply;
  }

  private ipv6(view: DataView, at: number, end: number, wire: number): boolean {
    if (at + IPV6_LENGTH > end || view.getUint8(at) >> 4 !== 6) return false;
    const payload = view.getUint16(at + 4);
    const transport = at + IPV6_LENGTH;
    if (payload === 0 || transport + payload > wire) return false;
    this.family = 6;
    this.network = at;
    this.end = Math.min(end, transport + payload);
    const protocol = view.getUint8(at + 6);
    if (protocol !== PROTOCOL['ipv6-icmp']) return this.ported(view, protocol, transport, payload);
    if (transport + ICMPV6_LENGTH > this.end) return false;
    this.upper = 'icmpv6';
    this.transport = transport;
    const type = view.getUint8(transport);
    return (
      type === ICMPV6.echo ||
      type === ICMPV6.echoReply ||
      (type >= ICMPV6.routerSolicitation && type <= ICMPV6.neighbourAdvertisement)
    );
  }

  /** TCP and UDP. `room`: bytes that the IP packet has for header and data. */
  private ported(view: DataView, protocol: number, at: number, room: number): boolean {
    this.transport = at;
    if (protocol === PROTOCOL.tcp) {
      if (at + TCP_MIN > this.end) return false;
      const length = (view.getUint8(at + 12) >> 4) * 4;
      if (length < TCP_MIN || length > room) return false;
      this.upper = 'tcp';
      this.payload = room - length;
      // A snaplen that cuts the options leaves nothing behind them to look into either.
      const behind = at + length <= this.end && this.payload > 0;
      return !behind || !isDns(view.getUint16(at), view.getUint16(at + 2));
    }
    if (protocol !== PROTOCOL.udp || at + UDP_LENGTH > this.end) return false;
    const length = view.getUint16(at + 4);
    if (length < UDP_LENGTH || length > room) return false;
    this.upper = 'udp';
    this.end = Math.min(this.end, at + length);
    this.payload = length - UDP_LENGTH;
    const inside = inUdp(view.getUint16(at), view.getUint16(at + 2));
    this.dns = inside === 'dns';
    return inside === undefined || this.dns;
  }
}

/** Devices whose protocol field in a cooked header is an EtherType. */
function isPlainDevice(hardwareType: number): boolean {
  return hardwareType !== ARPHRD_NETLINK;
}
