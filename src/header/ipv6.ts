import { getUint128, setUint128 } from '../base/bytes.ts';
import { type Fault, shortOf, wrong } from './fault.ts';

/**
 * IPv6, RFC 8200 section 3.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-------+---------------+---------------------------------------+
 *   0 |version| traffic class | flow label                            |
 *   4 | payload length                | next header   | hop limit     |
 *   8 | source (16 bytes)                                             |
 *  24 | destination (16 bytes)                                        |
 */
const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
const HOP_LIMIT = 7;
const SOURCE = 8;
const DESTINATION = 24;
export const IPV6_LENGTH = 40;

export class Ipv6 {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  check(end: number): Fault | undefined {
    if (end - this.offset < IPV6_LENGTH) return shortOf('IPv6 header', IPV6_LENGTH, this.offset, end);
    if (this.version !== 6) return wrong(`IPv6 header has version ${this.version}`);
    return undefined;
  }

  get version(): number {
    return this.view.getUint8(this.offset) >> 4;
  }
  get trafficClass(): number {
    return (this.view.getUint16(this.offset) >> 4) & 0xff;
  }
  get flowLabel(): number {
    return this.view.getUint32(this.offset) & 0xfffff;
  }
  get payloadLength(): number {
    return this.view.getUint16(this.offset + PAYLOAD_LENGTH);
  }
  get nextHeader(): number {
    return this.view.getUint8(this.offset + NEXT_HEADER);
  }
  get hopLimit(): number {
    return this.view.getUint8(this.offset + HOP_LIMIT);
  }
  get source(): bigint {
    return getUint128(this.view, this.offset + SOURCE);
  }
  get destination(): bigint {
    return getUint128(this.view, this.offset + DESTINATION);
  }

  set trafficClass(value: number) {
    const word = this.view.getUint16(this.offset) & 0xf00f;
    this.view.setUint16(this.offset, word | (value << 4));
  }
  set payloadLength(value: number) {
    this.view.setUint16(this.offset + PAYLOAD_LENGTH, value);
  }
  set hopLimit(value: number) {
    this.view.setUint8(this.offset + HOP_LIMIT, value);
  }
  set source(value: bigint) {
    setUint128(this.view, this.offset + SOURCE, value);
  }
  set destination(value: bigint) {
    setUint128(this.view, this.offset + DESTINATION, value);
  }
}
