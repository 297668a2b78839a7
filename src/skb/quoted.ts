/**
 * The packet that an ICMP error quotes, and its translation: nf_nat_icmp_reply_translation(), net/netfilter/nf_nat_proto.c. The
 * quoted IP header's checksum and the outer ICMP checksum are kept right; a quoted transport checksum follows when it is there.
 */
import { viewOf } from '../base/bytes.ts';
import { fold, sumAddress, sumBytes, updateChecksum } from '../base/checksum.ts';
import { crc32c } from '../base/crc32c.ts';
import { ICMP_LENGTH, isIcmpError, isIcmpQuery } from '../header/icmp.ts';
import { isIcmpv6Error, isIcmpv6Query } from '../header/icmpv6.ts';
import { Ipv4 } from '../header/ipv4.ts';
import { Ipv6 } from '../header/ipv6.ts';
import { isFault, type Network, readNetwork } from '../header/network.ts';
import { SCTP_CHECKSUM, SCTP_LENGTH } from '../header/sctp.ts';
import { checksumOffset, leastTransport } from '../header/transport.ts';
import type { Ip } from '../net/ip.ts';
import { hasPorts, PROTOCOL } from '../net/protocol.ts';
import { mendTransport, transportChecksum } from './checksum.ts';
import { fieldsAt, type SkbFields } from './fields.ts';
import type { Skb } from './skb.ts';

/** What translating a quoted header needs of it: ports with the checksum or sequence number, or ICMP type, code and id. */
const QUOTED_LEAST = 8;

/** Fields of the quoted packet; undefined when the packet is no ICMP error or quotes no usable header. */
export function quotedFieldsOf(skb: Skb): SkbFields | undefined {
  const quoted = quotedNetwork(skb);
  return quoted && fieldsAt(skb.bytes, quoted, readable(skb, quoted));
}

/**
 * Puts an address of the quoted header, and the port (ICMP id) beside it, in place of what stands there. False: the quote is too
 * short for that.
 */
export function rewriteQuoted(skb: Skb, side: 'source' | 'destination', address: Ip, port: number): boolean {
  const quoted = quotedNetwork(skb);
  if (!quoted) return false;
  const query = quoted.protocol === PROTOCOL.icmp || quoted.protocol === PROTOCOL['ipv6-icmp'];
  const { transport } = quoted;
  const ported = hasPorts(quoted.protocol) && quoted.protocol !== PROTOCOL.dccp;
  const changed = ported || query || quoted.protocol === PROTOCOL.gre;
  if (changed && (transport < 0 || transport + QUOTED_LEAST > skb.bytes.length)) return false;
  const view = viewOf(skb.bytes);
  const state = transportChecksum(skb);
  const start = quoted.offset;
  const end = skb.bytes.length;
  const before = sumBytes(view, start, end - start);
  setQuotedAddress(skb, quoted, side, address);
  if (ported) setQuotedWord(skb, quoted, transport + (side === 'source' ? 0 : 2), port);
  else if (query && quotesQuery(view, quoted)) setQuotedWord(skb, quoted, transport + 4, port);
  if (quoted.protocol === PROTOCOL.sctp) sealQuotedCrc(view, transport, end);
  const after = sumBytes(view, start, end - start);
  // The quoted packet begins an even number of bytes into the ICMP message, so its words are the message's words.
  if (fold(before) !== fold(after)) mendTransport(skb, state, before, after, false);
  return true;
}

/** sctp_manip_pkt() makes the CRC anew over what is there, were it a part of the packet. */
function sealQuotedCrc(view: DataView, transport: number, end: number): void {
  if (transport + SCTP_LENGTH > end) return;
  const at = transport + SCTP_CHECKSUM;
  view.setUint32(at, crc32c(view, transport, end - transport, at), true);
}

