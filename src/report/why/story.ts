/** `nettrace why --format json`: schema nettrace-why/1. One flow's story, and how to pick another. */
import type { NearRule } from '../../diagnose/near-rules.ts';
import type { Analysis, AnalysisFlow, FilterSummary } from '../analysis.ts';

export interface Story {
  schema: 'nettrace-why/1';
  /** Absent: the most important of all. */
  filter?: FilterSummary;
  /** Absent: none is what the filter asks for. */
  flow?: AnalysisFlow;
  /** Of its failing part, where it failed in a part of its time only. */
  seen: Passing[];
  /** Captures that ran and lack it, where the model has it pass. */
  missed: { capture: string; path: string }[];
  /** What explains it, the cause first. */
  findings: Analysis['findings'];
  /** Rules that would have accepted it but for one condition. */
  nearRules: NearRule[];
  /** Others that the filter asks for, the failing ones first. */
  others: Pick[];
  othersLeft: number;
  /** Where none is: those that come nearest. */
  nearest: Pick[];
}

/** A point at which packets of the flow were captured, by the first of them there. */
export interface Passing {
  direction: 'forward' | 'reply';
  /** Epoch seconds, and since the first that was seen of the flow anywhere. */
  time: number;
  since: number;
  capture: string;
  path: string;
  packet?: number;
  line?: number;
  packets: number;
  tuple: string;
  /** Addresses or ports are not those of the point before. */
  translated: boolean;
}

export interface Pick {
  name: string;
  status: AnalysisFlow['status'];
  /** The option that asks for it. */
  option: string;
}
