/** An IPv6 extension header as the matches on one ask for it. */
import type { Unknown } from '../../base/ternary.ts';
import type { MatchContext } from '../context.ts';
import { findHeader, isFound } from '../ipv6.ts';
import { headerAt, hotdrop } from '../packet.ts';

/**
 * Offset of the header, `least` bytes of it being there; false when the packet has none. Too short a packet is dropped, unless
 * `lenient`.
 */
export function extensionHeader(
  ctx: MatchContext,
  protocol: number,
  least: number,
  lenient = false,
): number | false | Unknown {
  const found = findHeader(ctx.skb, protocol);
  if (found === 'absent') return false;
  const at = isFound(found) ? headerAt(ctx.skb, found.offset, least) : found;
  if (at !== 'short') return at;
  return lenient ? false : hotdrop(ctx);
}

/** The same with all of the header's `length` bytes, which too short a packet is dropped for as well (seen on 6.18). */
export function wholeHeader(
  ctx: MatchContext,
  offset: number,
  length: number,
  lenient = false,
): number | false | Unknown {
  const at = headerAt(ctx.skb, offset, length);
  if (at !== 'short') return at;
  return lenient ? false : hotdrop(ctx);
}