function quotedNetwork(skb: Skb): Network | undefined {
  if (skb.transport < 0) return undefined;
  const type = skb.bytes[skb.transport] ?? 0;
  const error =
    (skb.protocol === PROTOCOL.icmp && isIcmpError(type)) ||
    (skb.protocol === PROTOCOL['ipv6-icmp'] && (isIcmpv6Error(type) || isRedirect6(skb)));
  if (!error) return undefined;
  const at = skb.transport + (type === REDIRECT6 && skb.family === 6 ? REDIRECTED_AT : ICMP_LENGTH);
  const network = readNetwork(viewOf(skb.bytes), at, skb.bytes.length);
  // A later fragment says nothing of what it belongs to.
  if (isFault(network) || network.family !== skb.family || network.fragmentOffset > 0) return undefined;
  return network;
}

const REDIRECT6 = 137;
/** Behind target, destination and the head of the option that quotes (RFC 4861, sections 4.5 and 4.6.3). */
const REDIRECTED_AT = 48;
const OPT_REDIRECTED = 4;

/** nf_conntrack_icmpv6_redirect(): from a neighbour, with the quoting option first. */
function isRedirect6({ bytes, transport, family }: Skb): boolean {
  if (family !== 6 || bytes[transport] !== REDIRECT6 || bytes[transport + 1] !== 0) return false;
  const linkLocal = bytes[8] === 0xfe && ((bytes[9] ?? 0) & 0xc0) === 0x80;
  return (
    linkLocal && bytes[7] === 255 && bytes[transport + 40] === OPT_REDIRECTED && bytes[transport + 41] !== 0
  );
}

/** Ports are read of four bytes, an ICMP header of eight. */
function readable(skb: Skb, quoted: Network): number {
  const least = hasPorts(quoted.protocol) ? 4 : leastTransport(quoted.protocol);
  return quoted.transport >= 0 && quoted.transport + least <= skb.bytes.length ? quoted.transport : -1;
}

function quotesQuery(view: DataView, quoted: Network): boolean {
  const type = view.getUint8(quoted.transport);
  return quoted.protocol === PROTOCOL.icmp
    ? isIcmpQuery(type)
    : quoted.protocol === PROTOCOL['ipv6-icmp'] && isIcmpv6Query(type);
}

function setQuotedAddress(skb: Skb, quoted: Network, side: 'source' | 'destination', address: Ip): void {
  const view = viewOf(skb.bytes);
  if (typeof address === 'number' && quoted.family === 4) {
    const ip = new Ipv4(view, quoted.offset);
    mendQuoted(skb, quoted, sumAddress(ip[side]), sumAddress(address), true);
    ip[side] = address;
  } else if (typeof address === 'bigint' && quoted.family === 6) {
    const ip = new Ipv6(view, quoted.offset);
    mendQuoted(skb, quoted, sumAddress(ip[side]), sumAddress(address), true);
    ip[side] = address;
  }
}

function setQuotedWord(skb: Skb, quoted: Network, at: number, value: number): void {
  const view = viewOf(skb.bytes);
  mendQuoted(skb, quoted, view.getUint16(at), value, false);
  view.setUint16(at, value);
}

function mendQuoted(skb: Skb, quoted: Network, before: number, after: number, pseudo: boolean): void {
  if (quoted.transport < 0 || quoted.protocol === PROTOCOL.dccp) return;
  const view = viewOf(skb.bytes);
  const icmp = quoted.protocol === PROTOCOL.icmp;
  const offset = icmp ? 2 : checksumOffset(quoted.protocol);
  const at = quoted.transport + offset;
  if (offset < 0 || at + 2 > skb.bytes.length || (icmp && pseudo)) return;
  const found = view.getUint16(at);
  if (found === 0 && quoted.protocol === PROTOCOL.udp) return;
  const next = updateChecksum(found, before, after);
  view.setUint16(at, next === 0 && quoted.protocol === PROTOCOL.udp ? 0xffff : next);
}
