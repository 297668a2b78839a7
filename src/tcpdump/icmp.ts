/** ICMP as icmp_print() writes it, and the form of 3.x (`icmp: echo request seq 1`): type, code, and what follows them. */
import { lazily } from '../base/memo.ts';
import { type Ip, parseIpv4 } from '../net/ip.ts';
import { PROTOCOL } from '../net/protocol.ts';
import { portOf, protocolOf } from './endpoint.ts';
import { firstLine, lengthIn, type Reading, type Upper } from './reading.ts';

export function isIcmp(text: string): boolean {
  return /^(?:ICMP |icmp(?: \d+)?: )/.test(text);
}

interface Form {
  readonly pattern: RegExp;
  readonly type: number;
  readonly code: number;
}

/** What stands behind the host in an unreachable message, by code. The more telling ones come first. */
const UNREACHABLE = lazily((): readonly Form[] => [
  { pattern: /^net \S+ unreachable - (?:unknown|unkonwn)/, type: 3, code: 6 },
  { pattern: /^net \S+ unreachable - admin prohibited/, type: 3, code: 9 },
  { pattern: /^net \S+ unreachable - tos prohibited/, type: 3, code: 11 },
  { pattern: /^net \S+ unreachable/, type: 3, code: 0 },
  { pattern: /^host \S+ unreachable - unknown/, type: 3, code: 7 },
  { pattern: /^host \S+ unreachable - admin prohibited filter/, type: 3, code: 13 },
  { pattern: /^host \S+ unreachable - admin prohibited/, type: 3, code: 10 },
  { pattern: /^host \S+ unreachable - tos prohibited/, type: 3, code: 12 },
  { pattern: /^host \S+ unreachable - host precedence violation/, type: 3, code: 14 },
  { pattern: /^host \S+ unreachable - precedence cutoff/, type: 3, code: 15 },
  { pattern: /^host \S+ unreachable/, type: 3, code: 1 },
  { pattern: /^\S+ unreachable - need to frag/, type: 3, code: 4 },
  { pattern: /^\S+ unreachable - source route failed/, type: 3, code: 5 },
  { pattern: /^\S+ unreachable - source host isolated/, type: 3, code: 8 },
  { pattern: /^\S+ protocol \S+ port \S+ unreachable/, type: 3, code: 3 },
  { pattern: /^\S+ protocol \S+ unreachable/, type: 3, code: 2 },
  { pattern: /^\S+ (?:tcp|udp) port \S+ unreachable/, type: 3, code: 3 },
]);

const FORMS = lazily((): readonly Form[] => [
  { pattern: /^echo request/, type: 8, code: 0 },
  { pattern: /^echo reply/, type: 0, code: 0 },
  ...UNREACHABLE(),
  { pattern: /^time exceeded in-transit/, type: 11, code: 0 },
  { pattern: /^ip reassembly time exceeded/, type: 11, code: 1 },
  { pattern: /^redirect-tos \S+ to net/, type: 5, code: 2 },
  { pattern: /^redirect-tos \S+ to host/, type: 5, code: 3 },
  { pattern: /^redirect \S+ to net/, type: 5, code: 0 },
  { pattern: /^redirect \S+ to host/, type: 5, code: 1 },
  { pattern: /^source quench/, type: 4, code: 0 },
  { pattern: /^router advertisement/, type: 9, code: 0 },
  { pattern: /^router solicitation/, type: 10, code: 0 },
  { pattern: /^parameter problem/, type: 12, code: 0 },
  { pattern: /^time stamp (?:query|request)/, type: 13, code: 0 },
  { pattern: /^time stamp reply/, type: 14, code: 0 },
  { pattern: /^information request/, type: 15, code: 0 },
  { pattern: /^information reply/, type: 16, code: 0 },
  { pattern: /^address mask request/, type: 17, code: 0 },
  { pattern: /^address mask is/, type: 18, code: 0 },
]);

