/** The hash of both ends. */

/** Of `hashOf`. */
let seed: u32 = 0;

export function setSeed(word: u32): void {
  seed = word;
}

/** `hashOf` of record-index.ts. */
export function hashOf(low: u32, high: u32, ports: u32, kind: u32): u32 {
  let hash = (low ^ (high >> 16) ^ (high << 16) ^ seed) * 0x9e3779b1;
  hash = (hash ^ (hash >> 15) ^ ports) * 0x85ebca6b;
  hash = (hash ^ (hash >> 13) ^ high ^ kind) * 0xc2b2ae35;
  return hash ^ (hash >> 16);
}
