/** The next whole block of a pcapng behind a damaged one: its type is known, its lengths agree, and what is behind it may be a block. */
import type { Chunk } from './parser.ts';
import { BLOCK, isRead, ORDER_MAGIC } from './pcapng-blocks.ts';

/** Type and total length, in front; total length, behind. */
export const FRAME = 12;
/** Bytes that are looked through at once. */
const AT_ONCE = 1 << 12;
/** Bytes of a block that is looked for: packets have at most 256 KiB. */
const MOST_FOUND = 1 << 19;

/** What is known where the search begins. */
export interface Searched {
  /** The section is little-endian. */
  readonly little: boolean;
  /** Nothing comes behind what is there. */
  readonly isAll: boolean;
  /** Bytes of a block that is believed. */
  readonly most: number;
}

/** Where the block begins, and 0; or from where on to look again, and how many bytes have to be there for that. */
export function findBlock(
  { view, start, end }: Chunk,
  within: Searched,
): { readonly at: number; readonly need: number } {
  const { little, isAll } = within;
  for (let at = start; at + FRAME <= end; at++) {
    const type = view.getUint32(at, little);
    if (type > BLOCK.enhanced && type !== BLOCK.section) continue;
    const total = lengthAt(view, at, type, within);
    if (total === 0) continue;
    if (at + total > end) {
      if (isAll) continue;
      return { at, need: total + MOST_FOUND };
    }
    if (lengthAt(view, at, type, within, total - 4) !== total) continue;
    if (at + total + FRAME <= end) {
      if (!isBlock(view, at + total, within, orderAt(view, at, type, little))) continue;
    } else if (!isAll) return { at, need: total + FRAME };
    return { at, need: 0 };
  }
  return { at: Math.max(start, end - FRAME + 1), need: AT_ONCE };
}

/** One of any type may begin there, in that byte order. */
function isBlock(view: DataView, at: number, within: Searched, little: boolean): boolean {
  const type = view.getUint32(at, little);
  if (type === BLOCK.section) return lengthAt(view, at, type, within) > 0;
  const total = view.getUint32(at + 4, little);
  return total >= FRAME && total <= within.most;
}

/** Whether a block of that type is little-endian: a section's header says so of itself, and of what is behind it. */
function orderAt(view: DataView, at: number, type: number, little: boolean): boolean {
  return type === BLOCK.section ? view.getUint32(at + 8) !== ORDER_MAGIC : little;
}

/** Of a block of that type that may begin there, as it stands `behind` its beginning; 0: none does. */
function lengthAt(view: DataView, at: number, type: number, { little, most }: Searched, behind = 4): number {
  if (!isRead(type)) return 0;
  if (type === BLOCK.section) {
    const magic = view.getUint32(at + 8);
    if (magic !== ORDER_MAGIC && magic !== 0x4d3c2b1a) return 0;
  }
  const total = view.getUint32(at + behind, orderAt(view, at, type, little));
  return total < FRAME || (total & 3) !== 0 || total > Math.min(MOST_FOUND, most) ? 0 : total;
}
