/**
 * fib_multipath_hash(), net/ipv4/route.c, and rt6_multipath_hash(), net/ipv6/route.c: by what packets are spread over the next
 * hops of a route. Addresses and ports are ordered first (__flow_hash_consistentify()), so both directions hash alike.
 */
import { jhash } from '../base/jhash.ts';
import { siphash } from '../base/siphash.ts';
import { isIcmpError } from '../header/icmp.ts';
import { isIcmpv6Error } from '../header/icmpv6.ts';
import type { Family, Ip } from '../net/ip.ts';
import { hasPorts, PROTOCOL } from '../net/protocol.ts';
import { fieldsOf } from '../skb/fields.ts';
import { networkOfBytes } from '../skb/layout.ts';
import type { Skb } from '../skb/skb.ts';
import type { FlowKey } from './fib.ts';

/** net.ipv4.fib_multipath_hash_policy and _fields of the family, and the seed, which is IPv4's for both. */
export interface HashSettings {
  readonly policy: number;
  readonly fields: number;
  /** Undefined: drawn at boot. */
  readonly seed: number | undefined;
}

/** struct flow_keys, as far as it is hashed. */
interface HashKeys {
  source?: Ip;
  destination?: Ip;
  protocol?: number;
  sourcePort?: number;
  destinationPort?: number;
  /** `swapped`: the dissector has it in host order, the header in network order. */
  flowLabel?: { readonly value: number; readonly swapped: boolean };
}

/** FIB_MULTIPATH_HASH_FIELD_* */
const FIELD = { source: 1, destination: 2, protocol: 4, flowLabel: 8, sourcePort: 16, destinationPort: 32 };
const INNER_FIELDS = 0xfc0;
const TUNNELS: ReadonlySet<number> = new Set([4, 41, 47]);

/** 31 bits; undefined where the kernel's hash can't be told. */
export function multipathHash(family: Family, key: FlowKey, settings: HashSettings): number | undefined {
  const { seed, policy, fields } = settings;
  if (seed === undefined) return undefined;
  const { packet } = key;
  const isTunnel = packet !== undefined && TUNNELS.has(packet.protocol);
  if (isTunnel && (policy === 2 || (policy === 3 && (fields & INNER_FIELDS) !== 0))) return undefined;
  if (policy !== 3) return hashOf(family, keysOf(family, key, policy), seed) >>> 1;
  const outer = (fields & 0x3f) === 0 ? 0 : hashOf(family, customKeys(key, fields), seed);
  return (packet ? jhash([outer, 0], 0) : outer) >>> 1;
}

function keysOf(family: Family, key: FlowKey, policy: number): HashKeys {
  const { packet } = key;
  if (policy === 1) {
    return {
      ...addressesOf(key),
      protocol: packet?.protocol ?? key.protocol ?? 0,
      ...portsOf(key),
    };
  }
  const { header, protocol, ...addresses } = packet ? layer3(packet, policy) : addressesOf(key);
  if (family === 4) return addresses;
  const flowLabel = flowLabelOf(key, policy === 2 && packet !== undefined, packet && header);
  const upper = packet ? protocol : key.protocol;
  return { ...addresses, protocol: upper ?? 0, ...(flowLabel ? { flowLabel } : {}) };
}

function customKeys(key: FlowKey, fields: number): HashKeys {
  const { source, destination } = addressesOf(key);
  const { sourcePort, destinationPort } = portsOf(key);
  const keys: HashKeys = {};
  if (fields & FIELD.source && source !== undefined) keys.source = source;
  if (fields & FIELD.destination && destination !== undefined) keys.destination = destination;
  if (fields & FIELD.protocol) keys.protocol = key.packet?.protocol ?? key.protocol ?? 0;
  const flowLabel = flowLabelOf(key, key.packet !== undefined, key.packet?.bytes);
  if (fields & FIELD.flowLabel && flowLabel) keys.flowLabel = flowLabel;
  if (fields & FIELD.sourcePort) keys.sourcePort = sourcePort;
  if (fields & FIELD.destinationPort) keys.destinationPort = destinationPort;
  return keys;
}

function addressesOf({ source, destination, packet }: FlowKey): {
  source?: Ip;
  destination?: Ip;
  header?: Uint8Array;
  protocol?: number;
} {
  const network = packet && networkOfBytes(packet.bytes);
  if (network) return { source: network.source, destination: network.destination };
  return { ...(source === undefined ? {} : { source }), destination };
}

