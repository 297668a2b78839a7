import { type Fault, shortOf, wrong } from './fault.ts';

/** GTP-U version 1, 3GPP TS 29.281: flags, message type, length (2), TEID (4); four bytes more when E, S or PN is set. */
const MIN = 8;
const USER_DATA = 255;
export const GTP_PORT = 2152;

export class Gtp {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  check(end: number): Fault | undefined {
    if (end - this.offset < MIN) return shortOf('GTP header', MIN, this.offset, end);
    if (this.view.getUint8(this.offset) >> 4 !== 3) return wrong('no GTP version 1');
    return undefined;
  }

  /** Carries a user's packet, not signalling. */
  get isUserData(): boolean {
    return this.view.getUint8(this.offset + 1) === USER_DATA;
  }
  get teid(): number {
    return this.view.getUint32(this.offset + 4);
  }

  /** Where the packet begins, behind the extension headers; undefined when those leave the bytes before `end`. */
  payload(end: number): number | undefined {
    let at = this.offset + MIN;
    const flags = this.view.getUint8(this.offset);
    if ((flags & 7) === 0) return at;
    at += 4;
    if ((flags & 4) === 0) return at;
    while (at <= end) {
      if (this.view.getUint8(at - 1) === 0) return at;
      const length = at < end ? this.view.getUint8(at) * 4 : 0;
      if (length === 0) return undefined;
      at += length;
    }
    return undefined;
  }
}
