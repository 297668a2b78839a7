import { checksum, fold, sumAddress, sumBytes, updateChecksum } from '../base/checksum.ts';
import { type Fault, shortOf, wrong } from './fault.ts';

/**
 * IPv4, RFC 791 section 3.1.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-------+-------+---------------+-------------------------------+
 *   0 |version|  IHL  | TOS           | total length                  |
 *   4 | identification                |0 D M| fragment offset         |
 *   8 | TTL           | protocol      | header checksum               |
 *  12 | source                                                        |
 *  16 | destination                                                   |
 *  20 | options …                                                     |
 */
const TOS = 1;
const TOTAL_LENGTH = 2;
const ID = 4;
const FRAGMENT = 6;
const TTL = 8;
const PROTOCOL = 9;
const CHECKSUM = 10;
const SOURCE = 12;
const DESTINATION = 16;
export const IPV4_MIN = 20;

export class Ipv4 {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  /** Why the bytes up to `end` are no usable header; accessors are safe when it gives undefined. */
  check(end: number): Fault | undefined {
    if (end - this.offset < IPV4_MIN) return shortOf('IPv4 header', IPV4_MIN, this.offset, end);
    if (this.version !== 4) return wrong(`IPv4 header has version ${this.version}`);
    const length = this.headerLength;
    if (length < IPV4_MIN) return wrong(`IPv4 header length ${length} is below ${IPV4_MIN}`);
    if (end - this.offset < length) return shortOf('IPv4 header with options', length, this.offset, end);
    return undefined;
  }

  get version(): number {
    return this.view.getUint8(this.offset) >> 4;
  }
  get headerLength(): number {
    return (this.view.getUint8(this.offset) & 15) * 4;
  }
  get tos(): number {
    return this.view.getUint8(this.offset + TOS);
  }
  get totalLength(): number {
    return this.view.getUint16(this.offset + TOTAL_LENGTH);
  }
  get id(): number {
    return this.view.getUint16(this.offset + ID);
  }
  get dontFragment(): boolean {
    return (this.view.getUint8(this.offset + FRAGMENT) & 0x40) !== 0;
  }
  get moreFragments(): boolean {
    return (this.view.getUint8(this.offset + FRAGMENT) & 0x20) !== 0;
  }
  /** In bytes. */
  get fragmentOffset(): number {
    return (this.view.getUint16(this.offset + FRAGMENT) & 0x1fff) * 8;
  }
  get ttl(): number {
    return this.view.getUint8(this.offset + TTL);
  }
  get protocol(): number {
    return this.view.getUint8(this.offset + PROTOCOL);
  }
  get checksum(): number {
    return this.view.getUint16(this.offset + CHECKSUM);
  }
  get source(): number {
    return this.view.getUint32(this.offset + SOURCE);
  }
  get destination(): number {
    return this.view.getUint32(this.offset + DESTINATION);
  }

  get checksumRight(): boolean {
    return fold(sumBytes(this.view, this.offset, this.headerLength)) === 0xffff;
  }

  set source(value: number) {
    this.mend(sumAddress(this.source), sumAddress(value));
    this.view.setUint32(this.offset + SOURCE, value);
  }
  set destination(value: number) {
    this.mend(sumAddress(this.destination), sumAddress(value));
    this.view.setUint32(this.offset + DESTINATION, value);
  }
  set ttl(value: number) {
    this.mend(this.ttl << 8, value << 8);
    this.view.setUint8(this.offset + TTL, value);
  }
  set tos(value: number) {
    this.mend(this.tos, value);
    this.view.setUint8(this.offset + TOS, value);
  }
  set totalLength(value: number) {
    this.mend(this.totalLength, value);
    this.view.setUint16(this.offset + TOTAL_LENGTH, value);
  }
  set id(value: number) {
    this.mend(this.id, value);
    this.view.setUint16(this.offset + ID, value);
  }

  /** Writes the checksum that the header ought to have. */
  sealChecksum(): void {
    this.view.setUint16(this.offset + CHECKSUM, 0);
    this.view.setUint16(this.offset + CHECKSUM, checksum(this.view, this.offset, this.headerLength));
  }

  private mend(before: number, after: number): void {
    this.view.setUint16(this.offset + CHECKSUM, updateChecksum(this.checksum, before, after));
  }
}

/** One option of the header: its type octet (copy bit, class and number), its offset and its whole length. */
export interface Ipv4Option {
  readonly type: number;
  readonly offset: number;
  readonly length: number;
}

export const IPOPT = {
  end: 0,
  noop: 1,
  rr: 7,
  ts: 68,
  security: 130,
  lsrr: 131,
  sid: 136,
  ssrr: 137,
  ra: 148,
} as const;

/** The options up to the first that is malformed or End; a malformed one ends the walk with a Fault as its last element. */
export function ipv4Options(ip: Ipv4): (Ipv4Option | Fault)[] {
  const found: (Ipv4Option | Fault)[] = [];
  const end = ip.offset + ip.headerLength;
  let at = ip.offset + IPV4_MIN;
  while (at < end) {
    const type = ip.view.getUint8(at);
    if (type === IPOPT.end) break;
    const length = type === IPOPT.noop ? 1 : at + 1 < end ? ip.view.getUint8(at + 1) : 0;
    if (length === 0 || (type !== IPOPT.noop && length < 2) || at + length > end) {
      found.push(wrong(`IPv4 option ${type} has length ${length}, ${end - at} bytes are left`));
      break;
    }
    found.push({ type, offset: at, length });
    at += length;
  }
  return found;
}
