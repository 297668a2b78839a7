/** Addresses as text, out of one block of bytes into another: what `formatIp` and `formatMac` give. See digits.ts for what may be scribbled over. */
import { Literal } from './literal.ts';

export const MOST_ADDRESS = 39;

/** `192.`: an octet with the dot behind it, and how many bytes of that count. */
const OCTETS = new Int32Array(256);
const OCTET_LENGTHS = new Uint8Array(256);
/** The two hexadecimal digits of a byte, and the same with a colon behind. */
const HEX = new Int32Array(256);
const HEX_COLON = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  const hex = byte.toString(16).padStart(2, '0');
  OCTETS[byte] = wordOf(`${byte}.`);
  OCTET_LENGTHS[byte] = String(byte).length + 1;
  HEX[byte] = wordOf(hex);
  HEX_COLON[byte] = wordOf(`${hex}:`);
}

/** The little-endian word that stores up to four characters. */
function wordOf(text: string): number {
  let value = 0;
  for (let byte = text.length - 1; byte >= 0; byte--) value = (value << 8) | text.charCodeAt(byte);
  return value;
}

const MAPPED = new Literal('::ffff:');
const COLON = 0x3a;

/** The four bytes at `from` as a dotted quad. */
export function writeIpv4(out: DataView, at: number, view: DataView, from: number): number {
  const address = view.getUint32(from);
  const second = octet(out, at, address >>> 24);
  const third = octet(out, second, (address >>> 16) & 255);
  const fourth = octet(out, third, (address >>> 8) & 255);
  return octet(out, fourth, address & 255) - 1;
}

function octet(out: DataView, at: number, byte: number): number {
  out.setInt32(at, OCTETS[byte] as number, true);
  return at + (OCTET_LENGTHS[byte] as number);
}

/** The sixteen bytes at `from`, by RFC 5952. */
export function writeIpv6(out: DataView, at: number, view: DataView, from: number): number {
  // The first run of zeros that no other is longer than; one group alone is not shortened.
  let best = -1;
  let longest = 1;
  for (let group = 0; group < 8; group++) {
    let length = 0;
    while (group + length < 8 && view.getUint16(from + 2 * (group + length)) === 0) length++;
    if (length > longest) {
      best = group;
      longest = length;
    }
    group += length;
  }
  if (best === 0 && longest === 5 && view.getUint16(from + 10) === 0xffff) {
    return writeIpv4(out, MAPPED.write(out, at), view, from + 12);
  }
  let next = at;
  for (let group = 0; group < 8; group++) {
    if (group === best) {
      out.setUint16(next, 0x3a3a);
      next += 2;
      group += longest - 1;
      continue;
    }
    if (group > 0 && group !== best + longest) out.setUint8(next++, COLON);
    next = word(out, next, view.getUint16(from + 2 * group));
  }
  return next;
}

/** One to four hexadecimal digits. */
function word(out: DataView, at: number, value: number): number {
  const length = value < 0x100 ? (value < 0x10 ? 1 : 2) : value < 0x1000 ? 3 : 4;
  const digits = (HEX[value >> 8] as number) | ((HEX[value & 255] as number) << 16);
  out.setInt32(at, digits >>> (32 - 8 * length), true);
  return at + length;
}

/** The six bytes at `from`. */
export function writeMac(out: DataView, at: number, view: DataView, from: number): number {
  for (let byte = 0; byte < 6; byte++)
    out.setInt32(at + 3 * byte, HEX_COLON[view.getUint8(from + byte)] as number, true);
  return at + 17;
}
