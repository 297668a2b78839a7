/** Tags and headers between the link and the network layer that are stepped over to what they carry. */
import type { Cursor, Layer } from './cursor.ts';
import { afterType, etherTypeLayer, firstLayer } from './link.ts';

function tag(c: Cursor, layer: string, length: number): Layer | undefined {
  if (!c.has(layer, `${layer} tag`, length + 2)) return undefined;
  const type = c.view.getUint16(c.at + length);
  c.at += length + 2;
  return afterType(type);
}

/** IEEE 802.1BR E-TAG. */
export function etag(c: Cursor): Layer | undefined {
  return tag(c, 'etag', 6);
}

/** Cisco VN-Tag. */
export function vntag(c: Cursor): Layer | undefined {
  return tag(c, 'vntag', 4);
}

const SCI_PRESENT = 0x20;
const ENCRYPTED = 0x0c;
const ICV = 16;

/** IEEE 802.1AE, when it only vouches for what it carries and leaves it readable. */
export function macsec(c: Cursor): Layer | undefined {
  if (!c.has('macsec', 'MACsec tag', 6)) return undefined;
  const control = c.view.getUint8(c.at);
  if ((control & ENCRYPTED) !== 0) return undefined;
  const length = control & SCI_PRESENT ? 14 : 6;
  c.wire = Math.max(c.at, c.wire - ICV);
  c.end = Math.min(c.end, c.wire);
  return tag(c, 'macsec', length);
}

/** IEEE 802.1ah: an instance tag, then the customer's frame. */
export function pbb(c: Cursor): Layer | undefined {
  if (!c.has('pbb', '802.1ah tag', 4)) return undefined;
  const id = c.view.getUint32(c.at) & 0xffffff;
  c.at += 4;
  return c.enter({ kind: 'pbb', id }, 1) ? 'ethernet' : undefined;
}

/** Protocol numbers that VXLAN-GPE and NSH share. */
export function nextLayer(protocol: number): Layer | undefined {
  switch (protocol) {
    case 1:
      return 'ipv4';
    case 2:
      return 'ipv6';
    case 3:
      return 'ethernet';
    case 4:
      return 'nsh';
    case 5:
      return 'mpls';
    default:
      return undefined;
  }
}

/** RFC 8300: length in words, next protocol, service path. */
export function nsh(c: Cursor): Layer | undefined {
  if (!c.has('nsh', 'NSH header', 8)) return undefined;
  const length = (c.view.getUint16(c.at) & 0x3f) * 4;
  const next = nextLayer(c.view.getUint8(c.at + 3));
  const id = c.view.getUint32(c.at + 4) >>> 8;
  if (length < 8) return c.error('nsh', `NSH header length ${length} is below 8`);
  if (!c.has('nsh', 'NSH header', length) || !next) return undefined;
  c.at += length;
  return c.enter({ kind: 'nsh', id }, next === 'ethernet' ? 1 : 101) ? next : undefined;
}

/** LINKTYPE_PKTAP (macOS): header length, record type, link type of what follows, name of the interface. */
export function pktap(c: Cursor): Layer | undefined {
  if (!c.has('pktap', 'PKTAP header', 36)) return undefined;
  const length = c.view.getUint32(c.at, true);
  const linkType = c.view.getUint32(c.at + 8, true);
  if (length < 36) return c.error('pktap', `PKTAP header length ${length} is below 36`);
  let name = '';
  for (let at = c.at + 12; at < c.at + 36; at++) {
    const byte = c.view.getUint8(at);
    if (byte <= 0x20 || byte >= 0x7f) break;
    name += String.fromCharCode(byte);
  }
  if (name !== '') c.draft.interfaceName ??= name;
  if (!c.has('pktap', 'PKTAP header', length)) return undefined;
  c.at += length;
  const next = firstLayer(linkType);
  return next === 'pktap' ? undefined : next;
}

/** LINKTYPE_IPOIB: the global routing header of InfiniBand, then RFC 4391's EtherType and two reserved bytes. */
export function ipoib(c: Cursor): Layer | undefined {
  if (!c.has('ipoib', 'IPoIB header', 44)) return undefined;
  const type = c.view.getUint16(c.at + 40);
  c.at += 44;
  return etherTypeLayer(type);
}
