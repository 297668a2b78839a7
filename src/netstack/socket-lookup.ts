/** Which socket a packet belongs to: __inet_lookup(), __udp4_lib_lookup(), and nf_sk_lookup_slow_v4() that asks them ahead of time. */
import { type Unknown, unknown } from '../base/ternary.ts';
import type { Socket } from '../dump/records.ts';
import type { Family, Ip } from '../net/ip.ts';
import { fieldsOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import { EXTENSION, findHeader, isFound } from '../xtables/ipv6.ts';
import { u8, u16, u32 } from '../xtables/packet.ts';
import type { Net } from './net.ts';
import type { Copy } from './run.ts';
import { connectedSocket, isConnected, listening, pickListener } from './sockets.ts';

const [ICMP, TCP, UDP, ICMPV6] = [1, 6, 17, 58];
const [TCP_HEADER, UDP_HEADER, ICMP_HEADER, PORTS] = [20, 8, 8, 4];
const ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
const COMMAND = 'ss -tunape --inet-sockopt';

/** Addresses and ports as the socket has them: `destination` is its own. */
export interface SocketKey {
  readonly family: Family;
  readonly protocol: number;
  readonly source: Ip;
  readonly sourcePort: number;
  readonly destination: Ip;
  readonly destinationPort: number;
}

export interface FoundSocket {
  readonly socket: Socket;
  readonly connected: boolean;
}

/** A connected one, else the listener; unknown when the listing may leave out connected ones, and it could be one of those. */
export function lookUpSocket(
  net: Net,
  key: SocketKey,
  dev: string,
  opens: boolean,
): FoundSocket | undefined | Unknown {
  const { sockets } = net.netns;
  if (!sockets) return unknown(`${net.name}: no list of sockets (${COMMAND})`);
  const connected = connectedSocket(sockets, key, dev);
  if (connected) return { socket: connected, connected: true };
  const name = key.protocol === TCP ? 'tcp' : 'udp';
  const complete = sockets.some((socket) => socket.protocol === name && isConnected(socket));
  if (!opens && !complete) return unknown(`${net.name}: whether a connected socket takes it (${COMMAND})`);
  const listener = pickListener(sockets, key, dev);
  return listener?.takes ? { socket: listener.socket, connected: false } : undefined;
}

/** For `-m socket` and nft's `socket`: whose packet it is, or whose the one is that an ICMP error quotes. */
export function socketOfPacket(net: Net, skb: Skb): Socket | undefined | Unknown {
  const asked = skb.family === 4 ? keyOf4(skb) : keyOf6(skb);
  if (!asked) return undefined;
  const found = lookUpSocket(net, asked.key, skb.in ?? '', asked.opens);
  return found && ('socket' in found ? found.socket : found);
}

/** tcp_v4_early_demux(), udp_v4_early_demux(): what belongs to a connected socket has it from before the routing decision on. */
export function earlyDemux({ net, skb, dev, dst }: Copy): Copy['socket'] {
  const { sockets } = net.netns;
  if (!sockets || dst || skb.transport < 0 || skb.fragmentOffset > 0 || skb.moreFragments) return undefined;
  if (skb.packetType !== undefined && skb.packetType !== 'host') return undefined;
  // IPv6 looks at the first header alone.
  const protocol = skb.family === 4 ? skb.protocol : u8(skb.bytes, 6);
  if (protocol !== TCP && protocol !== UDP) return undefined;
  const own = `net.ipv4.${protocol === TCP ? 'tcp' : 'udp'}_early_demux`;
  if (['net.ipv4.ip_early_demux', own].some((name) => net.sysctl(name)?.value === '0')) return undefined;
  const found = connectedSocket(sockets, fieldsOf(skb), dev);
  return found && { ...listening(found), state: 'kernel' };
}

interface Asked {
  readonly key: SocketKey;
  /** What opens a connection has none yet. */
  readonly opens: boolean;
}

/** nf_sk_lookup_slow_v4(): an answer to a connection whose source was translated is for whom it was before. */
function keyOf4(skb: Skb): Asked | undefined {
  const { protocol, bytes } = skb;
  const at = (u8(bytes, 0) % 16) * 4;
  const quoted = protocol === ICMP ? quotedBy4(skb, at) : undefined;
  const own = protocol === TCP || protocol === UDP ? keyAt(skb, protocol, at) : quoted;
  if (!own) return undefined;
  const tracked = skb.conntrack;
  const answers = tracked?.direction === 'reply' && tracked.state === (quoted ? 'RELATED' : 'ESTABLISHED');
  const entry = answers && tracked.entry?.srcNatDone ? tracked.entry : undefined;
  if (!entry) return own;
  const { source, sourcePort } = entry.original;
  return { ...own, key: { ...own.key, destination: source, destinationPort: sourcePort } };
}

function keyOf6(skb: Skb): Asked | undefined {
  const found = findHeader(skb);
  if (!isFound(found)) return undefined;
  const { protocol, offset } = found;
  if (protocol === TCP || protocol === UDP) return keyAt(skb, protocol, offset);
  return protocol === ICMPV6 ? quotedBy6(skb, offset) : undefined;
}

function keyAt(skb: Skb, protocol: number, at: number): Asked | undefined {
  const { bytes } = skb;
  if (at + (protocol === TCP ? TCP_HEADER : UDP_HEADER) > bytes.length) return undefined;
  const { family, source, destination } = fieldsOf(skb);
  const flags = u8(bytes, at + 13) & 0x17;
  return {
    key: {
      family,
      protocol,
      source,
      destination,
      sourcePort: u16(bytes, at),
      destinationPort: u16(bytes, at + 2),
    },
    opens: protocol === TCP && flags === 2,
  };
}

/** extract_icmp4_fields() */
function quotedBy4({ bytes }: Skb, at: number): Asked | undefined {
  const inside = at + ICMP_HEADER;
  if (!ERRORS.has(u8(bytes, at)) || inside + 20 > bytes.length) return undefined;
  const ports = inside + (u8(bytes, inside) % 16) * 4;
  return quoted(bytes, u8(bytes, inside + 9), ports, {
    family: 4,
    destination: u32(bytes, inside + 12),
    source: u32(bytes, inside + 16),
  });
}

/** extract_icmp6_fields() */
function quotedBy6({ bytes, length }: Skb, at: number): Asked | undefined {
  const inside = at + ICMP_HEADER;
  if (u8(bytes, at) >= 128 || inside + 40 > bytes.length) return undefined;
  const found = findHeader({ bytes: bytes.subarray(inside), length: length - inside });
  if (!isFound(found) || found.fragmentOffset > 0 || found.protocol === EXTENSION.none) return undefined;
  return quoted(bytes, found.protocol, inside + found.offset, {
    family: 6,
    destination: wide(bytes, inside + 8),
    source: wide(bytes, inside + 24),
  });
}

function quoted(
  bytes: Uint8Array,
  protocol: number,
  ports: number,
  addresses: Pick<SocketKey, 'family' | 'source' | 'destination'>,
): Asked | undefined {
  if ((protocol !== TCP && protocol !== UDP) || ports + PORTS > bytes.length) return undefined;
  const key = {
    ...addresses,
    protocol,
    destinationPort: u16(bytes, ports),
    sourcePort: u16(bytes, ports + 2),
  };
  return { key, opens: false };
}

function wide(bytes: Uint8Array, at: number): bigint {
  return [0, 4, 8, 12].reduce((value, offset) => (value << 32n) | BigInt(u32(bytes, at + offset)), 0n);
}
