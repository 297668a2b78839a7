/** Keys of maps by address, since V8's own hash of addresses can be steered by whoever chooses them. */
import { randomSeed } from '../base/random-seed.ts';
import type { Ip } from './ip.ts';

const SEED = randomSeed();
const FACTOR = BigInt(randomSeed()) * 0x9e3779b97f4a7c15n + 1n;
const LOW = (1n << 64n) - 1n;

/**
 * Another address for each, to be a key in its place. V8 hashes numbers alike in every process, and of a bigint only the lower 64 bits: all networks of
 * IPv6, and all hosts that call themselves `::1` in theirs, would be one list.
 */
export function ipKey(ip: Ip): Ip {
  if (typeof ip === 'number') return Math.imul(ip ^ SEED, 0x9e3779b1);
  const high = ip >> 64n;
  return (high << 64n) | ((ip & LOW) ^ ((high * FACTOR + BigInt(SEED)) & LOW));
}
