/**
 * What a classic pcap begins with: draft-ietf-opsawg-pcap. A file header of 24 bytes, then records of 16 bytes and the packet's bytes:
 *
 *   0  magic a1b2c3d4 (µs), a1b23c4d (ns), a1b2cd34 ("modified": records have 8 bytes more)    0  seconds
 *   4  version major, minor                                                                    4  µs or ns
 *   8  reserved, reserved                                                                      8  captured length
 *  16  snaplen                                                                                12  length on the wire
 *  20  FCS length and link type
 */
import type { Issue } from '../base/issue.ts';
import type { RecordShape } from './columns.ts';
import { recordLimit } from './parser.ts';

export const FILE_HEADER = 24;
export const RECORD_HEADER = 16;
const MODIFIED_RECORD_HEADER = 24;
const MICRO = 0xa1b2c3d4;
const NANO = 0xa1b23c4d;
const MODIFIED = 0xa1b2cd34;

export interface PcapHeader {
  readonly shape: Pick<RecordShape, 'little' | 'header' | 'unit' | 'limit'>;
  /** Files before version 2.4 may have the two lengths of a record the other way round. */
  readonly swapped: 'no' | 'perhaps' | 'yes';
  readonly snaplen: number;
  readonly linkType: number;
  readonly issues: readonly Issue[];
}

/** Of the 24 bytes at `start`. */
export function readPcapHeader(view: DataView, start: number): PcapHeader {
  const issues: Issue[] = [];
  const warn = (code: string, text: string) => issues.push({ severity: 'warning', code, text });
  const magic = view.getUint32(start);
  const little = magic !== MICRO && magic !== NANO && magic !== MODIFIED;
  const native = view.getUint32(start, little);
  const unit = native === NANO ? 1 : 1000;
  const header = native === MODIFIED ? MODIFIED_RECORD_HEADER : RECORD_HEADER;
  const major = view.getUint16(start + 4, little);
  const minor = view.getUint16(start + 6, little);
  const isOld = major === 543 || (major === 2 && minor < 3);
  const swapped = isOld ? 'yes' : major === 2 && minor === 3 ? 'perhaps' : 'no';
  if (major !== 2 && major !== 543)
    warn(
      'pcap-version',
      `the file header says version ${major}.${minor}, 2.4 is the one in use; read as 2.4`,
    );
  const snaplen = view.getUint32(start + 16, little);
  const network = view.getUint32(start + 20, little);
  const linkType = network & 0xffff;
  if ((network & 0x03ff0000) !== 0) {
    const field = network.toString(16).padStart(8, '0');
    warn('pcap-link-type', `the link type field 0x${field} has reserved bits; read as link type ${linkType}`);
  }
  const shape = { little, header, unit, limit: recordLimit(snaplen) };
  return { shape, swapped, snaplen, linkType, issues };
}
