/** Packets inside packets. Each makes an inner Packet and goes on there. */
import { ETHERTYPE } from '../header/ethernet.ts';
import { Geneve } from '../header/geneve.ts';
import { Gre } from '../header/gre.ts';
import { Gtp } from '../header/gtp.ts';
import { VXLAN_LENGTH, Vxlan } from '../header/vxlan.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Cursor, Layer } from './cursor.ts';
import { etherTypeLayer } from './link.ts';
import { transportLayer } from './network.ts';
import type { TunnelKind } from './packet.ts';
import { nextLayer } from './shim.ts';

const ETHERNET = 1;
const RAW = 101;
const IPV4 = 228;
const IPV6 = 229;
const PPP = 9;
const IEEE80211 = 105;

/** RFC 2003 (IPv4 in IP), RFC 4213 and 2473 (IPv6 in IP). */
export function ipip(c: Cursor): Layer | undefined {
  const six = c.ip?.protocol === PROTOCOL.ipv6;
  if (c.at >= c.end) return undefined;
  if (!c.enter({ kind: 'ipip' }, six ? IPV6 : IPV4)) return undefined;
  return six ? 'ipv6' : 'ipv4';
}

export function gre(c: Cursor): Layer | undefined {
  const header = new Gre(c.view, c.at);
  const fault = header.check(c.end);
  if (fault) return c.fail('gre', fault);
  const payload = header.payload(c.end);
  if (payload === undefined) return c.error('gre', 'the GRE source route has no end');
  const type = header.protocol;
  const sequenced = header.hasSequence;
  c.at = payload;
  if (type === ETHERTYPE.erspan) return erspan(c, sequenced ? 8 : 0);
  if (type === ETHERTYPE.erspan3) return erspan(c, 12);
  if (isAruba(type)) return c.enter({ kind: 'gre', id: header.key }, IEEE80211) ? 'ieee80211' : undefined;
  return carried(c, type, 'gre', header.key);
}

/** Wireless frames between Aruba access points and their controller. */
function isAruba(type: number): boolean {
  return (type >= 0x8200 && type <= 0x820f) || type === 0x9000;
}

/** draft-foschiano-erspan: type I has no header, II has 8 bytes and III has 12, with the session in the low ten bits. */
function erspan(c: Cursor, length: number): Layer | undefined {
  if (!c.has('erspan', 'ERSPAN header', length)) return undefined;
  const id = length > 0 ? c.view.getUint16(c.at + 2) & 0x3ff : undefined;
  // Type III: the last bit tells of eight bytes more for its platform.
  const more = length === 12 && (c.view.getUint8(c.at + 11) & 1) !== 0 ? 8 : 0;
  c.at += length + more;
  if (c.at >= c.end) return undefined;
  return c.enter({ kind: 'erspan', id }, ETHERNET) ? 'ethernet' : undefined;
}

function carried(c: Cursor, type: number, kind: TunnelKind, id: number | undefined): Layer | undefined {
  const next = etherTypeLayer(type);
  if (!next || c.at >= c.end) return undefined;
  const linkType = next === 'ethernet' ? ETHERNET : next === 'ppp' ? PPP : RAW;
  return c.enter({ kind, id }, linkType) ? next : undefined;
}

/** RFC 4302 in IPv4, where it is a protocol of its own: next header, length in words less two. */
export function ah(c: Cursor): Layer | undefined {
  if (!c.has('ah', 'AH header', 12)) return undefined;
  const next = c.view.getUint8(c.at);
  const length = (c.view.getUint8(c.at + 1) + 2) * 4;
  if (!c.has('ah', 'AH header', length)) return undefined;
  c.at += length;
  if (c.ip) c.ip.payload = Math.max(0, c.ip.payload - length);
  if (next === PROTOCOL.ipencap) return c.enter({ kind: 'ipip' }, IPV4) ? 'ipv4' : undefined;
  if (next === PROTOCOL.ipv6) return c.enter({ kind: 'ipip' }, IPV6) ? 'ipv6' : undefined;
  return transportLayer(next);
}

/** RFC 3378: version 3 in the first four bits. */
export function etherip(c: Cursor): Layer | undefined {
  if (!c.has('etherip', 'EtherIP header', 2)) return undefined;
  const version = c.view.getUint8(c.at) >> 4;
  if (version !== 3) return c.error('etherip', `EtherIP has version ${version}`);
  c.at += 2;
  return c.enter({ kind: 'etherip' }, ETHERNET) ? 'ethernet' : undefined;
}

/** RFC 4023 (in IP) and RFC 7510 (in UDP). */
export function mplsInIp(c: Cursor): Layer | undefined {
  if (c.at >= c.end) return undefined;
  return c.enter({ kind: 'mpls' }, RAW) ? 'mpls' : undefined;
}

export function vxlan(c: Cursor): Layer | undefined {
  const header = new Vxlan(c.view, c.at);
  // Anything may use the port: what is no VXLAN is just UDP.
  if (header.check(c.end)) return undefined;
  const next = nextLayer(header.nextProtocol);
  if (!next) return undefined;
  c.at += VXLAN_LENGTH;
  return c.enter({ kind: 'vxlan', id: header.vni }, next === 'ethernet' ? ETHERNET : RAW) ? next : undefined;
}

export function geneve(c: Cursor): Layer | undefined {
  const header = new Geneve(c.view, c.at);
  if (header.check(c.end)) return undefined;
  c.at += header.length;
  return carried(c, header.protocol, 'geneve', header.vni);
}

export function gtp(c: Cursor): Layer | undefined {
  const header = new Gtp(c.view, c.at);
  if (header.check(c.end) || !header.isUserData) return undefined;
  const payload = header.payload(c.end);
  if (payload === undefined || payload >= c.end) return undefined;
  const version = c.view.getUint8(payload) >> 4;
  if (version !== 4 && version !== 6) return undefined;
  c.at = payload;
  return c.enter({ kind: 'gtp', id: header.teid }, RAW) ? 'ip' : undefined;
}

/** RFC 4380: IPv6 in UDP, perhaps behind an authentication and an origin indication. */
export function teredo(c: Cursor): Layer | undefined {
  let at = c.at;
  if (at + 4 <= c.end && c.view.getUint16(at) === 1) {
    at += 4 + c.view.getUint8(at + 2) + c.view.getUint8(at + 3) + 9;
  }
  if (at + 8 <= c.end && c.view.getUint16(at) === 0) at += 8;
  if (at >= c.end || c.view.getUint8(at) >> 4 !== 6) return undefined;
  c.at = at;
  return c.enter({ kind: 'teredo' }, IPV6) ? 'ipv6' : undefined;
}
