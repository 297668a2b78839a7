import { getUint48 } from '../base/bytes.ts';
import { type Fault, shortOf, wrong } from './fault.ts';

/**
 * ARP, RFC 826: hardware type, protocol type, their address lengths, operation; then sender's hardware and protocol address,
 * target's hardware and protocol address.
 */
const HARDWARE_LENGTH = 4;
const PROTOCOL_LENGTH = 5;
const OPERATION = 6;
const ADDRESSES = 8;

export class Arp {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  check(end: number): Fault | undefined {
    if (end - this.offset < ADDRESSES) return shortOf('ARP header', ADDRESSES, this.offset, end);
    if (this.view.getUint8(this.offset + PROTOCOL_LENGTH) !== 4) {
      return wrong(
        `ARP has protocol addresses of ${this.view.getUint8(this.offset + PROTOCOL_LENGTH)} bytes, IPv4's have 4`,
      );
    }
    if (end - this.offset < this.length) return shortOf('ARP', this.length, this.offset, end);
    return undefined;
  }

  get length(): number {
    return ADDRESSES + 2 * (this.hardwareLength + 4);
  }
  get hardwareType(): number {
    return this.view.getUint16(this.offset);
  }
  get hardwareLength(): number {
    return this.view.getUint8(this.offset + HARDWARE_LENGTH);
  }
  /** 1 request, 2 reply; 3 and 4 for RARP. */
  get operation(): number {
    return this.view.getUint16(this.offset + OPERATION);
  }
  /** 0 when hardware addresses aren't MAC addresses. */
  get senderMac(): number {
    return this.hardwareLength === 6 ? getUint48(this.view, this.offset + ADDRESSES) : 0;
  }
  get senderIp(): number {
    return this.view.getUint32(this.offset + ADDRESSES + this.hardwareLength);
  }
  get targetMac(): number {
    const length = this.hardwareLength;
    return length === 6 ? getUint48(this.view, this.offset + ADDRESSES + length + 4) : 0;
  }
  get targetIp(): number {
    return this.view.getUint32(this.offset + ADDRESSES + 2 * this.hardwareLength + 4);
  }
}
