/** For the second reading: which of the columns' records are to be looked at. */
import { be32 } from './bytes';
import { hashOf } from './hash';
import { ANYWAY, CAPTURED, OFFSETS, SIFTED, TCP, UDP, USUAL_IPV4, WANTED, WANTED_MASK } from './layout';

/**
 * Of the columns' records from `from` to `to`, behind Ethernet headers: leaves the indices of those that are marked or may be of a wanted
 * conversation, and gives how many they are. None is left out but what is IPv4 without options whose ends have a hash that isn't wanted.
 * Marks begin with bit `first`.
 */
export function sift(from: u32, to: u32, known: u32, base: usize, first: u32): u32 {
  let found: u32 = 0;
  for (let i = from; i < to; i++) {
    const bit = first + i;
    store<u32>(SIFTED + (found << 2), i);
    found += <u32>(
      (((load<u32>(ANYWAY + ((bit >> 5) << 2)) >> (bit & 31)) & 1) !== 0 ||
        mayBeWanted(base + load<u32>(OFFSETS + (i << 2)), load<u32>(CAPTURED + (i << 2)), known))
    );
  }
  return found;
}

function mayBeWanted(start: usize, there: u32, known: u32): bool {
  if (there < 38 || (load<u32>(start, 12) & 0xffffff) !== USUAL_IPV4) return true;
  const protocol: u32 = load<u8>(start, 23);
  if (protocol !== TCP && protocol !== UDP) return true;
  const source = be32(start + 26);
  const destination = be32(start + 30);
  const ports = be32(start + 34);
  const isHigher = source > destination || (source === destination && ports >> 16 > (ports & 0xffff));
  const hash =
    hashOf(
      select<u32>(destination, source, isHigher),
      select<u32>(source, destination, isHigher),
      select<u32>(rotl<u32>(ports, 16), ports, isHigher),
      known | protocol,
    ) & WANTED_MASK;
  return ((load<u8>(WANTED + (hash >> 3)) >> <u8>(hash & 7)) & 1) !== 0;
}
