/** Pairs of MACs, by number. */
import { be32 } from './bytes';
import { KNOWN_BITS, KNOWN_MACS, MAC_MASK, MAC_SLOTS, MACS, MOST_MACS } from './layout';

let macCount: u32 = 1;

export function getMacs(): u32 {
  return macCount;
}

/** Number of a pair of MACs: the twelve bytes of an Ethernet header in network order. Of more than there is room for it is 0, which stands for none. */
export function numberOfMacs(a: u32, b: u32, c: u32): u32 {
  let hash = (a ^ (b >> 7) ^ (b << 25)) * 0x9e3779b1;
  hash = (hash ^ (hash >> 15) ^ c) * 0x85ebca6b;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
  let slot = (hash ^ (hash >> 16)) & MAC_MASK;
  while (true) {
    const known: u32 = load<u16>(MAC_SLOTS + (slot << 1));
    if (known === 0) break;
    const at: usize = MACS + (known << 4);
    if (load<u32>(at) === a && load<u32>(at, 4) === b && load<u32>(at, 8) === c) return known;
    slot = (slot + 1) & MAC_MASK;
  }
  if (macCount >= MOST_MACS) return 0;
  const number = macCount++;
  const at: usize = MACS + (number << 4);
  store<u32>(at, a);
  store<u32>(at, b, 4);
  store<u32>(at, c, 8);
  store<u16>(MAC_SLOTS + (slot << 1), <u16>number);
  return number;
}

/**
 * The same of an Ethernet header, for the few pairs that most packets have without the search: the last one of each hash is remembered, as it lies
 * there, its number behind it.
 */
export function knownMacs(header: usize): u32 {
  const one = load<u64>(header);
  const other = load<u32>(header, 8);
  const hash =
    ((<u32>one ^ rotl<u32>(<u32>(one >> 32), 7) ^ rotl<u32>(other, 19)) * 0x9e3779b1) >> (32 - KNOWN_BITS);
  const at: usize = KNOWN_MACS + (hash << 4);
  const known = load<u32>(at, 12);
  if (load<u64>(at) === one && load<u32>(at, 8) === other && known !== 0) return known;
  const number = numberOfMacs(be32(header), be32(header + 4), be32(header + 8));
  store<u64>(at, one);
  store<u32>(at, other, 8);
  store<u32>(at, number, 12);
  return number;
}
