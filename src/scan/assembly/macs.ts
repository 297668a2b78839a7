/** Pairs of MACs, by number. */
import { MAC_MASK, MAC_SLOTS, MACS, MOST_MACS } from './layout';

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
