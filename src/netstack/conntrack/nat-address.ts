/** find_best_ips_proto(), net/netfilter/nf_nat_core.c: the address of a range. */
import { jhash, memoryWords, scaleHash, swap } from '../../base/jhash.ts';
import type { Ip } from '../../net/ip.ts';
import type { Tuple } from '../../skb/tuple.ts';
import type { Manip, ResolvedRange } from './nat.ts';

/** find_best_ips_proto(): the same client gets the same address of a range. */
export function withAddress(tuple: Tuple, range: ResolvedRange, manip: Manip, zone: number): Tuple {
  const { address } = range;
  if (!address) return tuple;
  return {
    ...tuple,
    [manip === 'src' ? 'source' : 'destination']: pickAddress(tuple, address, range, manip, zone),
  };
}

function pickAddress(
  tuple: Tuple,
  { min, max }: { min: Ip; max: Ip },
  range: ResolvedRange,
  manip: Manip,
  zone: number,
): Ip {
  if (min === max) return min;
  const source = words(tuple.source);
  const destination = words(tuple.destination);
  const last = tuple.family === 4 ? 0 : 3;
  let hash = jhash(source, range.persistent ? 0 : (destination[last] ?? 0) ^ zone);
  if (typeof min === 'number' && typeof max === 'number') return min + scaleHash(hash, max - min + 1);
  let full = false;
  let result = 0n;
  for (let i = 0; i < 4; i++) {
    const low = full ? 0 : word(BigInt(min), i);
    const high = word(BigInt(max), i);
    const value = full ? scaleHash(hash, 0xffffffff) : low + scaleHash(hash, high - low + 1);
    if (value !== high) full = true;
    result = (result << 32n) | BigInt(value >>> 0);
    // The kernel reads the destination where it has just written it.
    const next = manip === 'dst' ? swap(value) : (destination[i] ?? 0);
    if (!range.persistent) hash = (hash ^ next) >>> 0;
  }
  return result;
}

/** NAT hashes an IPv4 address as the first of four words. */
function words(ip: Ip): number[] {
  return typeof ip === 'number' ? [...memoryWords(ip), 0, 0, 0] : memoryWords(ip);
}

function word(ip: bigint, index: number): number {
  return Number((ip >> BigInt(32 * (3 - index))) & 0xffffffffn);
}
