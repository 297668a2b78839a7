import type { Family, Ip } from '../net/ip.ts';
import type { Fault } from './fault.ts';
import { Ipv4 } from './ipv4.ts';
import { Ipv6 } from './ipv6.ts';
import { walkIpv6 } from './ipv6-chain.ts';

/** IPv4 or IPv6 up to the upper layer, as plain values. Offsets are those of the view. */
export interface Network {
  readonly family: Family;
  readonly source: Ip;
  readonly destination: Ip;
  /** Upper-layer protocol, behind IPv6 extension headers. */
  readonly protocol: number;
  readonly ttl: number;
  readonly tos: number;
  /** IPv4 identification; for IPv6 that of the fragment header, when there is one. */
  readonly id: number | undefined;
  readonly fragment: boolean;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  readonly fragmentOffset: number;
  /** IPv4 total length; IPv6 payload length (or jumbo) + 40. What the header says, right or wrong. */
  readonly length: number;
  readonly offset: number;
  /** Behind the headers that could be read. */
  readonly headerEnd: number;
  /** Where the upper layer begins; -1 when it is not to be read here: non-first fragment, cut short, none. */
  readonly transport: number;
  /** What was wrong with an extension header; the fields of the main header stand nevertheless. */
  readonly fault: Fault | undefined;
}

/** Reads the header at `offset` by its version nibble; a Fault when not even the main header can be used. */
export function readNetwork(view: DataView, offset: number, end: number): Network | Fault {
  if (offset < end && view.getUint8(offset) >> 4 === 6) return readIpv6(view, offset, end);
  return readIpv4(view, offset, end);
}

export function isFault(value: Network | Fault): value is Fault {
  return 'needed' in value;
}

export function readIpv4(view: DataView, offset: number, end: number): Network | Fault {
  const ip = new Ipv4(view, offset);
  const fault = ip.check(end);
  if (fault) return fault;
  const fragmentOffset = ip.fragmentOffset;
  const headerEnd = offset + ip.headerLength;
  return {
    family: 4,
    source: ip.source,
    destination: ip.destination,
    protocol: ip.protocol,
    ttl: ip.ttl,
    tos: ip.tos,
    id: ip.id,
    fragment: ip.moreFragments || fragmentOffset > 0,
    dontFragment: ip.dontFragment,
    moreFragments: ip.moreFragments,
    fragmentOffset,
    length: ip.totalLength,
    offset,
    headerEnd,
    transport: fragmentOffset > 0 ? -1 : headerEnd,
    fault: undefined,
  };
}

export function readIpv6(view: DataView, offset: number, end: number): Network | Fault {
  const ip = new Ipv6(view, offset);
  const fault = ip.check(end);
  if (fault) return fault;
  const chain = walkIpv6(ip, end);
  return {
    family: 6,
    source: ip.source,
    destination: ip.destination,
    protocol: chain.protocol,
    ttl: ip.hopLimit,
    tos: ip.trafficClass,
    id: chain.fragment ? chain.id : undefined,
    fragment: chain.fragment,
    dontFragment: false,
    moreFragments: chain.moreFragments,
    fragmentOffset: chain.fragmentOffset,
    length: (ip.payloadLength === 0 && chain.jumbo > 0 ? chain.jumbo : ip.payloadLength) + 40,
    offset,
    headerEnd: chain.end,
    transport: chain.transport,
    fault: chain.fault,
  };
}
