/** CRC-32C (Castagnoli), as SCTP uses it: RFC 9260 appendix A. */
import { lazily } from './memo.ts';

const TABLE = lazily(() => {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    table[byte] = value >>> 0;
  }
  return table;
});

/** `skip`: offset of a 32-bit field that counts as zero (the checksum's own), or -1. */
export function crc32c(view: DataView, offset: number, length: number, skip = -1): number {
  const table = TABLE();
  let crc = 0xffffffff;
  for (let at = offset; at < offset + length; at++) {
    const byte = skip >= 0 && at >= skip && at < skip + 4 ? 0 : view.getUint8(at);
    crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
