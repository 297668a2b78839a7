import { GENEVE_PORT } from '../header/geneve.ts';
import { GTP_PORT } from '../header/gtp.ts';
import { FRAG_NEEDED, ICMP, ICMP_LENGTH, Icmp, isIcmpError, isIcmpQuery } from '../header/icmp.ts';
import {
  hasNdTarget,
  ICMPV6,
  ICMPV6_LENGTH,
  Icmpv6,
  isIcmpv6Error,
  isIcmpv6Query,
} from '../header/icmpv6.ts';
import { SCTP_LENGTH, Sctp } from '../header/sctp.ts';
import { TCP_FLAG, TCP_MIN, Tcp } from '../header/tcp.ts';
import { UDP_LENGTH, Udp } from '../header/udp.ts';
import { VXLAN_PORTS } from '../header/vxlan.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Cursor, Draft, Layer } from './cursor.ts';
import { DNS_PORT, MDNS_PORT } from './dns.ts';

/** Through the flags; what a snaplen may leave of a TCP header and still tell what the segment is for. */
const TCP_FLAGS_END = 14;

/** Ports of a header that ends behind them. */
function onlyPorts(c: Cursor): void {
  if (c.end - c.at >= 4) {
    c.draft.ports = { source: c.view.getUint16(c.at), destination: c.view.getUint16(c.at + 2) };
  }
}

function behind(c: Cursor, headerLength: number): number {
  const ip = c.ip;
  if (!ip) return 0;
  ip.payload = Math.max(0, ip.payload - headerLength);
  return ip.payload;
}

export function tcp(c: Cursor): Layer | undefined {
  const { view, at } = c;
  const header = new Tcp(view, at);
  const fault = header.check(c.end);
  const there = c.end - at;
  if (there < TCP_FLAGS_END) {
    onlyPorts(c);
    return fault && c.fail('tcp', fault);
  }
  const headerLength = header.headerLength;
  const payload = behind(c, Math.max(headerLength, TCP_MIN));
  const flags = header.flags;
  c.draft.tcp = {
    sourcePort: header.sourcePort,
    destinationPort: header.destinationPort,
    sequence: header.sequence,
    acknowledgement: header.acknowledgement,
    flags,
    window: there >= 16 ? header.window : -1,
    checksum: there >= 18 ? header.checksum : -1,
    mss: flags & TCP_FLAG.syn && !fault ? header.mss : undefined,
    payload,
  };
  if (fault) return c.fail('tcp', fault);
  c.at += headerLength;
  return isDns(header.sourcePort, header.destinationPort) && payload > 0 ? 'dns-tcp' : undefined;
}

export function udp(c: Cursor): Layer | undefined {
  const header = new Udp(c.view, c.at);
  const fault = header.check(c.end);
  if (fault) {
    onlyPorts(c);
    return c.fail('udp', fault);
  }
  const { sourcePort, destinationPort, length } = header;
  c.draft.udp = { sourcePort, destinationPort, length, checksum: header.checksum };
  const room = c.ip?.payload ?? 0;
  behind(c, UDP_LENGTH);
  const fragment = c.ip?.moreFragments === true;
  if (length < UDP_LENGTH && length !== 0)
    return c.error('udp', `UDP length ${length} is below ${UDP_LENGTH}`);
  if (length > room && !fragment) {
    c.error('udp', `UDP length ${length} exceeds the ${room} bytes the IP packet has for it`);
  } else if (length > 0) c.end = Math.min(c.end, c.at + length);
  c.at += UDP_LENGTH;
  return inUdp(sourcePort, destinationPort);
}

/** What a UDP datagram between two ports is taken to hold. */
export function inUdp(sourcePort: number, destinationPort: number): Layer | undefined {
  if (isDns(sourcePort, destinationPort)) return 'dns';
  if (VXLAN_PORTS.includes(destinationPort)) return 'vxlan';
  if (destinationPort === GENEVE_PORT) return 'geneve';
  if (destinationPort === MPLS_PORT) return 'mpls-in-ip';
  if (destinationPort === GTP_PORT || sourcePort === GTP_PORT) return 'gtp';
  return destinationPort === TEREDO_PORT || sourcePort === TEREDO_PORT ? 'teredo' : undefined;
}

const TEREDO_PORT = 3544;
const MPLS_PORT = 6635;

export function isDns(source: number, destination: number): boolean {
  return source === DNS_PORT || destination === DNS_PORT || source === MDNS_PORT || destination === MDNS_PORT;
}

/** SCTP, DCCP, UDP-Lite. */
export function ports(c: Cursor): Layer | undefined {
  if (!c.has('transport', 'a transport header', 4)) return undefined;
  onlyPorts(c);
  if (c.ip?.protocol !== PROTOCOL.sctp) return undefined;
  behind(c, SCTP_LENGTH);
  const header = new Sctp(c.view, c.at);
  const fault = header.check(c.end);
  if (fault) return c.fail('sctp', fault);
  const chunk = header.firstChunk(c.end);
  if (c.draft.ports && chunk !== undefined) c.draft.ports = { ...c.draft.ports, chunk };
  return undefined;
}

export function icmp(c: Cursor): Layer | undefined {
  const header = new Icmp(c.view, c.at);
  if (!c.has('icmp', 'ICMP header', 4)) return undefined;
  const { type, code } = header;
  behind(c, ICMP_LENGTH);
  const fault = header.check(c.end);
  const query = !fault && isIcmpQuery(type);
  const draft = c.draft;
  const layer = {
    type,
    code,
    checksum: header.checksum,
    id: query ? header.id : undefined,
    sequence: query ? header.sequence : undefined,
    mtu: !fault && type === ICMP.unreachable && code === FRAG_NEEDED ? header.mtu : undefined,
    gateway: !fault && type === ICMP.redirect ? header.gateway : undefined,
    target: undefined,
    quoted: undefined,
  };
  draft.icmp = layer;
  if (fault) return c.fail('icmp', fault);
  return isIcmpError(type) ? quote(c, layer, 'ipv4') : undefined;
}

export function icmpv6(c: Cursor): Layer | undefined {
  const header = new Icmpv6(c.view, c.at);
  if (!c.has('icmpv6', 'ICMPv6 header', 4)) return undefined;
  const { type, code } = header;
  behind(c, ICMPV6_LENGTH);
  const fault = header.check(c.end);
  const query = !fault && isIcmpv6Query(type);
  const layer = {
    type,
    code,
    checksum: header.checksum,
    id: query ? header.id : undefined,
    sequence: query ? header.sequence : undefined,
    mtu: !fault && type === ICMPV6.packetTooBig ? header.mtu : undefined,
    gateway: undefined,
    target: hasNdTarget(type) ? header.target(c.end) : undefined,
    quoted: undefined,
  };
  c.draft.icmp = layer;
  if (fault) return c.fail('icmpv6', fault);
  return isIcmpv6Error(type) ? quote(c, layer, 'ipv6') : undefined;
}

function quote(c: Cursor, layer: { quoted: Draft | undefined }, family: 'ipv4' | 'ipv6'): Layer | undefined {
  c.at += ICMP_LENGTH;
  if (c.at >= c.end) return undefined;
  layer.quoted = c.quote(family === 'ipv4' ? 228 : 229);
  return layer.quoted && family;
}
