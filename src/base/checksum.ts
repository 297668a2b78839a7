/**
 * The internet checksum: RFC 1071 (definition), RFC 1624 (incremental update), RFC 793, 768, 8200 section 8.1 (pseudo-headers).
 * A *sum* is a plain number of 16-bit big-endian words added up, not yet folded; a *checksum* is the complement of the
 * folded sum, as it stands in a header.
 */

/** Adds up `length` bytes from `offset`; an odd last byte counts as the high half of a word. */
export function sumBytes(view: DataView, offset: number, length: number, initial = 0): number {
  let sum = initial;
  let at = offset;
  const end = offset + length;
  for (; at + 16 <= end; at += 16) {
    sum += view.getUint16(at) + view.getUint16(at + 2) + view.getUint16(at + 4) + view.getUint16(at + 6);
    sum +=
      view.getUint16(at + 8) + view.getUint16(at + 10) + view.getUint16(at + 12) + view.getUint16(at + 14);
  }
  for (; at + 2 <= end; at += 2) sum += view.getUint16(at);
  if (at < end) sum += view.getUint8(at) << 8;
  return sum;
}

/** One's complement fold to 16 bits. */
export function fold(sum: number): number {
  let value = sum;
  while (value > 0xffff) value = (value % 0x10000) + Math.floor(value / 0x10000);
  return value;
}

/** The checksum of these bytes with the checksum field zero; over bytes with a right checksum it gives 0. */
export function checksum(view: DataView, offset: number, length: number, initial = 0): number {
  return ~fold(sumBytes(view, offset, length, initial)) & 0xffff;
}

export function sumUint32(value: number): number {
  return (value >>> 16) + (value & 0xffff);
}

export function sumUint128(value: bigint): number {
  let sum = 0;
  for (let rest = value; rest > 0n; rest >>= 32n) sum += sumUint32(Number(rest & 0xffffffffn));
  return sum;
}

/** An address's words: IPv4 number or IPv6 bigint. */
export function sumAddress(address: number | bigint): number {
  return typeof address === 'number' ? sumUint32(address) : sumUint128(address);
}

/** Sum of the pseudo-header that TCP, UDP and ICMPv6 checksums begin with; `length` is that of the upper-layer packet. */
export function sumPseudoHeader(
  source: number | bigint,
  destination: number | bigint,
  protocol: number,
  length: number,
): number {
  return sumAddress(source) + sumAddress(destination) + protocol + sumUint32(length);
}

/**
 * RFC 1624 equation 3: the checksum after words with sum `before` became words with sum `after`. A checksum that was
 * wrong stays wrong by the same amount.
 */
export function updateChecksum(check: number, before: number, after: number): number {
  return ~fold((~check & 0xffff) + (~fold(before) & 0xffff) + after) & 0xffff;
}
