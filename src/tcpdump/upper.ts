/** What stands behind the addresses: which protocol the words belong to, and the bytes that its reader makes of them. */
import { viewOf } from '../base/bytes.ts';
import { UNSAID } from '../capture/frame.ts';
import type { Family } from '../net/ip.ts';
import { hasPorts, PROTOCOL } from '../net/protocol.ts';
import { type Endpoint, protocolOf } from './endpoint.ts';
import { isIcmp, readIcmp } from './icmp.ts';
import { isIcmpv6, readIcmpv6 } from './icmpv6.ts';
import { firstLine, isUnread, lengthIn, type Reading, type Unread, type Upper } from './reading.ts';
import { readSctp } from './sctp.ts';
import { isTcp, readTcp } from './tcp.ts';
import { innerOf, readGre, tunnelOf } from './tunnel.ts';
import { readUdp } from './udp.ts';

export interface UpperWords {
  readonly text: string;
  readonly protocol: number | undefined;
  /** The addresses have ports behind them. */
  readonly ported: boolean;
  /** A protocol's name alone: a later fragment, or a protocol that nothing more is known of. */
  readonly piece: boolean;
  /** `frag (0|8) 53 > 1024: …` */
  readonly ports?: readonly [number, number];
}

/** Printers that begin with their protocol's name, and those that carry no ports. */
const NAMED: readonly (readonly [pattern: RegExp, protocol: number])[] = [
  [/^igmp\b/, PROTOCOL.igmp],
  [/^IP6? /, PROTOCOL.ipencap],
  [/^GREv?\d?/, PROTOCOL.gre],
  [/^ESP\(/, PROTOCOL.esp],
  [/^AH\(/, PROTOCOL.ah],
  [/^IPComp\(/, 108],
  [/^PIMv?\d?/, PROTOCOL.pim],
  [/^OSPFv?\d?/, PROTOCOL.ospf],
  [/^(?:VRRPv\d|CARPv\d)/, PROTOCOL.vrrp],
  [/^EIGRP/, 88],
  [/^RSVPv?\d?/, 46],
  [/^DCCP/, PROTOCOL.dccp],
  [/^mobility:/, PROTOCOL['mobility-header']],
  [/^no next header/i, PROTOCOL['ipv6-nonxt']],
];

const ICMP6_SUM = /^\s*\[(?:icmp6 sum ok|bad icmp6 cksum [^\]]*)\] /;

export function upperWords(
  text: string,
  said: number | undefined,
  source: string,
  destination: string,
): UpperWords {
  const inner = /^(\d{1,5}) > (\d{1,5}): /.exec(text);
  const ports = inner ? ([Number(inner[1]) & 0xffff, Number(inner[2]) & 0xffff] as const) : undefined;
  const words = (inner ? text.slice(inner[0].length) : text).replace(ICMP6_SUM, '');
  const alone = /^(?:ip-proto-\d{1,3}|[a-z][\w-]{1,15})$/.exec(firstLine(words).trim());
  const piece = alone !== null && protocolOf(alone[0]) !== undefined;
  const protocol =
    said ?? (piece ? protocolOf(alone?.[0] ?? '') : undefined) ?? byWords(words, source, destination);
  return {
    text: words,
    protocol,
    ported: !piece && !ports && protocol !== undefined && hasPorts(protocol),
    piece,
    ...(ports && { ports }),
  };
}

function byWords(words: string, source: string, destination: string): number | undefined {
  if (isTcp(words)) return PROTOCOL.tcp;
  if (isIcmp(words)) return PROTOCOL.icmp;
  if (isIcmpv6(words)) return PROTOCOL['ipv6-icmp'];
  if (/^sctp\b/.test(words)) return PROTOCOL.sctp;
  const named = NAMED.find(([pattern]) => pattern.test(words));
  if (named) return words.startsWith('IP6') ? PROTOCOL.ipv6 : named[1];
  // Whatever else prints a payload prints UDP's, and ports stand behind the addresses.
  if (endsInPort(source) && endsInPort(destination)) return PROTOCOL.udp;
  const cut = /^\s*\[\|(\w+)\]/.exec(words)?.[1];
  return cut === undefined ? (/^\s*UDP,/.test(words) ? PROTOCOL.udp : undefined) : protocolOf(cut);
}

function endsInPort(text: string): boolean {
  return (
    /^(?:\d{1,3}\.){4}[\w-]+$/.test(text) ||
    (/:/.test(text) && /\.\d{1,5}$/.test(text)) ||
    /[a-z].*\.[\w-]+$/i.test(text)
  );
}

export interface UpperPlace {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly family: Family;
  /** Bytes that the IP header leaves. */
  readonly said: number | undefined;
  readonly depth: number;
}

export function readUpper(words: UpperWords, place: UpperPlace, reading: Reading): Upper | Unread {
  const { text, protocol } = words;
  if (protocol === undefined) return { unread: 'words', text: firstLine(text) };
  const { said, source, destination, depth } = place;
  if (words.piece && !hasPorts(protocol))
    return { protocol, bytes: new Uint8Array(), length: said, unsaid: 0 };
  const sourcePort = source.port ?? words.ports?.[0];
  const destinationPort = destination.port ?? words.ports?.[1];
  if (hasPorts(protocol)) {
    if (sourcePort === undefined || destinationPort === undefined)
      return { protocol, bytes: new Uint8Array(), length: said, unsaid: 0 };
    reading.memory.note({
      ...{ protocol, source: source.address, destination: destination.address, sourcePort, destinationPort },
    });
    const ends = {
      ...{ from: `${source.address} ${sourcePort}`, to: `${destination.address} ${destinationPort}` },
      ...{ sourcePort, destinationPort },
    };
    if (protocol === PROTOCOL.tcp) return readTcp(text, ends, said, reading);
    if (protocol === PROTOCOL.sctp) return readSctp(text, ends, said, reading.tags);
    if (protocol !== PROTOCOL.udp) return onlyPorts(protocol, sourcePort, destinationPort, said);
    return readUdp(text, ends, said, tunnelOf(text, reading, depth));
  }
  if (protocol === PROTOCOL.icmp || protocol === PROTOCOL['ipv6-icmp']) {
    const quoted = innerOf(afterFirst(text), reading, depth);
    const bytes = quoted && !isUnread(quoted) ? quoted.bytes : undefined;
    const read = protocol === PROTOCOL.icmp ? readIcmp : readIcmpv6;
    const upper = read(text, destination.address, said, bytes, reading);
    noteQuery(upper, place, reading);
    return upper;
  }
  if (protocol === PROTOCOL.gre) return readGre(text, said, reading, depth);
  if (protocol === PROTOCOL.ipencap || protocol === PROTOCOL.ipv6) {
    const inner = innerOf(text, reading, depth);
    if (!inner || isUnread(inner)) return { protocol, bytes: new Uint8Array(), length: said, unsaid: 0 };
    return {
      protocol,
      bytes: inner.bytes,
      length: said ?? inner.length,
      unsaid: inner.unsaid & ~UNSAID.header,
    };
  }
  if (protocol === PROTOCOL.esp) return esp(text, said);
  return {
    protocol,
    bytes: new Uint8Array(),
    length: said ?? lengthIn(text),
    unsaid: said === undefined ? UNSAID.length : 0,
  };
}

/** An echo request, for the error that may quote it. */
function noteQuery(upper: Upper, { source, destination }: UpperPlace, reading: Reading): void {
  const [type] = upper.bytes;
  if ((type !== 8 && type !== 128) || upper.bytes.length < 8) return;
  const id = viewOf(upper.bytes).getUint16(4);
  reading.memory.note({
    ...{ protocol: upper.protocol, source: source.address, destination: destination.address },
    ...{ sourcePort: id, destinationPort: id },
  });
}

function onlyPorts(protocol: number, source: number, destination: number, said: number | undefined): Upper {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint16(0, source);
  viewOf(bytes).setUint16(2, destination);
  return { protocol, bytes, length: said, unsaid: said === undefined ? UNSAID.length : 0 };
}

function esp(text: string, said: number | undefined): Upper {
  const found = /^ESP\(spi=0x([0-9a-f]+),seq=0x([0-9a-f]+)\)/.exec(text);
  const bytes = new Uint8Array(found ? 8 : 0);
  if (found) {
    viewOf(bytes).setUint32(0, Number.parseInt(found[1] ?? '', 16));
    viewOf(bytes).setUint32(4, Number.parseInt(found[2] ?? '', 16));
  }
  return { protocol: PROTOCOL.esp, bytes, length: said ?? lengthIn(text), unsaid: 0 };
}

function afterFirst(text: string): string {
  const end = text.indexOf('\n');
  return end < 0 ? (/ (\(tos 0x.*)$/.exec(text)?.[1] ?? '') : text.slice(end + 1);
}
