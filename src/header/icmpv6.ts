import { getUint128 } from '../base/bytes.ts';
import { type Fault, shortOf } from './fault.ts';

/** ICMPv6, RFC 4443; neighbour discovery, RFC 4861. Type, code, checksum, then by type. */
export const ICMPV6_CHECKSUM = 2;
const REST = 4;
const TARGET = 8;
/** Type, code and checksum; every message that is known has four bytes more. */
export const ICMPV6_MIN = 4;
export const ICMPV6_LENGTH = 8;

export const ICMPV6 = {
  unreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echo: 128,
  echoReply: 129,
  mldQuery: 130,
  mldReport: 131,
  mldDone: 132,
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighbourSolicitation: 135,
  neighbourAdvertisement: 136,
  redirect: 137,
  mldv2Report: 143,
} as const;

export class Icmpv6 {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  check(end: number): Fault | undefined {
    return end - this.offset < ICMPV6_LENGTH
      ? shortOf('ICMPv6 header', ICMPV6_LENGTH, this.offset, end)
      : undefined;
  }

  get type(): number {
    return this.view.getUint8(this.offset);
  }
  get code(): number {
    return this.view.getUint8(this.offset + 1);
  }
  get checksum(): number {
    return this.view.getUint16(this.offset + ICMPV6_CHECKSUM);
  }
  get id(): number {
    return this.view.getUint16(this.offset + REST);
  }
  get sequence(): number {
    return this.view.getUint16(this.offset + REST + 2);
  }
  /** Of "packet too big". */
  get mtu(): number {
    return this.view.getUint32(this.offset + REST);
  }
  /** Of neighbour solicitation, advertisement and redirect; undefined when cut before `end`. */
  target(end: number): bigint | undefined {
    return this.offset + TARGET + 16 <= end ? getUint128(this.view, this.offset + TARGET) : undefined;
  }
}

export function isIcmpv6Query(type: number): boolean {
  return type === ICMPV6.echo || type === ICMPV6.echoReply;
}

export function isIcmpv6Error(type: number): boolean {
  return type >= ICMPV6.unreachable && type <= ICMPV6.parameterProblem;
}

export function hasNdTarget(type: number): boolean {
  return type >= ICMPV6.neighbourSolicitation && type <= ICMPV6.redirect;
}
