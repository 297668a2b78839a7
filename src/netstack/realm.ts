/** struct dst_entry's tclassid, which `-m realm` compares: rt_set_nexthop() and fib_combine_itag(), net/ipv4. */
import type { FibFound } from './fib.ts';

/** Of the route to the destination; `itag`: what the route back to the source adds. */
export function tclassidOf(found: FibFound, itag: number): number {
  return fill(fill(found.realms, found.ruleRealms), itag);
}

/** set_class_tag(): each half only where it is still empty. */
function fill(realms: number, tag: number): number {
  const low = (realms & 0xffff) === 0 ? tag & 0xffff : realms & 0xffff;
  const high = realms >>> 16 === 0 ? tag >>> 16 : realms >>> 16;
  return ((high << 16) | low) >>> 0;
}

/** fib_combine_itag(): of the route back, its destination is the packet's source. */
export function itagOf(back: FibFound): number {
  const own = (back.realms << 16) >>> 0;
  const tag = own === 0 ? (back.ruleRealms << 16) >>> 0 : own;
  return (tag | (back.ruleRealms >>> 16)) >>> 0;
}
