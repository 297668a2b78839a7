import { type Fault, shortOf } from './fault.ts';

/** ICMP, RFC 792: type, code, checksum, and four bytes whose meaning hangs on the type; errors quote a packet from byte 8. */
export const ICMP_CHECKSUM = 2;
const REST = 4;
export const ICMP_LENGTH = 8;

export const ICMP = {
  echoReply: 0,
  unreachable: 3,
  sourceQuench: 4,
  redirect: 5,
  echo: 8,
  routerAdvertisement: 9,
  routerSolicitation: 10,
  timeExceeded: 11,
  parameterProblem: 12,
  timestamp: 13,
  timestampReply: 14,
  information: 15,
  informationReply: 16,
  addressMask: 17,
  addressMaskReply: 18,
} as const;

/** Code of "unreachable": fragmentation needed. */
export const FRAG_NEEDED = 4;

export class Icmp {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  check(end: number): Fault | undefined {
    return end - this.offset < ICMP_LENGTH
      ? shortOf('ICMP header', ICMP_LENGTH, this.offset, end)
      : undefined;
  }

  get type(): number {
    return this.view.getUint8(this.offset);
  }
  get code(): number {
    return this.view.getUint8(this.offset + 1);
  }
  get checksum(): number {
    return this.view.getUint16(this.offset + ICMP_CHECKSUM);
  }
  /** Of queries. */
  get id(): number {
    return this.view.getUint16(this.offset + REST);
  }
  get sequence(): number {
    return this.view.getUint16(this.offset + REST + 2);
  }
  /** Next-hop MTU of "fragmentation needed" (RFC 1191). */
  get mtu(): number {
    return this.view.getUint16(this.offset + REST + 2);
  }
  /** Of a redirect. */
  get gateway(): number {
    return this.view.getUint32(this.offset + REST);
  }
}

/** Has an id and a sequence number: echo, timestamp, information and address mask, and their replies. */
export function isIcmpQuery(type: number): boolean {
  return (
    type === ICMP.echo || type === ICMP.echoReply || (type >= ICMP.timestamp && type <= ICMP.addressMaskReply)
  );
}

/** Quotes the packet it is about. */
export function isIcmpError(type: number): boolean {
  return (
    type === ICMP.unreachable ||
    type === ICMP.sourceQuench ||
    type === ICMP.redirect ||
    type === ICMP.timeExceeded ||
    type === ICMP.parameterProblem
  );
}
