import { fateOf } from '../correlate/predict.ts';
import type { Trace } from '../netstack/hop.ts';
import { type Case, modelDrop } from './case.ts';
import { forgottenMark, lateMark } from './marks.ts';
import { answersUntranslated, leftUntranslated } from './nat.ts';
import { isToldLength, tooLong } from './stall.ts';
import { strangeSource } from './unanswerable.ts';

/** The model carries the request to its end and the answer back. */
export function passes(kase: Case): boolean {
  const { prediction } = kase;
  if (!prediction || modelDrop(kase)) return false;
  const { there, back } = prediction;
  if (!arrives(there)) return false;
  if (there.socket?.state === 'none' || there.socket?.state === 'wrong-address') return false;
  if (tooLong(kase) && !isToldLength(kase)) return false;
  // It goes on, and not where it was meant to.
  if (lateMark(kase)?.wanted || forgottenMark(kase)) return false;
  if (leftUntranslated(kase) || !canBeAnswered(kase)) return false;
  return !back || arrives(back);
}

/** What left for a place nobody dumped has to carry a source that the place can answer. */
function canBeAnswered(kase: Case): boolean {
  const there = kase.prediction?.there;
  const source = there && strangeSource(kase.snapshot, there);
  if (source === undefined) return true;
  return answersUntranslated(kase, there?.taps.at(-1)?.interface ?? '', source);
}

function arrives(trace: Trace): boolean {
  const fate = fateOf(trace);
  return fate === 'delivered' || fate === 'forwarded' || fate === 'bridged';
}