/** The dissector leaves the ports of fragments out. */
function portsOf(key: FlowKey): { sourcePort: number; destinationPort: number } {
  const { packet } = key;
  const none = packet && (packet.fragmentOffset > 0 || packet.moreFragments || !hasPorts(packet.protocol));
  return none ? { sourcePort: 0, destinationPort: 0 } : portsOfPacket(packet ? fieldsOf(packet) : key);
}

function portsOfPacket({
  sourcePort = 0,
  destinationPort = 0,
}: Partial<Pick<FlowKey, 'sourcePort' | 'destinationPort'>>) {
  return { sourcePort, destinationPort };
}

/** ip_multipath_l3_keys(): an ICMP error goes the way of the packet that it quotes. */
function layer3(packet: Skb, policy: number): ReturnType<typeof addressesOf> {
  const quoted = policy === 2 ? undefined : quotedBy(packet);
  const header = quoted ?? packet.bytes;
  const network = networkOfBytes(header);
  if (!network) return {};
  const { source, destination } = network;
  const protocol = packet.family === 6 ? (header[6] ?? 0) : network.protocol;
  return { source, destination, header, protocol };
}

function quotedBy(packet: Skb): Uint8Array | undefined {
  const { family, protocol, transport, bytes } = packet;
  if (transport < 0 || packet.fragmentOffset > 0) return undefined;
  const type = bytes[transport] ?? 0;
  const isError =
    family === 4
      ? protocol === PROTOCOL.icmp && isIcmpError(type)
      : protocol === PROTOCOL['ipv6-icmp'] && isIcmpv6Error(type);
  if (!isError) return undefined;
  const inner = bytes.subarray(transport + 8);
  return networkOfBytes(inner) ? inner : undefined;
}

function flowLabelOf(
  key: FlowKey,
  swapped: boolean,
  header: Uint8Array | undefined,
): HashKeys['flowLabel'] | undefined {
  if (header && header[0] !== undefined && header[0] >>> 4 === 6) {
    const value = (((header[1] ?? 0) & 15) << 16) | ((header[2] ?? 0) << 8) | (header[3] ?? 0);
    return { value, swapped };
  }
  return key.flowLabel === undefined ? undefined : { value: key.flowLabel, swapped: false };
}

/** Offsets behind FLOW_KEYS_HASH_START_FIELD, the network's protocol. */
const AT = { protocol: 2, flowLabel: 4, ports: 28, addresses: 36 };

function hashOf(family: Family, keys: HashKeys, seed: number): number {
  const width = family === 4 ? 4 : 16;
  const bytes = new Uint8Array(AT.addresses + 2 * width + 4);
  const view = new DataView(bytes.buffer);
  bytes[AT.protocol] = keys.protocol ?? 0;
  if (keys.flowLabel) view.setUint32(AT.flowLabel, keys.flowLabel.value, keys.flowLabel.swapped);
  const ends = [bytesOf(keys.source, width), bytesOf(keys.destination, width)] as const;
  const swapped = family === 4 ? isLess(reversed(ends[1]), reversed(ends[0])) : isLess(ends[1], ends[0]);
  bytes.set(ends[swapped ? 1 : 0], AT.addresses);
  bytes.set(ends[swapped ? 0 : 1], AT.addresses + width);
  const ports = [keys.sourcePort ?? 0, keys.destinationPort ?? 0].toSorted((a, b) => swap16(a) - swap16(b));
  view.setUint16(AT.ports, ports[0] ?? 0);
  view.setUint16(AT.ports + 2, ports[1] ?? 0);
  const word = (BigInt(seed) << 32n) | BigInt(seed);
  const hash = Number(siphash(bytes, [word, word]) & 0xffffffffn);
  return hash === 0 ? 1 : hash;
}

function swap16(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8);
}

function bytesOf(ip: Ip | undefined, width: number): Uint8Array {
  const bytes = new Uint8Array(width);
  let rest = BigInt(ip ?? 0);
  for (let i = width - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

function reversed(bytes: Uint8Array): Uint8Array {
  return bytes.toReversed();
}

function isLess(a: Uint8Array, b: Uint8Array): boolean {
  for (const [i, value] of a.entries()) if (value !== b[i]) return value < (b[i] ?? 0);
  return false;
}
