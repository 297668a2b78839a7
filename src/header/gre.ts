import { type Fault, shortOf, wrong } from './fault.ts';

/**
 * GRE, RFC 2784 and 2890; version 1 (PPTP), RFC 2637; source routes, RFC 1701.
 *
 *   0  C R K S s | recursion | A | flags | version    2  protocol type
 *   4  checksum and offset (C or R), key (K), sequence number (S), acknowledgement number (A, version 1)
 */
const PROTOCOL = 2;
const MIN = 4;

export class Gre {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  check(end: number): Fault | undefined {
    if (end - this.offset < MIN) return shortOf('GRE header', MIN, this.offset, end);
    if (this.version > 1) return wrong(`GRE has version ${this.version}`);
    if (end - this.offset < this.length) return shortOf('GRE header', this.length, this.offset, end);
    return undefined;
  }

  get version(): number {
    return this.view.getUint8(this.offset + 1) & 7;
  }
  get protocol(): number {
    return this.view.getUint16(this.offset + PROTOCOL);
  }
  get hasSequence(): boolean {
    return (this.view.getUint8(this.offset) & 0x10) !== 0;
  }
  /** A source route follows the fixed fields: routing entries up to one of length 0. */
  get hasRouting(): boolean {
    return this.version === 0 && (this.view.getUint8(this.offset) & 0x40) !== 0;
  }
  get length(): number {
    const flags = this.view.getUint8(this.offset);
    let length = MIN;
    if (this.version === 0 && flags & 0xc0) length += 4;
    if (flags & 0x20) length += 4;
    if (flags & 0x10) length += 4;
    if (this.version === 1 && this.view.getUint8(this.offset + 1) & 0x80) length += 4;
    return length;
  }
  /** Undefined without the key bit. In version 1 its halves are payload length and call id. */
  get key(): number | undefined {
    const flags = this.view.getUint8(this.offset);
    if ((flags & 0x20) === 0) return undefined;
    return this.view.getUint32(this.offset + MIN + (this.version === 0 && flags & 0xc0 ? 4 : 0));
  }

  /** Behind the source route when there is one; undefined when that leaves the bytes before `end`. */
  payload(end: number): number | undefined {
    let at = this.offset + this.length;
    if (!this.hasRouting) return at;
    while (at + 4 <= end) {
      const length = this.view.getUint8(at + 3);
      at += 4 + length;
      if (length === 0) return at;
    }
    return undefined;
  }
}
