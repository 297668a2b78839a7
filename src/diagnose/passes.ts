import { isPrivate, ownersOf } from '../correlate/owner.ts';
import { fateOf } from '../correlate/predict.ts';
import { parseIp } from '../net/ip.ts';
import type { Trace } from '../netstack/hop.ts';
import { type Case, modelDrop } from './case.ts';
import { isUplink } from './filter.ts';
import { forgottenMark, lateMark } from './marks.ts';
import { answersUntranslated, leftUntranslated } from './nat.ts';
import { tooLong } from './stall.ts';

/** The model carries the request to its end and the answer back. */
export function passes(kase: Case): boolean {
  const { prediction } = kase;
  if (!prediction || modelDrop(kase)) return false;
  const { there, back } = prediction;
  if (!arrives(there)) return false;
  if (there.socket?.state === 'none' || there.socket?.state === 'wrong-address') return false;
  if (tooLong(kase)) return false;
  // It goes on, and not where it was meant to.
  if (lateMark(kase)?.wanted || forgottenMark(kase)) return false;
  if (leftUntranslated(kase) || !canBeAnswered(kase)) return false;
  return !back || arrives(back);
}

/** What left for a place nobody dumped has to carry a source that the place can answer. */
function canBeAnswered(kase: Case): boolean {
  const there = kase.prediction?.there;
  if (!there || fateOf(there) !== 'forwarded') return true;
  const source = parseIp(there.final.source);
  if (source === undefined || !isPrivate(source)) return true;
  const own = ownersOf(kase.snapshot, source).some(({ netns }) => netns.name === there.namespace);
  const device = there.taps.at(-1)?.interface ?? '';
  // A network behind this host has it as its gateway; beyond the uplink nobody knows a private source.
  const inwards = !isUplink(kase, there.namespace, there.hops.at(-1)?.out ?? device);
  return own || inwards || answersUntranslated(kase, device, source);
}

function arrives(trace: Trace): boolean {
  const fate = fateOf(trace);
  return fate === 'delivered' || fate === 'forwarded' || fate === 'bridged';
}
