/** Connection states as bits of a number (xt_conntrack's state_mask). */
import { connectionOf, type SkbConntrack } from '../../skb/nfct.ts';

const BITS: Readonly<Record<string, number>> = {
  INVALID: 1,
  NEW: 2,
  RELATED: 4,
  ESTABLISHED: 8,
  UNTRACKED: 16,
  SNAT: 32,
  DNAT: 64,
};

export function stateBits(states: readonly string[]): number {
  let bits = 0;
  for (const state of states) bits |= BITS[state] ?? 0;
  return bits;
}

/** Of a packet: what statesOf() of xtables/matches/conntrack.ts names. */
export function stateBitsOf(ct: SkbConntrack | undefined): number {
  const entry = connectionOf(ct);
  if (!ct || !entry) return ct?.state === 'UNTRACKED' ? 16 : 1;
  return (BITS[ct.state] ?? 0) | (entry.srcNat ? 32 : 0) | (entry.dstNat ? 64 : 0);
}
