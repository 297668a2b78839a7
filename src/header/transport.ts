/** What the protocols above IP have in common: least header, and where their checksum stands. */
const LEAST = new Map<number, number>([
  [1, 8],
  [6, 20],
  [17, 8],
  [33, 12],
  [58, 8],
  [132, 12],
  [136, 8],
]);

/** Bytes a header of that protocol has at least; 0 for those that are not looked into. */
export function leastTransport(protocol: number): number {
  return LEAST.get(protocol) ?? 0;
}

/** Offset of the internet checksum that covers the pseudo-header too, -1 for protocols without one. */
export function checksumOffset(protocol: number): number {
  switch (protocol) {
    case 6:
      return 16;
    case 17:
    case 33:
    case 136:
      return 6;
    case 58:
      return 2;
    default:
      return -1;
  }
}
