import { getUint48 } from '../base/bytes.ts';
import { type Fault, shortOf } from './fault.ts';

/**
 * Linux "cooked" captures, as the `any` device gives them (LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2).
 *
 *  SLL  0 packet type (2)   2 ARPHRD type (2)   4 address length (2)   6 address (8)      14 protocol (2)
 *  SLL2 0 protocol (2)      2 reserved (2)      4 interface index (4)  8 ARPHRD type (2)  10 packet type (1)
 *      11 address length (1)  12 address (8)
 */
export const SLL_LENGTH = 16;
export const SLL2_LENGTH = 20;

/** Packet types, in the order of their numbers: to us, broadcast, multicast, to another host, sent by us. */
export const SLL_PACKET_TYPES = ['host', 'broadcast', 'multicast', 'otherhost', 'outgoing'] as const;

export class Sll {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  check(end: number): Fault | undefined {
    return end - this.offset < SLL_LENGTH ? shortOf('SLL header', SLL_LENGTH, this.offset, end) : undefined;
  }

  get packetType(): number {
    return this.view.getUint16(this.offset);
  }
  get hardwareType(): number {
    return this.view.getUint16(this.offset + 2);
  }
  /** Link-layer source; undefined when it is no MAC address. */
  get source(): number | undefined {
    return this.view.getUint16(this.offset + 4) === 6 ? getUint48(this.view, this.offset + 6) : undefined;
  }
  get protocol(): number {
    return this.view.getUint16(this.offset + 14);
  }
}

export class Sll2 {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  check(end: number): Fault | undefined {
    return end - this.offset < SLL2_LENGTH
      ? shortOf('SLL2 header', SLL2_LENGTH, this.offset, end)
      : undefined;
  }

  get protocol(): number {
    return this.view.getUint16(this.offset);
  }
  get interfaceIndex(): number {
    return this.view.getUint32(this.offset + 4);
  }
  get hardwareType(): number {
    return this.view.getUint16(this.offset + 8);
  }
  get packetType(): number {
    return this.view.getUint8(this.offset + 10);
  }
  get source(): number | undefined {
    return this.view.getUint8(this.offset + 11) === 6 ? getUint48(this.view, this.offset + 12) : undefined;
  }
}
