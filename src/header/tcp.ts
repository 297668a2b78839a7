import { updateChecksum } from '../base/checksum.ts';
import { type Fault, shortOf, wrong } from './fault.ts';

/**
 * TCP, RFC 9293 section 3.1.
 *
 *   0  source port                   | destination port
 *   4  sequence number
 *   8  acknowledgement number
 *  12  data offset (4) | flags (12)  | window
 *  16  checksum                      | urgent pointer
 *  20  options …
 */
const SEQUENCE = 4;
const ACKNOWLEDGEMENT = 8;
const FLAGS = 12;
const WINDOW = 14;
export const TCP_CHECKSUM = 16;
const URGENT = 18;
export const TCP_MIN = 20;

export const TCP_FLAG = {
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 16,
  urg: 32,
  ece: 64,
  cwr: 128,
  ns: 256,
} as const;
export const TCPOPT = {
  end: 0,
  noop: 1,
  mss: 2,
  windowScale: 3,
  sackPermitted: 4,
  sack: 5,
  timestamp: 8,
} as const;

export class Tcp {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  check(end: number): Fault | undefined {
    if (end - this.offset < TCP_MIN) return shortOf('TCP header', TCP_MIN, this.offset, end);
    const length = this.headerLength;
    if (length < TCP_MIN) return wrong(`TCP header length ${length} is below ${TCP_MIN}`);
    if (end - this.offset < length) return shortOf('TCP header with options', length, this.offset, end);
    return undefined;
  }

  get sourcePort(): number {
    return this.view.getUint16(this.offset);
  }
  get destinationPort(): number {
    return this.view.getUint16(this.offset + 2);
  }
  get sequence(): number {
    return this.view.getUint32(this.offset + SEQUENCE);
  }
  get acknowledgement(): number {
    return this.view.getUint32(this.offset + ACKNOWLEDGEMENT);
  }
  get headerLength(): number {
    return (this.view.getUint8(this.offset + FLAGS) >> 4) * 4;
  }
  /** The low nine bits: FIN 1 … CWR 128, NS 256. */
  get flags(): number {
    return this.view.getUint16(this.offset + FLAGS) & 0x1ff;
  }
  get window(): number {
    return this.view.getUint16(this.offset + WINDOW);
  }
  get checksum(): number {
    return this.view.getUint16(this.offset + TCP_CHECKSUM);
  }
  get urgent(): number {
    return this.view.getUint16(this.offset + URGENT);
  }

  set checksum(value: number) {
    this.view.setUint16(this.offset + TCP_CHECKSUM, value);
  }

  /** Calls back for each option with its kind, offset and whole length, until End, the header's end or a bad length. */
  options(each: (kind: number, offset: number, length: number) => void): void {
    const end = this.offset + this.headerLength;
    let at = this.offset + TCP_MIN;
    while (at < end) {
      const kind = this.view.getUint8(at);
      if (kind === TCPOPT.end) return;
      if (kind === TCPOPT.noop) {
        at++;
        continue;
      }
      const length = at + 1 < end ? this.view.getUint8(at + 1) : 0;
      if (length < 2 || at + length > end) return;
      each(kind, at, length);
      at += length;
    }
  }

  /** Maximum segment size option, undefined when there is none. */
  get mss(): number | undefined {
    const at = this.mssOffset();
    return at < 0 ? undefined : this.view.getUint16(at);
  }

  /** Changes the option in place, checksum included; nothing happens when there is none. */
  set mss(value: number) {
    const at = this.mssOffset();
    if (at < 0) return;
    const before = this.view.getUint16(at);
    // At an odd offset the option's bytes belong to different words: swapped, they sum the same.
    const odd = (at - this.offset) % 2 === 1;
    this.checksum = updateChecksum(this.checksum, odd ? swap(before) : before, odd ? swap(value) : value);
    this.view.setUint16(at, value);
  }

  private mssOffset(): number {
    return mssOffset(this.view, this.offset + TCP_MIN, this.offset + this.headerLength);
  }
}

/** Where the value of the first maximum segment size option stands among the options from `start` to `end`; -1 when there is none. */
export function mssOffset(view: DataView, start: number, end: number): number {
  let at = start;
  while (at + 4 <= end) {
    const kind = view.getUint8(at);
    if (kind === TCPOPT.end) return -1;
    if (kind === TCPOPT.noop) {
      at++;
      continue;
    }
    const length = view.getUint8(at + 1);
    if (length < 2) return -1;
    if (kind === TCPOPT.mss && length === 4) return at + 2;
    at += length;
  }
  return -1;
}

function swap(word: number): number {
  return ((word & 0xff) << 8) | (word >> 8);
}
