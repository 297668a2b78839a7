/** One packet's lines to a frame: link-layer header, packet, and what of it is unsaid. */
import { setUint48, viewOf } from '../base/bytes.ts';
import { UNSAID } from '../capture/frame.ts';
import type { ToldFrame } from '../capture/told.ts';
import type { Family } from '../net/ip.ts';
import { readArp } from './arp.ts';
import type { PacketText } from './grouping.ts';
import { hexBytes, isSamePacket } from './hex.ts';
import { type LinkWords, linkWords } from './link.ts';
import { readIp } from './network.ts';
import { isUnread, type Reading, type Unread } from './reading.ts';

export type FrameWithoutTime = Omit<ToldFrame, 'seconds' | 'nanoseconds'>;

export interface ReadFrame {
  readonly frame: FrameWithoutTime;
  /** Set when no packet could be made of it. */
  readonly unread?: Unread;
}

const ETHERNET = 1;
const SLL = 113;
const SLL2 = 276;
const RAW = 101;
const IPV4 = 0x800;
const IPV6 = 0x86dd;
const ARP = 0x806;
const DIRECTIONS = { In: 0, B: 1, M: 2, P: 3, Out: 4 } as const;

/** The packet from the network layer on. */
interface Content {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly unsaid: number;
  readonly etherType: number;
}

/** `linkType`: as the banner says. */
export function readFrame(packet: PacketText, linkType: number | undefined, reading: Reading): ReadFrame {
  const { link, content } = best(packet, reading);
  const type = linkTypeOf(link, linkType);
  const hex = packet.hex.length > 0 ? hexBytes(packet.hex) : undefined;
  const said = isUnread(content) ? undefined : content.bytes;
  const isIp =
    said !== undefined ||
    /^(?:ip: )?IP6? /.test(link.rest) ||
    link.etherType === IPV4 ||
    link.etherType === IPV6;
  const whole = hex && isIp ? ownBytes(hex, type, said) : undefined;
  if (whole) return { frame: fromBytes(packet, link, type, whole, content) };
  if (isUnread(content)) {
    const etherType =
      link.etherType ?? (/^IP /.test(link.rest) ? IPV4 : /^IP6 /.test(link.rest) ? IPV6 : undefined);
    const bytes =
      link.shown && etherType !== undefined ? linkHeader(type, link, etherType) : new Uint8Array();
    const frame = made(
      packet,
      link,
      type,
      bytes,
      link.length ?? 0,
      UNSAID.header | (link.length === undefined ? UNSAID.length : 0),
    );
    return { frame: { ...frame, text: packet.text }, unread: content };
  }
  const header = linkHeader(type, link, content.etherType);
  const bytes = new Uint8Array(header.length + content.bytes.length);
  bytes.set(header);
  bytes.set(content.bytes, header.length);
  const length = link.length ?? header.length + content.length;
  return { frame: made(packet, link, type, bytes.subarray(0, length), length, content.unsaid) };
}

function made(
  packet: PacketText,
  link: LinkWords,
  linkType: number,
  bytes: Uint8Array,
  length: number,
  unsaid: number,
): FrameWithoutTime {
  return {
    line: packet.line,
    unsaid:
      unsaid |
      (isLinkShown(link, linkType) ? 0 : UNSAID.link) |
      (link.length === undefined ? UNSAID.length : 0),
    length,
    linkType,
    ...(link.interfaceName !== undefined &&
      link.interfaceName !== '?' && { interfaceName: link.interfaceName }),
    bytes,
  };
}

/** On Ethernet both addresses are; a cooked capture has one, and other links none. */
function isLinkShown(link: LinkWords, linkType: number): boolean {
  return (
    link.shown && (linkType !== ETHERNET || (link.source !== undefined && link.destination !== undefined))
  );
}

