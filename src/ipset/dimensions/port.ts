/** Protocol and port: get_port(), net/netfilter/ipset/ip_set_getport.c; ipset_parse_proto_port() of ipset(8). */
import { isUnknown, type Unknown } from '../../base/ternary.ts';
import type { Skb } from '../../skb/skb.ts';
import { EXTENSION, findHeader, isFound } from '../../xtables/ipv6.ts';
import { protocolNumber, savedProtocol } from '../../xtables/names/protocols.ts';
import { headerAt, u8, u16 } from '../../xtables/packet.ts';
import { readNumber } from '../../xtables/values/number.ts';
import { MAX_PORT, readPort } from '../../xtables/values/port.ts';
import type { Dimension, Direction } from '../dimension.ts';
import { icmpName, icmpNumber } from '../icmp-names.ts';
import type { Part, PortPart } from '../record.ts';

export const TCP = 6;
export const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
/** Protocols whose header is looked into, and the bytes of it that must be there. */
const HEADER: ReadonlyMap<number, number> = new Map([
  [TCP, 20],
  [UDP, 8],
  [132, 12],
  [136, 8],
  [ICMP, 8],
  [ICMPV6, 8],
]);
const WITH_PORTS: ReadonlySet<number> = new Set([TCP, UDP, 132, 136]);

export const port: Dimension = {
  name: 'port',
  expected: () => 'a port, PROTOCOL:PORT, PROTOCOL:PORT-PORT or icmp:TYPE/CODE',
  read: readProtocolPort,
  print: printProtocolPort,
  ofPacket: portOfPacket,
  key: (part) => (part.kind === 'port' ? `${part.protocol}:${part.port}` : ''),
  expand: expandPorts,
};

export function* expandPorts(part: Part): Generator<Part> {
  if (part.kind !== 'port') return;
  const { last = part.port, ...single } = part;
  for (let at = part.port; at <= last; at++) yield { ...single, port: at };
}

/** Undefined: cut headers, no upper layer, later fragments of protocols that have ports. Of the others, port 0. */
export function portOfPacket(skb: Skb, direction: Direction): PortPart | undefined | Unknown {
  const upper = upperOf(skb);
  if (upper === undefined || isUnknown(upper)) return upper;
  const { protocol, offset } = upper;
  const length = HEADER.get(protocol);
  const later = skb.fragmentOffset > 0;
  if (length === undefined || (later && protocol === ICMPV6)) return { kind: 'port', protocol, port: 0 };
  if (later) return undefined;
  const at = headerAt(skb, offset, length);
  if (isUnknown(at)) return at;
  if (at === 'short') return undefined;
  const isIcmp = protocol === ICMP || protocol === ICMPV6;
  return { kind: 'port', protocol, port: u16(skb.bytes, at + (isIcmp || direction === 'src' ? 0 : 2)) };
}

/** ip_set_get_ip4_port(), ip_set_get_ip6_port(): later fragments of IPv6 have no upper layer. */
function upperOf(skb: Skb): { readonly protocol: number; readonly offset: number } | undefined | Unknown {
  if (skb.family === 4) {
    return skb.protocol === 0 ? undefined : { protocol: skb.protocol, offset: (u8(skb.bytes, 0) & 15) * 4 };
  }
  const found = findHeader(skb);
  if (isUnknown(found)) return found;
  if (!isFound(found) || found.fragmentOffset > 0 || found.protocol === EXTENSION.none) return undefined;
  return found;
}

export function readProtocolPort(text: string): PortPart | undefined {
  const colon = text.indexOf(':');
  const protocol = colon < 0 ? TCP : protocolOf(text.slice(0, colon));
  if (protocol === undefined) return undefined;
  const rest = text.slice(colon + 1);
  if (protocol === ICMP || protocol === ICMPV6) {
    const code = icmpNumber(rest, protocol === ICMP ? 4 : 6);
    return code === undefined ? undefined : { kind: 'port', protocol, port: code };
  }
  const ports = readPorts(rest);
  if (!ports) return undefined;
  const hasNone = !WITH_PORTS.has(protocol) && (ports.port !== 0 || ports.last !== undefined);
  return hasNone ? undefined : { kind: 'port', protocol, ...ports };
}

/** `80`, `http`, `20-21`. */
export function readPorts(text: string): { readonly port: number; readonly last?: number } | undefined {
  const whole = readPort(text);
  if (whole !== undefined) return { port: whole };
  const dash = text.indexOf('-');
  const first = readPort(text.slice(0, dash));
  const last = readPort(text.slice(dash + 1));
  if (dash < 0 || first === undefined || last === undefined) return undefined;
  return { port: Math.min(first, last), last: Math.max(first, last) };
}

function protocolOf(text: string): number | undefined {
  const number = readNumber(text, 255);
  if (number !== undefined) return number === 0 ? undefined : number;
  return protocolNumber(text === 'icmpv6' ? 'ipv6-icmp' : text);
}

function printProtocolPort(part: Part): string {
  if (part.kind !== 'port') return '';
  const { protocol = TCP, port: first, last } = part;
  if (protocol === ICMP) return `icmp:${icmpName(first, 4)}`;
  if (protocol === ICMPV6) return `ipv6-icmp:${icmpName(first, 6)}`;
  return `${savedProtocol(protocol)}:${first}${last === undefined ? '' : `-${last}`}`;
}

export { MAX_PORT };
