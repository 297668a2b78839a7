/** An IP packet in words to bytes, as far as the words go: `[IP ](tos …) SOURCE > DESTINATION: what is in it`. */
import { setUint128, viewOf } from '../base/bytes.ts';
import { checksum, sumPseudoHeader } from '../base/checksum.ts';
import { UNSAID } from '../capture/frame.ts';
import type { Family, Ip } from '../net/ip.ts';
import { endsOf } from './endpoint.ts';
import { extensionWords } from './extensions.ts';
import { type Ipv4Words, type Ipv6Words, inBrackets, ipv4Words, ipv6Words } from './ip-header.ts';
import { isUnread, type Reading, type Unread, type Upper } from './reading.ts';
import { readUpper, upperWords } from './upper.ts';

export interface Network {
  readonly family: Family;
  readonly bytes: Uint8Array;
  /** On the wire. */
  readonly length: number;
  readonly unsaid: number;
}

const PREFIX = /^(?:ip: )?(?:(IP6?)(?=[ (])\s*)?/;
const TRUNCATED = /^truncated-ip6? - \d+ bytes missing! ?/;
const ENDS = /^\s*(\S+) (?:>|&gt;) (\S+):(?: |$|(?=\n))/;

/** Packets inside packets inside packets: what tcpdump prints of those. */
const DEEPEST = 6;

/** `family` by the EtherType, where no `IP` says it. */
export function readIp(
  text: string,
  family: Family | undefined,
  reading: Reading,
  depth = 0,
): Network | Unread {
  const prefix = PREFIX.exec(text);
  let rest = text.slice(prefix?.[0].length ?? 0).replace(TRUNCATED, '');
  const brackets = inBrackets(rest);
  const v4 = brackets && ipv4Words(brackets.inner);
  const v6 = brackets && !v4 ? ipv6Words(brackets.inner) : undefined;
  if (brackets && (v4 || v6)) rest = brackets.rest.replace(TRUNCATED, '');
  const ends = ENDS.exec(rest);
  if (!ends || depth > DEEPEST) return { unread: 'words', text };
  const behind = rest.slice(ends[0].length);
  const extended = ends[1]?.includes(':') ? extensionWords(behind) : { headers: [], rest: behind };
  const words = old(extended.rest);
  const said = v4?.protocol ?? (v6 && extended.headers.length === 0 ? v6.nextHeader : undefined);
  const upper = upperWords(words.text, said, ends[1] ?? '', ends[2] ?? '');
  const both = endsOf(ends[1] ?? '', ends[2] ?? '', upper.ported, reading);
  if (isUnread(both)) return both;
  const source = both.source.address;
  const destination = both.destination.address;
  const own: Family = typeof source === 'number' ? 4 : 6;
  if (typeof source !== typeof destination) return { unread: 'words', text };
  if (family !== undefined && family !== own) return { unread: 'words', text };
  const header = v4 ?? words.header;
  const room = roomOf(header, v6, extended.headers);
  const later = (header?.offset ?? 0) > 0 || (extended.fragment?.offset ?? 0) > 0;
  const pair = `${source} ${destination}`;
  if (extended.fragment && !later && upper.protocol !== undefined) reading.pieces.set(pair, upper.protocol);
  const made = later
    ? piece(said ?? upper.protocol ?? reading.pieces.get(pair), room ?? extended.fragment?.length)
    : readUpper(upper, { ...both, family: own, said: room, depth }, reading);
  if (isUnread(made)) return made;
  return own === 4
    ? ipv4(source as number, destination as number, made, header, upper.piece)
    : ipv6(source as bigint, destination as bigint, made, v6, extended);
}

/** What tcpdump 3.x prints behind the packet: `(DF) [tos 0x10] (ttl 64, id 1, len 60)`, `(frag 1:1480@0+)`. */
function old(text: string): { readonly text: string; readonly header?: Ipv4Words } {
  const end = text.indexOf('\n');
  const line = end < 0 ? text : text.slice(0, end);
  const frag = /\(frag (\d+):(\d+)@(\d+)(\+?)\)/.exec(line);
  const tail = /\(ttl\s+(\d+), id (\d+), len (\d+)(?:, [^)]*)?\)\s*$/.exec(line);
  if (!frag && !tail) return { text };
  return {
    text: line.replace(/\s*(?:\(DF\)|\(frag [^)]*\)|\[tos 0x[0-9a-f]+[^\]]*\]|\(ttl\s[^)]*\))/g, ''),
    header: {
      tos: Number.parseInt(/\[tos 0x([0-9a-f]+)/.exec(line)?.[1] ?? '0', 16) & 0xff,
      ttl: tail ? Number(tail[1]) & 0xff : 64,
      id: Number(tail?.[2] ?? frag?.[1] ?? 0) & 0xffff,
      offset: Number(frag?.[3] ?? 0),
      dontFragment: line.includes('(DF)'),
      moreFragments: frag?.[4] === '+',
      ...(tail && { length: Number(tail[3]) }),
      options: 0,
    },
  };
}

