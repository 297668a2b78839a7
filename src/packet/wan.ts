/** Serial and wireless link layers, and the shims between link and network: PPP, PPPoE, MPLS, HDLC, frame relay, 802.11, NFLOG. */
import type { Cursor, Layer } from './cursor.ts';
import { etherTypeLayer } from './link.ts';

/** RFC 1661 and 1662: address and control when they were not left out, then a protocol of one or two bytes. */
export function ppp(c: Cursor): Layer | undefined {
  if (!c.has('ppp', 'PPP header', 1)) return undefined;
  if (c.end - c.at >= 2 && c.view.getUint16(c.at) === 0xff03) c.at += 2;
  if (!c.has('ppp', 'PPP protocol', 1)) return undefined;
  let protocol = c.view.getUint8(c.at++);
  if ((protocol & 1) === 0) {
    if (!c.has('ppp', 'PPP protocol', 1)) return undefined;
    protocol = protocol * 256 + c.view.getUint8(c.at++);
  }
  switch (protocol) {
    case 0x21:
      return 'ipv4';
    case 0x57:
      return 'ipv6';
    case 0x281:
    case 0x283:
      return 'mpls';
    default:
      return undefined;
  }
}

/** RFC 2516: version and type, code (0: session), session id, length. */
export function pppoe(c: Cursor): Layer | undefined {
  if (!c.has('pppoe', 'PPPoE header', 6)) return undefined;
  const code = c.view.getUint8(c.at + 1);
  const length = c.view.getUint16(c.at + 4);
  c.at += 6;
  if (length > c.left) c.error('pppoe', `PPPoE length ${length} exceeds the ${c.left} bytes of the frame`);
  else c.wire = c.at + length;
  c.end = Math.min(c.end, c.wire);
  return code === 0 ? 'ppp' : undefined;
}

/** RFC 3032: labels up to the one with the bottom bit. What they lead to is told by its first four bits. */
export function mpls(c: Cursor): Layer | undefined {
  for (;;) {
    if (!c.has('mpls', 'MPLS label', 4)) return undefined;
    const label = c.view.getUint32(c.at);
    c.at += 4;
    if (label & 0x100) break;
  }
  if (c.at >= c.end) return undefined;
  const version = c.view.getUint8(c.at) >> 4;
  return version === 4 ? 'ipv4' : version === 6 ? 'ipv6' : undefined;
}

/** Cisco HDLC: address, control, EtherType. */
export function chdlc(c: Cursor): Layer | undefined {
  if (!c.has('chdlc', 'HDLC header', 4)) return undefined;
  const type = c.view.getUint16(c.at + 2);
  c.at += 4;
  return etherTypeLayer(type);
}

const NLPID_SNAP = 0x80;
const NLPID_IPV6 = 0x8e;
const NLPID_IPV4 = 0xcc;

/** RFC 2427 behind an address of two to four bytes; or Cisco's, an EtherType. */
export function frameRelay(c: Cursor): Layer | undefined {
  if (!c.has('frame-relay', 'frame relay header', 4)) return undefined;
  let length = 1;
  while (length < 4 && (c.view.getUint8(c.at + length - 1) & 1) === 0) length++;
  c.at += length;
  if (!c.has('frame-relay', 'frame relay header', 2)) return undefined;
  if (c.view.getUint8(c.at) !== 3) {
    const type = c.view.getUint16(c.at);
    c.at += 2;
    return etherTypeLayer(type);
  }
  c.at++;
  // One byte of padding keeps what follows aligned.
  if (c.view.getUint8(c.at) === 0) c.at++;
  if (!c.has('frame-relay', 'NLPID', 1)) return undefined;
  const nlpid = c.view.getUint8(c.at++);
  if (nlpid === NLPID_IPV4) return 'ipv4';
  if (nlpid === NLPID_IPV6) return 'ipv6';
  if (nlpid !== NLPID_SNAP || c.end - c.at < 5) return undefined;
  const organisation = c.view.getUint16(c.at) * 256 + c.view.getUint8(c.at + 2);
  const type = c.view.getUint16(c.at + 3);
  c.at += 5;
  if (organisation === 0) return etherTypeLayer(type);
  // RFC 2427 section 4.2: bridged Ethernet, with (1) and without (7) its check sequence.
  return organisation === 0x80c2 && (type === 1 || type === 7) ? 'ethernet' : undefined;
}

/** Radiotap: version, padding, header length (little-endian). */
export function radiotap(c: Cursor): Layer | undefined {
  if (!c.has('radiotap', 'radiotap header', 8)) return undefined;
  const length = c.view.getUint16(c.at + 2, true);
  if (length < 8) return c.error('radiotap', `radiotap header length ${length} is below 8`);
  if (!c.has('radiotap', 'radiotap header', length)) return undefined;
  c.at += length;
  return 'ieee80211';
}

/** IEEE 802.11: data frames that carry LLC in the clear. */
export function ieee80211(c: Cursor): Layer | undefined {
  if (!c.has('ieee80211', '802.11 header', 2)) return undefined;
  const control = c.view.getUint8(c.at);
  const flags = c.view.getUint8(c.at + 1);
  const data = (control & 0x0c) === 8 && (control & 0x40) === 0;
  const secret = (flags & 0x40) !== 0;
  const later = (flags & 0x03) === 3 ? 30 : 24;
  if (!data || secret) return undefined;
  const qos = (control & 0x80) !== 0;
  const length = later + (qos ? 2 : 0) + (qos && (flags & 0x80) !== 0 ? 4 : 0);
  if (!c.has('ieee80211', '802.11 header', length)) return undefined;
  c.at += length;
  return 'llc';
}

const NFULA_PAYLOAD = 9;

/** LINKTYPE_NFLOG: family, version, resource id; then TLVs in the host's order, one of which is the packet. */
export function nflog(c: Cursor): Layer | undefined {
  if (!c.has('nflog', 'NFLOG header', 4)) return undefined;
  const family = c.view.getUint8(c.at);
  let at = c.at + 4;
  // A length below 256 in the host's order shows which order that is.
  const little = at + 2 <= c.end && c.view.getUint16(at) > c.view.getUint16(at, true);
  while (at + 4 <= c.end) {
    const length = c.view.getUint16(at, little);
    const type = c.view.getUint16(at + 2, little) & 0x7fff;
    if (length < 4) return c.error('nflog', `NFLOG attribute length ${length} is below 4`);
    if (type === NFULA_PAYLOAD) {
      c.at = at + 4;
      c.wire = Math.min(c.wire, at + length);
      c.end = Math.min(c.end, c.wire);
      if (family === 2) return 'ipv4';
      return family === 10 ? 'ipv6' : undefined;
    }
    at += Math.ceil(length / 4) * 4;
  }
  return undefined;
}
