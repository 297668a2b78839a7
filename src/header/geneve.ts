import { getUint24 } from '../base/bytes.ts';
import { type Fault, shortOf, wrong } from './fault.ts';

/** Geneve, RFC 8926: version and options length, flags, protocol type (2), VNI (3), reserved; then options. */
const MIN = 8;
export const GENEVE_PORT = 6081;

export class Geneve {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  check(end: number): Fault | undefined {
    if (end - this.offset < MIN) return shortOf('Geneve header', MIN, this.offset, end);
    const version = this.view.getUint8(this.offset) >> 6;
    if (version !== 0) return wrong(`Geneve has version ${version}`);
    if (end - this.offset < this.length)
      return shortOf('Geneve header with options', this.length, this.offset, end);
    return undefined;
  }

  get length(): number {
    return MIN + (this.view.getUint8(this.offset) & 0x3f) * 4;
  }
  get protocol(): number {
    return this.view.getUint16(this.offset + 2);
  }
  get vni(): number {
    return getUint24(this.view, this.offset + 4);
  }
}
