/** A connection that stalled because its segments are longer than a link on their way: what is sent again, and where it can't pass. */
import type { Link } from '../dump/records.ts';
import { type Case, netnsOf } from './case.ts';

export interface TooLong {
  readonly namespace: string;
  readonly out: Link;
  /** Bytes of the packet, by the captures or, after a repair, by the MSS that the sender was told. */
  readonly length: number;
}

/** The first link that the repeated segment doesn't fit; undefined where nothing stalled, or it fits everywhere. */
export function tooLong(kase: Case): TooLong | undefined {
  const { stalled } = kase.outcome;
  const { there, back, mss } = kase.prediction ?? {};
  const trace = stalled?.direction === 'reply' ? back : there;
  if (!stalled || !trace) return undefined;
  const told =
    (stalled.direction === 'reply' ? mss?.there : (mss?.back ?? mss?.there)) ?? Number.POSITIVE_INFINITY;
  // Headers without options: TCP takes those from the MSS.
  const headers = kase.flow.family === 4 ? 40 : 60;
  const length = kase.hypothetical
    ? Math.min(stalled.segment.length, told + headers)
    : stalled.segment.length;
  for (const hop of trace.hops) {
    const links = netnsOf(kase, hop.namespace)?.links ?? [];
    const out = links.find(({ name }) => name === hop.out);
    const from = links.find(({ name }) => name === hop.in);
    // Longer than the link it came by as well: offloaded segments, which are cut on the way out.
    if (out?.mtu && length > out.mtu && length <= (from?.mtu ?? 1500))
      return { namespace: hop.namespace, out, length };
  }
  return undefined;
}
