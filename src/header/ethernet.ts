import { getUint48 } from '../base/bytes.ts';
import { type Fault, shortOf } from './fault.ts';

/** Ethernet II / IEEE 802.3: destination (6), source (6), type or length (2). */
const SOURCE = 6;
const TYPE = 12;
export const ETHERNET_LENGTH = 14;
/** Below: a length (IEEE 802.3), followed by LLC. */
export const LEAST_ETHERTYPE = 0x600;

export const ETHERTYPE = {
  ipv4: 0x0800,
  arp: 0x0806,
  transparentEthernet: 0x6558,
  rarp: 0x8035,
  vlan: 0x8100,
  ipv6: 0x86dd,
  mpls: 0x8847,
  mplsMulticast: 0x8848,
  pppoe: 0x8864,
  ppp: 0x880b,
  vntag: 0x8926,
  macsec: 0x88e5,
  pbb: 0x88e7,
  etag: 0x893f,
  nsh: 0x894f,
  erspan: 0x88be,
  erspan3: 0x22eb,
  qinq: 0x88a8,
  oldQinq: 0x9100,
} as const;

export class Ethernet {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  check(end: number): Fault | undefined {
    return end - this.offset < ETHERNET_LENGTH
      ? shortOf('Ethernet header', ETHERNET_LENGTH, this.offset, end)
      : undefined;
  }

  get destination(): number {
    return getUint48(this.view, this.offset);
  }
  get source(): number {
    return getUint48(this.view, this.offset + SOURCE);
  }
  get type(): number {
    return this.view.getUint16(this.offset + TYPE);
  }
}

/** 802.1Q, 802.1ad (service tag) and the tag type that was used before it. */
export function isVlanType(type: number): boolean {
  return type === ETHERTYPE.vlan || type === ETHERTYPE.qinq || type === ETHERTYPE.oldQinq;
}
