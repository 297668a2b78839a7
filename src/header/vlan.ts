import { type Fault, shortOf } from './fault.ts';

/** IEEE 802.1Q tag behind its EtherType: priority (3 bits), drop eligible (1), VLAN id (12); then the next EtherType. */
export const VLAN_LENGTH = 4;

export class Vlan {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  check(end: number): Fault | undefined {
    return end - this.offset < VLAN_LENGTH ? shortOf('VLAN tag', VLAN_LENGTH, this.offset, end) : undefined;
  }

  get id(): number {
    return this.view.getUint16(this.offset) & 0xfff;
  }
  get priority(): number {
    return this.view.getUint8(this.offset) >> 5;
  }
  get type(): number {
    return this.view.getUint16(this.offset + 2);
  }
}