/** `source`, `destination`: the message's own. `quoted`: the packet it quotes, where `-v` printed that. */
export function readIcmp(
  text: string,
  destination: Ip,
  said: number | undefined,
  quoted: Uint8Array | undefined,
  reading: Reading,
): Upper {
  const words = firstLine(text).replace(/^(?:ICMP |icmp(?: \d+)?: )/, '');
  const form = FORMS().find(({ pattern }) => pattern.test(words));
  const other = /^type-#(\d+)/.exec(words);
  const type = form?.type ?? Number(other?.[1] ?? 255) & 0xff;
  const about = quoted ?? (form && aboutWhat(words, form, destination, reading));
  // Of a message nobody knows only the type is known, if that.
  const shown = form ? 8 : 1;
  const bytes = new Uint8Array(about ? 8 + about.length : shown);
  const view = new DataView(bytes.buffer);
  bytes[0] = type;
  if (shown === 8) {
    bytes[1] = form?.code ?? 0;
    const id = /\bid (0x[0-9a-f]+|\d+)/.exec(words);
    const sequence = /\bseq (\d+)/.exec(words);
    if (id) view.setUint16(4, Number(id[1]));
    if (sequence) view.setUint16(6, Number(sequence[1]));
    const mtu = /\(mtu (\d+)\)/.exec(words);
    if (mtu) view.setUint16(6, Number(mtu[1]));
    const gateway = /^redirect(?:-tos)? \S+ to (?:net|host) ([\d.]+\d)/.exec(words);
    if (gateway) view.setUint32(4, parseIpv4(gateway[1] ?? '') ?? 0);
  }
  if (about) bytes.set(about, 8);
  const check = /wrong icmp cksum (?:0x)?([0-9a-f]{1,4})/.exec(words);
  if (check && bytes.length >= 4) view.setUint16(2, Number.parseInt(check[1] ?? '', 16));
  return {
    protocol: PROTOCOL.icmp,
    bytes,
    length: said ?? lengthIn(words),
    ...(!check && bytes.length >= 4 && { checksumAt: 2 }),
    unsaid: 0,
  };
}

/**
 * The quoted packet as far as the message names it: from the one who is told, to the host that isn't reached; its ports, where a
 * packet before can only be the one that is meant.
 */
function aboutWhat(words: string, { type }: Form, destination: Ip, reading: Reading): Uint8Array | undefined {
  if (type !== 3 && type !== 5) return undefined;
  const host = /^(?:net |host |redirect(?:-tos)? )?([\d.]+\d) /.exec(words);
  const target = parseIpv4(host?.[1] ?? '');
  if (target === undefined || typeof destination !== 'number') return undefined;
  const ported = /^\S+ (?:protocol )?(\S+) port (\S+) unreachable/.exec(words);
  const protocol = protocolOf(ported?.[1] ?? /^\S+ protocol (\S+) unreachable/.exec(words)?.[1] ?? '');
  const port = portOf(ported?.[2] ?? '');
  const ends = reading.memory.find({
    ...{ source: destination, destination: target },
    ...(protocol !== undefined && { protocol }),
    ...(port !== undefined && { destinationPort: port }),
  });
  return quotedIpv4(destination, target, ends?.protocol ?? protocol, ends);
}

/** An IPv4 header, and eight bytes of what follows where the ports are known. */
function quotedIpv4(
  source: number,
  destination: number,
  protocol: number | undefined,
  ends: { readonly sourcePort: number; readonly destinationPort: number } | undefined,
): Uint8Array | undefined {
  if (protocol === undefined) return undefined;
  const bytes = new Uint8Array(ends ? 28 : 20);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, 28);
  view.setUint8(8, 64);
  view.setUint8(9, protocol);
  view.setUint32(12, source);
  view.setUint32(16, destination);
  if (!ends) return bytes;
  if (protocol === PROTOCOL.icmp) {
    bytes[20] = 8;
    view.setUint16(24, ends.sourcePort);
  } else {
    view.setUint16(20, ends.sourcePort);
    view.setUint16(22, ends.destinationPort);
    if (protocol === PROTOCOL.udp) view.setUint16(24, 8);
  }
  return bytes;
}
