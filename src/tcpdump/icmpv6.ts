/** ICMPv6 as icmp6_print() writes it, and the form of 3.x (`icmp6: echo request seq 1`). */

import { setUint128 } from '../base/bytes.ts';
import { lazily } from '../base/memo.ts';
import { type Ip, parseIpv6 } from '../net/ip.ts';
import { parseMac } from '../net/mac.ts';
import { PROTOCOL } from '../net/protocol.ts';
import { portOf, protocolOf } from './endpoint.ts';
import { firstLine, lengthIn, type Reading, type Upper } from './reading.ts';

export function isIcmpv6(text: string): boolean {
  return /^(?:ICMP6, |icmp6: )/.test(text);
}

const FORMS = lazily((): readonly (readonly [pattern: RegExp, type: number, code: number])[] => [
  [/^destination unreachable, unreachable route/, 1, 0],
  [/^destination unreachable, unreachable prohibited/, 1, 1],
  [/^destination unreachable, beyond scope/, 1, 2],
  [/^destination unreachable, unreachable address/, 1, 3],
  [/^destination unreachable, (?:unreachable port|\S+ (?:tcp|udp) port)/, 1, 4],
  [/^packet too big/, 2, 0],
  [/^time exceeded in-transit \(reassembly\)/, 3, 1],
  [/^time exceeded in-transit/, 3, 0],
  [/^ip6 reassembly time exceeded/, 3, 1],
  [/^parameter problem, errorneous/, 4, 0],
  [/^parameter problem, next header/, 4, 1],
  [/^parameter problem, option/, 4, 2],
  [/^echo request/, 128, 0],
  [/^echo reply/, 129, 0],
  [/^multicast listener query/, 130, 0],
  [/^multicast listener report v2/, 143, 0],
  [/^multicast listener report/, 131, 0],
  [/^multicast listener done/, 132, 0],
  [/^router solicitation/, 133, 0],
  [/^router advertisement/, 134, 0],
  [/^neighbor solicitation/, 135, 0],
  [/^neighbor advertisement/, 136, 0],
  [/^redirect/, 137, 0],
]);

/** Types whose message names a target behind the first eight bytes. */
const TARGET = /^(?:neighbor solicitation|neighbor advertisement).*?(?:who has|tgt is) ([0-9a-f:.]+)/;

export function readIcmpv6(
  text: string,
  destination: Ip,
  said: number | undefined,
  quoted: Uint8Array | undefined,
  reading: Reading,
): Upper {
  const words = firstLine(text).replace(/^(?:ICMP6, |icmp6: )/, '');
  const form = FORMS().find(([pattern]) => pattern.test(words));
  const other = /^type-#(\d+)|, (?:unknown )?icmp6? type[ -]#?(\d+)/.exec(words);
  const type = form?.[1] ?? Number(other?.[1] ?? other?.[2] ?? 255) & 0xff;
  const target = form && parseIpv6(TARGET.exec(words)?.[1] ?? '');
  // Of a message nobody knows only the type is known, if that: where its body would begin isn't.
  const about = form && (quoted ?? (type === 1 ? aboutWhat(words, destination, reading) : undefined));
  const option = target === undefined ? undefined : linkOption(text, type);
  const extra = about?.length ?? (target === undefined ? 0 : 16 + (option?.length ?? 0));
  // A query's code and version 2's records are not printed, and nobody asks for them.
  const bytes = new Uint8Array(form ? 8 + extra : 1);
  const view = new DataView(bytes.buffer);
  bytes[0] = type;
  if (form) {
    bytes[1] = form[2];
    const id = /\bid (0x[0-9a-f]+|\d+)/.exec(words);
    const sequence = /\bseq (\d+)/.exec(words);
    const mtu = /\bmtu (\d+)/.exec(words);
    if (id) view.setUint16(4, Number(id[1]));
    if (sequence) view.setUint16(6, Number(sequence[1]));
    if (type === 2 && mtu) view.setUint32(4, Number(mtu[1]));
    if (type === 136) bytes[4] = advertised(words);
  }
  if (about) bytes.set(about, 8);
  else if (target !== undefined) {
    setUint128(view, 8, target);
    if (option) bytes.set(option, 24);
  }
  return {
    protocol: PROTOCOL['ipv6-icmp'],
    bytes,
    length: said ?? lengthIn(words),
    ...(bytes.length >= 4 && { checksumAt: 2 }),
    unsaid: 0,
  };
}

function advertised(words: string): number {
  const flags = /Flags \[([^\]]*)\]/.exec(words)?.[1] ?? '';
  return (
    (flags.includes('router') ? 0x80 : 0) |
    (flags.includes('solicited') ? 0x40 : 0) |
    (flags.includes('override') ? 0x20 : 0)
  );
}

/** `source link-address option (1), length 8 (1): 52:54:00:12:34:56`, which `-v` prints on a line of its own. */
function linkOption(text: string, type: number): Uint8Array | undefined {
  const found = /(?:source|destination) link-address option \([12]\), length 8 \(1\): ([0-9a-f:]{17})/.exec(
    text,
  );
  const mac = parseMac(found?.[1] ?? '');
  if (mac === undefined) return undefined;
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  bytes[0] = type === 135 ? 1 : 2;
  bytes[1] = 1;
  view.setUint16(2, Math.floor(mac / 2 ** 32));
  view.setUint32(4, mac % 2 ** 32);
  return bytes;
}

function aboutWhat(words: string, destination: Ip, reading: Reading): Uint8Array | undefined {
  const ported = /, ([0-9a-f:]+) (tcp|udp) port (\S+?),? /.exec(`${words} `);
  const host =
    ported?.[1] ?? /(?:unreachable (?:route|prohibited|address)|beyond scope) ([0-9a-f:]+)/.exec(words)?.[1];
  const target = parseIpv6(host ?? '');
  if (target === undefined || typeof destination !== 'bigint') return undefined;
  const protocol = protocolOf(ported?.[2] ?? '');
  const port = portOf(ported?.[3] ?? '');
  const ends = reading.memory.find({
    ...{ source: destination, destination: target },
    ...(protocol !== undefined && { protocol }),
    ...(port !== undefined && { destinationPort: port }),
  });
  if (!ends) return undefined;
  const bytes = new Uint8Array(48);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x60;
  view.setUint16(4, 8);
  bytes[6] = ends.protocol;
  bytes[7] = 64;
  setUint128(view, 8, destination);
  setUint128(view, 24, target);
  if (ends.protocol === PROTOCOL['ipv6-icmp']) {
    bytes[40] = 128;
    view.setUint16(44, ends.sourcePort);
  } else {
    view.setUint16(40, ends.sourcePort);
    view.setUint16(42, ends.destinationPort);
    if (ends.protocol === PROTOCOL.udp) view.setUint16(44, 8);
  }
  return bytes;
}
