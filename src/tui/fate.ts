/** What became of a flow, as the screen's lists say it. */
import type { LiveFlow } from '../live/flow-book.ts';
import type { AnalysisFlow } from '../report/analysis.ts';
import { fails, isMeant } from '../report/text/flow-name.ts';

/** `meant`: turned away as somebody wanted it. */
export type Fate = 'good' | 'bad' | 'doubtful' | 'meant';

export const FATE_SIGN: Readonly<Record<Fate, string>> = { good: '✓', bad: '✗', doubtful: '?', meant: '·' };

export function fateOf({ flow, findings }: LiveFlow): Fate {
  if (flow.status === 'delivered') return 'good';
  if (flow.status === 'unknown' || flow.status === 'degraded') return 'doubtful';
  return fails(flow, findings) ? 'bad' : isMeant(flow, findings) ? 'meant' : 'doubtful';
}

/** The furthest point that its requests came by. */
export function lastSeen({ sightings }: AnalysisFlow): string | undefined {
  return sightings.findLast(({ direction }) => direction === 'forward')?.capture;
}

/** The tuple that NAT made of it, where a point saw one. */
export function translated({ sightings }: AnalysisFlow): string | undefined {
  const tuples = sightings.filter(({ direction, tunnel }) => direction === 'forward' && tunnel === undefined);
  const [first] = tuples;
  return tuples.findLast(({ tuple }) => tuple !== first?.tuple)?.tuple;
}
