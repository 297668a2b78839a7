/** What compiled rules and chain indexes compare, read once from the packet's bytes. */
import { PROTOCOL } from '../../net/protocol.ts';
import type { Skb } from '../../skb/skb.ts';
import { destinationOf, sourceOf, upperLayer } from '../../xtables/packet.ts';
import { stateBitsOf } from './state-bits.ts';

/** IPv4 addresses are 32 bits with a sign: numbers beyond 2^31 would live on the heap. */
export interface PacketKey {
  readonly source: number | bigint;
  readonly destination: number | bigint;
  readonly protocol: number;
  /** 0 where the protocol is neither TCP nor UDP. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly tcpFlags: number;
  readonly in: string;
  readonly out: string;
  readonly mark: number;
  /** Of the connection, as `stateBits` has them. */
  readonly states: number;
}

/** Bytes that have to be there for the ports to be compared and nothing else to happen. */
export const HEADER: Readonly<Record<number, number>> = { [PROTOCOL.tcp]: 20, [PROTOCOL.udp]: 8 };

/** Undefined: a packet whose headers are cut or missing is asked about by every rule. */
export function packetKey(skb: Skb, backend: 'nft' | 'legacy'): PacketKey | undefined {
  const { protocol, offset, fragmentOffset } = upperLayer({ skb, backend });
  if (protocol < 0) return undefined;
  const length = protocol === PROTOCOL.tcp ? 20 : protocol === PROTOCOL.udp ? 8 : 0;
  const { bytes } = skb;
  if (length > 0 && (fragmentOffset > 0 || offset + length > Math.min(skb.length, bytes.length)))
    return undefined;
  return {
    source: skb.family === 4 ? i32(bytes, 12) : sourceOf(skb),
    destination: skb.family === 4 ? i32(bytes, 16) : destinationOf(skb),
    protocol,
    sourcePort: length > 0 ? i32(bytes, offset) >>> 16 : 0,
    destinationPort: length > 0 ? i32(bytes, offset) & 0xffff : 0,
    tcpFlags: length === 20 ? (bytes[offset + 13] as number) : 0,
    in: skb.in ?? '',
    out: skb.out ?? '',
    mark: skb.mark | 0,
    states: stateBitsOf(skb.conntrack),
  };
}

/** What isn't there counts as 0. */
function i32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
