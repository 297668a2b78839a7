import { isPrivate, ownersOf } from '../correlate/owner.ts';
import { fateOf } from '../correlate/predict.ts';
import { parseIp } from '../net/ip.ts';
import type { Case, ModelDrop } from './case.ts';

/**
 * How far a drop that the model predicts is to be believed. Certain dumps and captures on both sides of the place give
 * 0.95; each thing that had to be assumed, and each thing that the captures can't confirm, takes from it; a sighting
 * beyond the place of death means that the dumps aren't of the time of the capture.
 */
export function dropConfidence(kase: Case, drop: ModelDrop): number {
  // The kernel itself says so, or not so.
  if (drop.confirmedBy) return drop.confirmedBy.outcome === 'ended' && drop.trace.rule ? 0.8 : 0.98;
  let confidence = drop.refutedBy ? 0.3 : 0.95;
  if (drop.contradiction) confidence *= 0.3;
  const assumptions = drop.trace.assumptions.length;
  // A frame that the model had to flood may have been meant for somebody else.
  const flooded = drop.trace.hops.some((hop) =>
    hop.steps.some((step) => step.kind === 'bridge' && step.action === 'flood'),
  );
  // Where not all addresses of a host are known, a packet for itself looks like one to be forwarded; and a container is rarely
  // meant to forward anything.
  const netns = kase.snapshot.namespaces.get(drop.namespace);
  const addressesKnown = netns?.links?.some((link) => !link.inferred) && !netns.addressesUnknown;
  if (!addressesKnown || (netns?.container !== undefined && /^fwd-/.test(drop.cause)))
    confidence = Math.min(confidence, isFarAway(kase, drop) ? 0.75 : 0.5);
  // A RST or an ICMP error of somebody else can't come of a silent drop.
  const silent = fateOf(drop.trace) === 'dropped' && drop.trace.answers.length === 0;
  if (!kase.hypothetical && silent && kase.outcome.refusal?.tcpFlags !== undefined)
    confidence = Math.min(confidence, 0.2);
  // An answer was captured, so the request had arrived.
  if (!kase.hypothetical && drop.direction === 'forward' && kase.outcome.lostAnswer && !kase.outcome.stalled)
    confidence = Math.min(confidence, 0.3);
  if (flooded) confidence = Math.min(confidence, 0.55);
  if (assumptions > 0) confidence -= 0.15 + 0.05 * (assumptions - 1);
  if (!kase.hypothetical) {
    // An ICMP error that quotes the packet, sent by the namespace where the model loses it, is as good as a witness.
    const witness = kase.flow.errors.some(
      (error) =>
        error.quoted === drop.direction &&
        ownersOf(kase.snapshot, error.from).some(({ netns }) => netns.name === drop.namespace),
    );
    if (witness) confidence = Math.max(confidence, 0.9);
    if (!drop.seen && kase.flow.legs.length > 0) confidence -= 0.1;
    if (drop.absent.length === 0) confidence -= 0.03;
  }
  return Math.max(0.1, Math.round(confidence * 100) / 100);
}

/** A drop that rests on a setting nobody dumped is a suspicion, however well the rest agrees. */
export function capUnlessDumped(confidence: number, dumped: boolean): number {
  return dumped ? confidence : Math.min(confidence, 0.5);
}

/** A session that sets a host up shows its addresses in part; one on the Internet is none of them, where it is reached by its default route. */
function isFarAway({ snapshot }: Case, { namespace, trace }: ModelDrop): boolean {
  const netns = snapshot.namespaces.get(namespace);
  const destination = parseIp(trace.final.destination);
  return netns?.partial === true && destination !== undefined && !isPrivate(destination);
}
