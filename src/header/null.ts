/**
 * BSD loopback: an address family in four bytes, in the capturing host's order (LINKTYPE_NULL) or network order (LINKTYPE_LOOP). Its
 * values are small, so the order shows.
 */
export const NULL_LENGTH = 4;
const AF_INET = 2;
/** NetBSD and OpenBSD, FreeBSD, macOS; Linux and Windows for good measure. */
const AF_INET6: ReadonlySet<number> = new Set([10, 23, 24, 28, 30]);

/** EtherType for the family at `offset`, undefined when it is neither IPv4 nor IPv6. */
export function nullEtherType(view: DataView, offset: number): number | undefined {
  const word = view.getUint32(offset);
  const family = word > 0xffff ? view.getUint32(offset, true) : word;
  if (family === AF_INET) return 0x0800;
  if (AF_INET6.has(family)) return 0x86dd;
  // Some drivers left an Ethernet header's end there.
  const type = word & 0xffff;
  return type >= 0x600 ? type : undefined;
}
