/** Packets byte by byte: headers that no builder of the project makes, right checksums unless they are spoilt. */
import { parseIp } from '../../../src/net/ip.ts';
import { buildSkb } from '../../../src/skb/build.ts';
import { refreshLayout } from '../../../src/skb/layout.ts';
import { sealChecksums } from '../../../src/skb/rewrite.ts';
import type { Skb } from '../../../src/skb/skb.ts';

export interface RawPacket {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly payload: Uint8Array;
  /** IPv4 identification; must not be 0, or the kernel picks one for local senders. */
  readonly id?: number;
  readonly ttl?: number;
  /** Spoils the transport checksum. */
  readonly spoilt?: boolean;
}

export function rawPacket({
  source,
  destination,
  protocol,
  payload,
  id = 1,
  ttl = 64,
  spoilt,
}: RawPacket): Skb {
  const from = parseIp(source);
  const to = parseIp(destination);
  if (from === undefined || to === undefined) throw new Error(`${source} or ${destination} is no address`);
  const skb = buildSkb({
    source: from,
    destination: to,
    protocol: 59,
    payload,
    id,
    ttl,
    dontFragment: false,
  });
  skb.bytes[skb.family === 4 ? 9 : 6] = protocol;
  refreshLayout(skb);
  sealChecksums(skb);
  if (spoilt) skb.bytes[skb.bytes.length - 1] = (skb.bytes.at(-1) ?? 0) ^ 0x55;
  return skb;
}

const latin = (text: string | Uint8Array): Uint8Array =>
  typeof text === 'string' ? Uint8Array.from(Buffer.from(text, 'latin1')) : text;

export interface RawSegment {
  readonly ports: readonly [source: number, destination: number];
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledgement?: number;
  readonly window?: number;
  readonly options?: readonly number[];
  readonly data?: string | Uint8Array;
}

export function tcpBytes(of: RawSegment): Uint8Array {
  const options = [...(of.options ?? [])];
  while (options.length % 4 !== 0) options.push(1);
  const data = latin(of.data ?? '');
  const bytes = new Uint8Array(20 + options.length + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, of.ports[0]);
  view.setUint16(2, of.ports[1]);
  view.setUint32(4, of.sequence >>> 0);
  view.setUint32(8, (of.acknowledgement ?? 0) >>> 0);
  bytes[12] = (5 + options.length / 4) << 4;
  bytes[13] = of.flags;
  view.setUint16(14, of.window ?? 64000);
  bytes.set(options, 20);
  bytes.set(data, 20 + options.length);
  return bytes;
}

/** Also UDP-Lite, where `length` is the checksum's coverage. */
export function udpBytes(
  ports: readonly [number, number],
  data: string | Uint8Array = '',
  length?: number,
): Uint8Array {
  const body = latin(data);
  const bytes = new Uint8Array(8 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ports[0]);
  view.setUint16(2, ports[1]);
  view.setUint16(4, length ?? bytes.length);
  bytes.set(body, 8);
  return bytes;
}

/** `rest`: the second word. */
export function icmpBytes(
  type: number,
  code: number,
  rest: number,
  data: Uint8Array = new Uint8Array(8),
): Uint8Array {
  const bytes = new Uint8Array(8 + data.length);
  bytes[0] = type;
  bytes[1] = code;
  new DataView(bytes.buffer).setUint32(4, rest >>> 0);
  bytes.set(data, 8);
  return bytes;
}

export interface Chunk {
  readonly type: number;
  readonly flags?: number;
  readonly data?: readonly number[];
}

export function sctpBytes(
  ports: readonly [number, number],
  tag: number,
  chunks: readonly Chunk[],
): Uint8Array {
  const parts = chunks.map(({ type, flags = 0, data = [] }) => {
    const part = new Uint8Array((4 + data.length + 3) & ~3);
    part[0] = type;
    part[1] = flags;
    new DataView(part.buffer).setUint16(2, 4 + data.length);
    part.set(data, 4);
    return part;
  });
  const bytes = new Uint8Array(12 + parts.reduce((sum, part) => sum + part.length, 0));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ports[0]);
  view.setUint16(2, ports[1]);
  view.setUint32(4, tag >>> 0);
  let at = 12;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** What INIT and INIT ACK carry, with this initiate tag. */
export const initiation = (tag: number): readonly number[] => [
  (tag >>> 24) & 255,
  (tag >>> 16) & 255,
  (tag >>> 8) & 255,
  tag & 255,
  ...[0, 0, 16, 0, 0, 1, 0, 1, 0, 0, 0, 1],
];

/** Cuts a packet's payload at these offsets (multiples of 8) into IPv4 fragments. */
export function fragments4({ bytes }: Skb, cuts: readonly number[]): Skb[] {
  const payload = bytes.subarray(20);
  const edges = [0, ...cuts.filter((cut) => cut < payload.length), payload.length];
  return edges.slice(0, -1).map((from, index) => {
    const to = edges[index + 1] ?? payload.length;
    return fragment4(bytes, payload.subarray(from, to), from, to < payload.length);
  });
}

export function fragment4(whole: Uint8Array, piece: Uint8Array, offset: number, more: boolean): Skb {
  const bytes = new Uint8Array(20 + piece.length);
  bytes.set(whole.subarray(0, 20));
  bytes.set(piece, 20);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, bytes.length);
  view.setUint16(6, (view.getUint16(6) & 0x4000) | (more ? 0x2000 : 0) | (offset / 8));
  const skb: Skb = { ...buildSkb({ source: 0, destination: 0, protocol: 59 }), bytes, transport: -1 };
  sealChecksums({ ...skb, family: 4, transport: -1 });
  refreshLayout(skb);
  return skb;
}
