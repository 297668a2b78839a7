/** A moment from which traffic of one kind behaves otherwise, and what changed then: plain data of nettrace-analysis/1. */
import type { AttemptResult } from '../../correlate/attempts.ts';
import type { Evidence } from '../finding.ts';

export type Behaviour = AttemptResult;

/** Something that is different before and after. */
export interface Difference {
  /** Where it shows: in the dumps, in the packets, or in counters. */
  shownBy: 'dumps' | 'packets' | 'counters';
  text: string;
  /** Replaying the traffic with this alone changed, it turns from one behaviour to the other: that is a proof. */
  decides?: boolean;
  evidence: Evidence[];
}

/** A moment from which traffic behaves otherwise, and what changed then. */
export interface Change {
  /** Epoch seconds of the first packet that fared otherwise. */
  time: number;
  /** The last one that fared as before, seconds since the epoch: the change lies between the two. */
  since: number;
  was: Behaviour;
  became: Behaviour;
  title: string;
  /** Kinds of traffic that turned then, as `icmp 10.0.0.2 → 8.8.8.8`. */
  traffic: string[];
  flows: number[];
  /** Indexes into findings: what was wrong before it, or is since. */
  findings: number[];
  before: Evidence;
  after: Evidence;
  changed: Difference[];
  /** Two states of the host were dumped, and the model turns from one behaviour to the other between them. */
  proven: boolean;
  /** What the differences amount to, in a sentence or two; also when there are none. */
  text: string;
}
