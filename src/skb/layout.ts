import { viewOf } from '../base/bytes.ts';
import { isFault, type Network, readNetwork } from '../header/network.ts';
import { leastTransport } from '../header/transport.ts';
import type { Family } from '../net/ip.ts';
import type { Skb } from './skb.ts';

/** The fields of an Skb that its bytes decide. */
export interface SkbLayout {
  family: Family;
  length: number;
  protocol: number;
  transport: number;
  fragmentOffset: number;
  moreFragments: boolean;
}

/** Undefined when the bytes don't begin with a usable IPv4 or IPv6 header. */
export function layoutOf(bytes: Uint8Array): SkbLayout | undefined {
  const network = networkOfBytes(bytes);
  if (!network) return undefined;
  return {
    family: network.family,
    length: network.length,
    protocol: network.protocol,
    transport: readableTransport(network, bytes.length),
    fragmentOffset: network.fragmentOffset,
    moreFragments: network.moreFragments,
  };
}

/** Takes the layout from the bytes again, after they changed in more than a field's value. */
export function refreshLayout(skb: Skb): void {
  const layout = layoutOf(skb.bytes);
  if (layout) Object.assign(skb, layout);
}

export function networkOfBytes(bytes: Uint8Array): Network | undefined {
  const network = readNetwork(viewOf(bytes), 0, bytes.length);
  return isFault(network) ? undefined : network;
}

/** -1 unless the protocol's least header (TCP 20 bytes, UDP 8 …) is there as a whole. */
export function readableTransport(network: Network, end: number): number {
  if (network.transport < 0) return -1;
  const least = leastTransport(network.protocol);
  const limit = Math.min(end, network.length > 0 ? network.offset + network.length : end);
  return network.transport + least <= limit ? network.transport : -1;
}
