/** ipv6_find_hdr(), net/ipv6/exthdrs_core.c: one walk over the extension headers, as netfilter does it. */
import type { Unknown } from '../base/ternary.ts';
import { IPV6_LENGTH } from '../header/ipv6.ts';
import type { Skb } from '../skb/skb.ts';
import { headerAt, u8, u16 } from './packet.ts';

export const EXTENSION = { hopopt: 0, routing: 43, fragment: 44, ah: 51, none: 59, dstopts: 60 } as const;
/** Real packets have a handful of headers; hostile ones are cut here. */
const MOST_HEADERS = 256;

const EXTENSIONS: ReadonlySet<number> = new Set(Object.values(EXTENSION));

export function isExtension(protocol: number): boolean {
  return EXTENSIONS.has(protocol);
}

export interface FoundHeader {
  readonly protocol: number;
  readonly offset: number;
  /** Of the fragment header passed, when it isn't the first fragment's; in bytes. */
  readonly fragmentOffset: number;
}

/** `absent` is -ENOENT; `short` a header that the packet is too short for (-EBADMSG). */
export type Search = FoundHeader | 'absent' | 'short' | Unknown;

export function isFound(search: Search): search is FoundHeader {
  return typeof search === 'object' && 'offset' in search;
}

/** The header of type `target`; without one, the upper layer, or the first Authentication Header with `stopAtAh`. */
export function findHeader(skb: Pick<Skb, 'bytes' | 'length'>, target?: number, stopAtAh = false): Search {
  let protocol = u8(skb.bytes, 6);
  let offset = IPV6_LENGTH;
  for (let i = 0; i < MOST_HEADERS; i++) {
    const found = protocol === target;
    if (!isExtension(protocol) || protocol === EXTENSION.none) {
      return target === undefined || found ? { protocol, offset, fragmentOffset: 0 } : 'absent';
    }
    const at = headerAt(skb, offset, protocol === EXTENSION.routing ? 4 : 2);
    if (typeof at !== 'number') return at;
    const next = u8(skb.bytes, at);
    let length = (u8(skb.bytes, at + 1) + 1) * 8;
    if (protocol === EXTENSION.fragment) {
      const whole = headerAt(skb, offset, 4);
      if (typeof whole !== 'number') return whole;
      const fragmentOffset = u16(skb.bytes, at + 2) & 0xfff8;
      if (fragmentOffset > 0) return laterFragment(target, next, offset, fragmentOffset);
      length = 8;
    } else if (protocol === EXTENSION.ah) {
      if (stopAtAh && target === undefined) return { protocol, offset, fragmentOffset: 0 };
      length = (u8(skb.bytes, at + 1) + 2) * 4;
    }
    if (found) return { protocol, offset, fragmentOffset: 0 };
    protocol = next;
    offset += length;
  }
  return 'short';
}

/**
 * A later fragment's upper layer is what its header says, unless that is one more extension header. The kernel leaves the offset
 * at 0 then, and so does whoever reads at it in spite of the fragment.
 */
function laterFragment(
  target: number | undefined,
  next: number,
  offset: number,
  fragmentOffset: number,
): Search {
  if (target === EXTENSION.fragment) return { protocol: EXTENSION.fragment, offset, fragmentOffset };
  if (target !== undefined || (isExtension(next) && next !== EXTENSION.none)) return 'absent';
  return { protocol: next, offset: 0, fragmentOffset };
}
