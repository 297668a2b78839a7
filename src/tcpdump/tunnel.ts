/** Packets inside packets: GRE, IP in IP, VXLAN (which tcpdump calls OTV on port 8472), Geneve. */
import { setUint48, viewOf } from '../base/bytes.ts';
import { UNSAID } from '../capture/frame.ts';
import { PROTOCOL } from '../net/protocol.ts';
import { readArp } from './arp.ts';
import { linkWords } from './link.ts';
import { type Network, readIp } from './network.ts';
import { isUnread, lengthIn, type Reading, type Unread, type Upper } from './reading.ts';

/** An IP packet at the beginning of `text`, behind white space; undefined: there is none. */
export function innerOf(text: string, reading: Reading, depth: number): Network | Unread | undefined {
  const trimmed = text.trimStart();
  if (!/^(?:IP6? |\((?:tos|class|flowlabel|hlim) |\S+ > \S+: )/.test(trimmed)) return undefined;
  return readIp(trimmed, undefined, reading, depth + 1);
}

/** What is unsaid of the packet inside and not of the one around it. */
const NUMBERS = UNSAID.sequence | UNSAID.acknowledgement;

export interface Carried {
  readonly bytes: Uint8Array;
  readonly length: number | undefined;
  readonly unsaid: number;
}

const VXLAN =
  /^(?:VXLAN|OTV), [Ff]lags \[[^\]]*\] \(0x([0-9a-f]{1,2})\)(?:, overlay (\d+))?(?:, (?:instance|vni) (\d+))?/;
const GENEVE =
  /^Geneve, Flags \[([^\]]*)\], vni 0x([0-9a-f]+)(?:, proto [^(]*\(0x([0-9a-f]{1,4})\))?(?:, options \[[^:]*\])?/;

/** The header and the packet of a tunnel over UDP; undefined: the words are of something else. */
export function tunnelOf(text: string, reading: Reading, depth: number): Carried | undefined {
  const words = text.replace(/^\s*\[(?:udp sum ok|no cksum|bad udp cksum[^\]]*)\]\s*/, '');
  const vxlan = VXLAN.exec(words);
  if (vxlan) {
    const inner = etherFrame(words.slice(vxlan[0].length), reading, depth);
    const header = new Uint8Array(8);
    header[0] = Number.parseInt(vxlan[1] ?? '8', 16);
    // OTV's overlay are the upper bytes of what VXLAN keeps there, and its instance is the identifier.
    viewOf(header).setUint32(4, (Number(vxlan[3] ?? 0) << 8) >>> 0);
    return carried(header, inner);
  }
  const geneve = GENEVE.exec(words);
  if (!geneve) return undefined;
  const rest = words.slice(geneve[0].length).replace(/^(?:, options \[[^\]]*\])?:?/, '');
  const plain = innerOf(rest, reading, depth);
  const network = plain && !isUnread(plain) ? plain : undefined;
  const header = new Uint8Array(8);
  const proto = geneve[3] === undefined ? 0x6558 : Number.parseInt(geneve[3], 16);
  viewOf(header).setUint16(2, proto);
  viewOf(header).setUint32(4, (Number.parseInt(geneve[2] ?? '0', 16) << 8) >>> 0);
  if (proto !== 0x6558) return carried(header, network);
  return carried(header, etherFrame(rest, reading, depth));
}

function carried(header: Uint8Array, inner: Carried | undefined): Carried {
  if (!inner) return { bytes: header, length: undefined, unsaid: 0 };
  const length = inner.length === undefined ? undefined : 8 + inner.length;
  return { bytes: joined(header, inner.bytes), length, unsaid: inner.unsaid & NUMBERS };
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}

/** The Ethernet frame inside: with its addresses if `-e` printed them, else with zeros. */
function etherFrame(text: string, reading: Reading, depth: number): Carried | undefined {
  const link = linkWords(text.trimStart().replace(/^: ?/, ''));
  const rest = link.rest.trimStart();
  const header = new Uint8Array(14);
  const view = viewOf(header);
  setUint48(view, 0, link.destination ?? 0);
  setUint48(view, 6, link.source ?? 0);
  if (/^(?:ARP, |arp )/.test(rest) || link.etherType === 0x806) {
    const arp = readArp(rest, link, reading);
    if (isUnread(arp)) return undefined;
    view.setUint16(12, 0x806);
    return { bytes: joined(header, arp.bytes), length: link.length ?? 14 + arp.length, unsaid: 0 };
  }
  const inner = innerOf(rest, reading, depth);
  if (!inner || isUnread(inner)) return undefined;
  view.setUint16(12, inner.family === 4 ? 0x800 : 0x86dd);
  return {
    bytes: joined(header, inner.bytes),
    length: link.length ?? 14 + inner.length,
    unsaid: inner.unsaid,
  };
}

/** `GREv0, key=0x1, seq 2, length 88: IP …`; `-v`: `GREv0, Flags [key present], key=0x1, proto IPv4 (0x0800), length 88`. */
export function readGre(text: string, said: number | undefined, reading: Reading, depth: number): Upper {
  const protocol = PROTOCOL.gre;
  const head = /^GREv0(.*?)\blength (\d+):?/.exec(text);
  if (!head) return { protocol, bytes: new Uint8Array(), length: said ?? lengthIn(text), unsaid: 0 };
  const words = head[1] ?? '';
  const rest = text.slice(head[0].length);
  const key = /\bkey=0x([0-9a-f]+)/.exec(words);
  const sequence = /\bseq (\d+)/.exec(words);
  const sum = /\b(?:sum|off) 0x/.test(words);
  const proto = /proto [^(]*\(0x([0-9a-f]{1,4})\)/.exec(words) ?? /gre-proto-0x([0-9a-f]{1,4})/.exec(rest);
  const inner = innerOf(rest, reading, depth);
  const network = inner && !isUnread(inner) ? inner : undefined;
  const type = proto
    ? Number.parseInt(proto[1] ?? '', 16)
    : network
      ? network.family === 4
        ? 0x800
        : 0x86dd
      : undefined;
  if (type === undefined)
    return { protocol, bytes: new Uint8Array(), length: said ?? Number(head[2]), unsaid: 0 };
  const fields: number[] = [];
  const put = (value: number) =>
    fields.push(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
  put((((sum ? 0x8000 : 0) | (key ? 0x2000 : 0) | (sequence ? 0x1000 : 0)) << 16) | type);
  if (sum) put(0);
  if (key) put(Number.parseInt(key[1] ?? '', 16) >>> 0);
  if (sequence) put(Number(sequence[1]) >>> 0);
  const bytes = joined(
    Uint8Array.from(fields),
    type === 0x800 || type === 0x86dd ? (network?.bytes ?? new Uint8Array()) : new Uint8Array(),
  );
  return { protocol, bytes, length: said ?? Number(head[2]), unsaid: (network?.unsaid ?? 0) & NUMBERS };
}