/** Bytes that the IP header leaves for the upper layer. */
function roomOf(
  v4: Ipv4Words | undefined,
  v6: Ipv6Words | undefined,
  extensions: readonly { readonly bytes: Uint8Array }[],
): number | undefined {
  if (v4?.length !== undefined) return Math.max(0, v4.length - 20 - v4.options);
  if (v6?.payloadLength === undefined) return undefined;
  const before = extensions.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return Math.max(0, v6.payloadLength - before);
}

/** A later fragment: of its bytes nothing is printed. */
function piece(protocol: number | undefined, length: number | undefined): Upper | Unread {
  if (protocol === undefined) return { unread: 'words', text: 'a fragment of an unknown protocol' };
  return { protocol, bytes: new Uint8Array(), length, unsaid: 0 };
}

/** `fragment`: the words are those that stand for a later fragment without `-v`, which doesn't say which. */
function ipv4(
  source: number,
  destination: number,
  upper: Upper,
  words: Ipv4Words | undefined,
  fragment: boolean,
): Network {
  const options = words?.options ?? 0;
  const start = 20 + options;
  const length = words?.length ?? start + (upper.length ?? upper.bytes.length);
  const bytes = new Uint8Array(start + upper.bytes.length);
  const view = viewOf(bytes);
  const somewhere = fragment && words === undefined;
  const offset = somewhere ? 1 : Math.floor((words?.offset ?? 0) / 8) & 0x1fff;
  view.setUint8(0, 0x40 + start / 4);
  view.setUint8(1, words?.tos ?? 0);
  view.setUint16(2, Math.min(0xffff, length));
  view.setUint16(4, words?.id ?? 0);
  view.setUint16(6, (words?.dontFragment ? 0x4000 : 0) | (words?.moreFragments ? 0x2000 : 0) | offset);
  view.setUint8(8, words?.ttl ?? 64);
  view.setUint8(9, upper.protocol);
  view.setUint32(12, source);
  view.setUint32(16, destination);
  if (options === 4) view.setUint32(20, 0x94040000);
  view.setUint16(10, words?.badChecksum ?? checksum(view, 0, start));
  bytes.set(upper.bytes, start);
  sum(view, start, upper, source, destination);
  return {
    family: 4,
    bytes,
    length,
    unsaid:
      upper.unsaid |
      (words ? 0 : UNSAID.header) |
      (somewhere ? UNSAID.fragment : 0) |
      (words?.length === undefined && upper.length === undefined ? UNSAID.length : 0),
  };
}

function ipv6(
  source: bigint,
  destination: bigint,
  upper: Upper,
  words: Ipv6Words | undefined,
  { headers, fragment }: ReturnType<typeof extensionWords>,
): Network {
  const before = headers.reduce((total, { bytes }) => total + bytes.length, 0);
  const start = 40 + before;
  const payload = words?.payloadLength ?? before + (fragment?.length ?? upper.length ?? upper.bytes.length);
  const bytes = new Uint8Array(start + upper.bytes.length);
  const view = viewOf(bytes);
  view.setUint32(0, ((6 << 28) | ((words?.trafficClass ?? 0) << 20) | (words?.flowLabel ?? 0)) >>> 0);
  view.setUint16(4, Math.min(0xffff, payload));
  view.setUint8(6, headers[0]?.protocol ?? upper.protocol);
  view.setUint8(7, words?.hopLimit ?? 64);
  setUint128(view, 8, source);
  setUint128(view, 24, destination);
  let at = 40;
  for (const [index, header] of headers.entries()) {
    bytes.set(header.bytes, at);
    bytes[at] = headers[index + 1]?.protocol ?? upper.protocol;
    at += header.bytes.length;
  }
  bytes.set(upper.bytes, start);
  if (!fragment) sum(view, start, upper, source, destination);
  return {
    family: 6,
    bytes,
    length: 40 + payload,
    unsaid:
      upper.unsaid |
      (words ? 0 : UNSAID.header) |
      (fragment ? UNSAID.fragment : 0) |
      (words || fragment || upper.length !== undefined ? 0 : UNSAID.length),
  };
}

/** A checksum that nothing is said of is right. Of a packet that isn't shown whole it can't be worked out. */
function sum(view: DataView, start: number, upper: Upper, source: Ip, destination: Ip): void {
  const { checksumAt, length, bytes, protocol } = upper;
  if (checksumAt === undefined || length !== bytes.length || checksumAt + 2 > bytes.length) return;
  const pseudo = protocol === 1 ? 0 : sumPseudoHeader(source, destination, protocol, length);
  view.setUint16(start + checksumAt, checksum(view, start, length, pseudo) || (protocol === 17 ? 0xffff : 0));
}
