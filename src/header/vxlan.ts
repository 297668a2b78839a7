import { getUint24 } from '../base/bytes.ts';
import { type Fault, shortOf, wrong } from './fault.ts';

/**
 * VXLAN, RFC 7348: flags (I = 0x08: the VNI is valid), reserved (3), VNI (3), reserved (1). Then an Ethernet frame; with
 * flag P = 0x04 (draft-ietf-nvo3-vxlan-gpe) the third reserved byte says what.
 */
export const VXLAN_LENGTH = 8;
/** The assigned port, the one that Linux and flannel used before it was, and that of the generic protocol extension. */
export const VXLAN_PORTS: readonly number[] = [4789, 8472, 4790];

export class Vxlan {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  check(end: number): Fault | undefined {
    if (end - this.offset < VXLAN_LENGTH) return shortOf('VXLAN header', VXLAN_LENGTH, this.offset, end);
    if ((this.view.getUint8(this.offset) & 8) === 0) return wrong('VXLAN header without a valid VNI flag');
    return undefined;
  }

  /** 1 IPv4, 2 IPv6, 3 Ethernet, 4 NSH. */
  get nextProtocol(): number {
    const generic = (this.view.getUint8(this.offset) & 4) !== 0;
    return generic ? this.view.getUint8(this.offset + 3) : 3;
  }
  get vni(): number {
    return getUint24(this.view, this.offset + 4);
  }
}
