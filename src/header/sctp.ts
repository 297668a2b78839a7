import { type Fault, shortOf } from './fault.ts';

/** SCTP common header, RFC 9260 section 3.1: ports, verification tag, CRC-32C. Then chunks: type, flags, length. */
const TAG = 4;
export const SCTP_CHECKSUM = 8;
export const SCTP_LENGTH = 12;
/** Names of chunk types as RFC 9260 section 3.2 has them. */
export const SCTP_CHUNK: readonly string[] = [
  'DATA',
  'INIT',
  'INIT ACK',
  'SACK',
  'HEARTBEAT',
  'HEARTBEAT ACK',
  'ABORT',
  'SHUTDOWN',
  'SHUTDOWN ACK',
  'ERROR',
  'COOKIE ECHO',
  'COOKIE ACK',
  'ECNE',
  'CWR',
  'SHUTDOWN COMPLETE',
];

export class Sctp {
  view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  check(end: number): Fault | undefined {
    return end - this.offset < SCTP_LENGTH
      ? shortOf('SCTP header', SCTP_LENGTH, this.offset, end)
      : undefined;
  }

  get sourcePort(): number {
    return this.view.getUint16(this.offset);
  }
  get destinationPort(): number {
    return this.view.getUint16(this.offset + 2);
  }
  get verificationTag(): number {
    return this.view.getUint32(this.offset + TAG);
  }
  /** CRC-32C, which travels in little-endian order. */
  get checksum(): number {
    return this.view.getUint32(this.offset + SCTP_CHECKSUM, true);
  }

  /** Type of the first chunk, when it lies before `end`. */
  firstChunk(end: number): number | undefined {
    const at = this.offset + SCTP_LENGTH;
    return at < end ? this.view.getUint8(at) : undefined;
  }
}
