import { UNSAID } from '../capture/frame.ts';
import { IPV4_MIN, Ipv4 } from '../header/ipv4.ts';
import { IPV6_LENGTH, Ipv6 } from '../header/ipv6.ts';
import { walkIpv6 } from '../header/ipv6-chain.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Cursor, Layer } from './cursor.ts';

/** IP without a word about which: the version nibble tells. */
export function ip(c: Cursor): Layer | undefined {
  if (!c.has('ip', 'IP header', 1)) return undefined;
  const version = c.view.getUint8(c.at) >> 4;
  if (version === 4) return 'ipv4';
  if (version === 6) return 'ipv6';
  return c.error('ip', `IP version ${version} is neither 4 nor 6`);
}

export function ipv4(c: Cursor): Layer | undefined {
  if (c.at < c.end && c.view.getUint8(c.at) >> 4 === 6) {
    c.error('ipv4', 'what came as IPv4 is IPv6 by its version');
    return 'ipv6';
  }
  const header = new Ipv4(c.view, c.at);
  const fault = header.check(c.end);
  // With only options missing the fixed part still says from where to where.
  if (fault && (fault.needed <= IPV4_MIN || c.end - c.at < IPV4_MIN)) return c.fail('ipv4', fault);
  const left = c.left;
  const headerLength = header.headerLength;
  // 0: the sending host captured a packet that its network card was yet to cut up.
  const said = header.totalLength;
  const total = said === 0 ? (Number.isFinite(left) ? left : c.end - c.at) : said;
  const fragmentOffset = header.fragmentOffset;
  const moreFragments = header.moreFragments;
  const readable = !fault && fragmentOffset === 0 && total > headerLength && c.at + headerLength < c.end;
  c.ip = {
    family: 4,
    source: header.source,
    destination: header.destination,
    protocol: header.protocol,
    ttl: c.tells(UNSAID.header) ? header.ttl : undefined,
    tos: header.tos,
    id: c.tells(UNSAID.header) ? header.id : undefined,
    dontFragment: header.dontFragment,
    moreFragments,
    fragmentOffset,
    length: total,
    offset: c.at - c.base,
    transport: readable ? c.at + headerLength - c.base : -1,
    payload: Math.max(0, total - headerLength),
  };
  c.draft.ip = c.ip;
  if (fault) return c.fail('ipv4', fault);
  if (total < headerLength) {
    return c.error('ipv4', `IPv4 total length ${total} is below its header length ${headerLength}`);
  }
  limit(c, 'IPv4 total length', total, left);
  if (fragmentOffset > 0) return undefined;
  if (moreFragments) c.wire = Number.POSITIVE_INFINITY;
  c.at += headerLength;
  return transportLayer(header.protocol);
}

export function ipv6(c: Cursor): Layer | undefined {
  const header = new Ipv6(c.view, c.at);
  const fault = header.check(c.end);
  if (fault) return c.fail('ipv6', fault);
  const left = c.left;
  const start = c.at;
  const payload = header.payloadLength;
  const chain = walkIpv6(header, payload === 0 ? c.end : Math.min(c.end, start + IPV6_LENGTH + payload));
  const length =
    payload > 0
      ? payload + IPV6_LENGTH
      : chain.jumbo > 0
        ? chain.jumbo + IPV6_LENGTH
        : oversized(c, chain.protocol, left);
  c.ip = {
    family: 6,
    source: header.source,
    destination: header.destination,
    protocol: chain.protocol,
    ttl: c.tells(UNSAID.header) ? header.hopLimit : undefined,
    tos: header.trafficClass,
    id: chain.fragment && c.tells(UNSAID.header) ? chain.id : undefined,
    dontFragment: false,
    moreFragments: chain.moreFragments,
    fragmentOffset: chain.fragmentOffset,
    length,
    offset: start - c.base,
    transport: chain.transport < 0 || chain.transport >= c.end ? -1 : chain.transport - c.base,
    payload: Math.max(0, start + length - chain.end),
  };
  c.draft.ip = c.ip;
  limit(c, 'IPv6 payload length', length, left);
  c.at = chain.end;
  if (chain.fault) return c.fail('ipv6', chain.fault);
  if (chain.transport < 0) return undefined;
  if (chain.moreFragments) c.wire = Number.POSITIVE_INFINITY;
  return transportLayer(chain.protocol);
}

/** Payload length 0 without a jumbo option: nothing follows, or the sending host captured what its card was yet to cut up. */
function oversized(c: Cursor, protocol: number, left: number): number {
  if (protocol === PROTOCOL['ipv6-nonxt']) return IPV6_LENGTH;
  return Number.isFinite(left) ? left : c.end - c.at;
}

/** The IP length ends the packet; behind it is padding. One that says more than there was is an error. */
function limit(c: Cursor, name: string, length: number, left: number): void {
  if (length > left) {
    const header = name === 'IPv6 payload length' ? IPV6_LENGTH : 0;
    c.error(
      header > 0 ? 'ipv6' : 'ipv4',
      `${name} ${length - header} exceeds the ${left - header} bytes the frame has for it`,
    );
  } else if (Number.isFinite(left)) c.wire = c.at + length;
  c.end = Math.min(c.end, c.at + length);
}

export function transportLayer(protocol: number): Layer | undefined {
  switch (protocol) {
    case PROTOCOL.tcp:
      return 'tcp';
    case PROTOCOL.udp:
      return 'udp';
    case PROTOCOL.sctp:
    case PROTOCOL.dccp:
    case PROTOCOL.udplite:
      return 'ports';
    case PROTOCOL.icmp:
      return 'icmp';
    case PROTOCOL['ipv6-icmp']:
      return 'icmpv6';
    case PROTOCOL.ipencap:
    case PROTOCOL.ipv6:
      return 'ipip';
    case PROTOCOL.ah:
      return 'ah';
    case PROTOCOL.gre:
      return 'gre';
    case 97:
      return 'etherip';
    case 137:
      return 'mpls-in-ip';
    default:
      return undefined;
  }
}
