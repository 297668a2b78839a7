/** A connection that stalled because its segments are longer than a link on their way: what is sent again, and where it can't pass. */

import { fateOf, predictSegment } from '../correlate/predict.ts';
import type { Link } from '../dump/records.ts';
import type { Hop } from '../netstack/hop.ts';
import { type Case, netnsOf } from './case.ts';

export interface TooLong {
  /** It doesn't fit with the headers that a tunnel device (`out`) puts before it. */
  readonly wrapped?: { readonly headroom: number; readonly by: Link; readonly mtu: number };
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
    const wrapped =
      out && wrappedBy(kase, trace.hops, hop, Math.min(length, told + headers, out.mtu ?? length));
    if (out && wrapped) return { namespace: hop.namespace, out, ...wrapped };
    // Longer than the link it came by as well: offloaded segments, which are cut on the way out.
    if (out?.mtu && length > out.mtu && length <= (from?.mtu ?? 1500))
      return { namespace: hop.namespace, out, length };
  }
  return undefined;
}

/** IPv4 or IPv6, UDP, VXLAN and Ethernet headers (vxlan_headroom()). */
const HEADROOM = { 4: 50, 6: 70 } as const;

/** What a VXLAN device makes of it is longer than the way to the other node allows, and may not be cut. A bridge's port tells the sender. */
function wrappedBy(
  kase: Case,
  hops: readonly Hop[],
  hop: Hop,
  length: number,
): Pick<TooLong, 'length' | 'wrapped'> | undefined {
  const step = hop.steps.find((each) => each.kind === 'tunnel' && each.action === 'encapsulate');
  if (step?.kind !== 'tunnel') return undefined;
  const links = netnsOf(kase, hop.namespace)?.links ?? [];
  const device = links.find(({ name }) => name === step.device);
  const outer = hops[hops.indexOf(hop) + 1];
  const by = links.find(({ name }) => name === outer?.out);
  const { df, local6, remote6 } = device?.kindData ?? {};
  if (!by?.mtu || device?.master !== undefined || (df !== 'set' && df !== 'inherit')) return undefined;
  const headroom = HEADROOM[local6 === undefined && remote6 === undefined ? 4 : 6];
  return length + headroom > by.mtu ? { length, wrapped: { headroom, by, mtu: by.mtu } } : undefined;
}

/** After a repair: the sender of the segment learns by ICMP (3/4, ICMPv6 2) how long it may be. */
export function isToldLength(kase: Case): boolean {
  const { stalled } = kase.outcome;
  const found = kase.hypothetical ? tooLong(kase) : undefined;
  if (!stalled || !found) return false;
  const trace = predictSegment(kase.predictor, kase.flow, stalled.direction, found.length);
  return (trace?.answers ?? []).some(({ final, ...answer }) => {
    const { icmpType, icmpCode } = final;
    const tells = kase.flow.family === 4 ? icmpType === 3 && icmpCode === 4 : icmpType === 2;
    return tells && fateOf({ final, ...answer }) === 'delivered';
  });
}