/** The words of the line, or of the line with its end, which a terminal wrapped or a paste broke. */
function best(packet: PacketText, reading: Reading): { link: LinkWords; content: Content | Unread } {
  const [next, ...others] = packet.more;
  const plain = [packet.text, ...packet.more.map(({ text }) => text)].join('\n');
  const first = contentOf(plain, reading);
  const complete = !isUnread(first.content) && (first.content.unsaid & UNSAID.length) === 0;
  if (complete || !next || /^(?:\t|\s{2,}|IP6? |ARP, |E[. -~]{3}|`)/.test(next.text)) return first;
  const tail = others.map(({ text }) => `\n${text}`).join('');
  for (const glue of ['', ' ']) {
    const glued = contentOf(`${packet.text}${glue}${next.text}${tail}`, reading);
    if (!isUnread(glued.content) && (glued.content.unsaid & UNSAID.length) === 0) return glued;
  }
  return first;
}

function contentOf(text: string, reading: Reading): { link: LinkWords; content: Content | Unread } {
  const link = linkWords(text);
  const rest = link.rest;
  const isArp = link.etherType === ARP || link.etherType === 0x8035 || /^(?:ARP, |arp |ARP )/.test(rest);
  if (isArp) {
    const arp = readArp(rest, link, reading);
    if (isUnread(arp)) return { link, content: arp };
    // The blank address of whoever is answered is not what was sent.
    const unsaid = /is-at/i.test(rest) ? UNSAID.target : 0;
    return { link, content: { ...arp, unsaid, etherType: link.etherType ?? ARP } };
  }
  const family: Family | undefined = link.etherType === IPV4 ? 4 : link.etherType === IPV6 ? 6 : undefined;
  const isIp =
    family !== undefined || /^(?:ip: )?IP6? /.test(rest) || !link.shown || link.etherType === undefined;
  const ip = isIp ? readIp(rest, family, reading) : ({ unread: 'words', text: rest } as const);
  if (isUnread(ip)) return { link, content: ip };
  return { link, content: { ...ip, etherType: ip.family === 4 ? IPV4 : IPV6 } };
}

function linkTypeOf(link: LinkWords, banner: number | undefined): number {
  if (banner !== undefined && [0, 1, RAW, 108, SLL, SLL2].includes(banner)) return banner;
  if (link.bare !== undefined) return link.bare === 'loopback' ? 0 : RAW;
  if (link.interfaceName !== undefined) return SLL2;
  if (link.direction !== undefined) return SLL;
  return banner === undefined ? ETHERNET : RAW;
}

function linkHeader(type: number, link: LinkWords, etherType: number): Uint8Array {
  if (type === SLL || type === SLL2) return cooked(type, link, etherType);
  if (type === 0 || type === 108) return Uint8Array.from(etherType === IPV6 ? [0, 0, 0, 30] : [0, 0, 0, 2]);
  if (type === RAW) return new Uint8Array();
  const bytes = new Uint8Array(14 + link.vlans.length * 4);
  const view = viewOf(bytes);
  setUint48(view, 0, link.destination ?? 0);
  setUint48(view, 6, link.source ?? 0);
  let at = 12;
  for (const vlan of link.vlans) {
    view.setUint16(at, vlan.type);
    view.setUint16(at + 2, vlan.tag);
    at += 4;
  }
  view.setUint16(at, etherType);
  return bytes;
}

function cooked(type: number, link: LinkWords, etherType: number): Uint8Array {
  const bytes = new Uint8Array(type === SLL ? 16 : 20);
  const view = viewOf(bytes);
  const known = link.source !== undefined;
  const direction = DIRECTIONS[link.direction ?? 'In'];
  if (type === SLL) {
    view.setUint16(0, direction);
    view.setUint16(2, 1);
    view.setUint16(4, known ? 6 : 0);
    setUint48(view, 6, link.source ?? 0);
    view.setUint16(14, etherType);
  } else {
    view.setUint16(0, etherType);
    view.setUint32(4, link.interfaceIndex ?? 0);
    view.setUint16(8, 1);
    view.setUint8(10, direction);
    view.setUint8(11, known ? 6 : 0);
    setUint48(view, 12, link.source ?? 0);
  }
  return bytes;
}

/** Does a hex dump hold this packet: from the network layer on, or with the link layer before it? */
function ownBytes(
  hex: Uint8Array,
  linkType: number,
  said: Uint8Array | undefined,
): { readonly bytes: Uint8Array; readonly linked: boolean } | undefined {
  if (isSamePacket(hex, 0, said)) return { bytes: hex, linked: linkType === RAW };
  const start = startOf(hex, linkType);
  if (start !== undefined && isSamePacket(hex, start, said)) return { bytes: hex, linked: true };
  return undefined;
}

/** Where the network layer begins in a frame. */
function startOf(hex: Uint8Array, linkType: number): number | undefined {
  if (linkType === SLL) return 16;
  if (linkType === SLL2) return 20;
  if (linkType === 0 || linkType === 108) return 4;
  let at = 12;
  while (
    at + 4 <= hex.length &&
    (hex[at] === 0x81 || hex[at] === 0x88) &&
    (hex[at + 1] === 0 || hex[at + 1] === 0xa8)
  )
    at += 4;
  return at + 2;
}

function fromBytes(
  packet: PacketText,
  link: LinkWords,
  type: number,
  { bytes, linked }: { readonly bytes: Uint8Array; readonly linked: boolean },
  content: Content | Unread,
): FrameWithoutTime {
  const header = linked ? new Uint8Array() : linkHeader(type, link, (bytes[0] ?? 0) >> 4 === 6 ? IPV6 : IPV4);
  const whole = new Uint8Array(header.length + bytes.length);
  whole.set(header);
  whole.set(bytes, header.length);
  const view = viewOf(bytes);
  const at = linked ? (type === RAW ? 0 : (startOf(bytes, type) ?? 0)) : 0;
  const total = (bytes[at] ?? 0) >> 4 === 6 ? view.getUint16(at + 4) + 40 : view.getUint16(at + 2);
  const said = isUnread(content) ? 0 : content.length;
  const length = link.length ?? Math.max(whole.length, header.length + at + Math.max(total, said));
  const frame = made(packet, link, type, whole.subarray(0, length), length, 0);
  // The bytes have what the words lack.
  return { ...frame, unsaid: linked ? frame.unsaid & ~UNSAID.link : frame.unsaid };
}
