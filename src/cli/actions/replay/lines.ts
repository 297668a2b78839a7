import type { ReplayLine, Trace } from '../../../netstack/hop.ts';
import { replayLine } from '../../../netstack/replay.ts';
import type { Skb } from '../../../skb/skb.ts';

/** The packet's line; behind it, where the kernel's own answers are asked for, theirs, marked as such. */
export function linesOf(skb: Skb, trace: Trace, withAnswers: boolean): (ReplayLine & { answer?: true })[] {
  const own = replayLine(skb, trace);
  if (!withAnswers) return [own];
  return [own, ...answersOf(trace).map((answer) => ({ ...replayLine(skb, answer), answer: true as const }))];
}

function answersOf(trace: Trace): Trace[] {
  return trace.answers.flatMap((answer) => [answer, ...answersOf(answer)]);
}
