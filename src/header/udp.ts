import { type Fault, shortOf } from './fault.ts';

/** UDP, RFC 768: source port, destination port, length, checksum, each 16 bits. UDP-Lite (RFC 3828) has coverage as length. */
const LENGTH = 4;
export const UDP_CHECKSUM = 6;
export const UDP_LENGTH = 8;

export class Udp {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  check(end: number): Fault | undefined {
    return end - this.offset < UDP_LENGTH ? shortOf('UDP header', UDP_LENGTH, this.offset, end) : undefined;
  }

  get sourcePort(): number {
    return this.view.getUint16(this.offset);
  }
  get destinationPort(): number {
    return this.view.getUint16(this.offset + 2);
  }
  get length(): number {
    return this.view.getUint16(this.offset + LENGTH);
  }
  get checksum(): number {
    return this.view.getUint16(this.offset + UDP_CHECKSUM);
  }
}
