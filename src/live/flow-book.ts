/** The flows of a followed host over time: each analysis sees the last seconds only, and a flow is longer than that. */

import type { Finding } from '../diagnose/finding.ts';
import type { Analysis, AnalysisFlow } from '../report/analysis.ts';
import { FlowCount } from './flow-count.ts';
import type { Tally } from './tally.ts';

export interface LiveFlow {
  /** From 1, in the order in which they were seen first; stays when the analysis numbers its flows anew. */
  readonly id: number;
  /** As the last analysis that had it says; its `findings` are indexes of those here. */
  readonly flow: AnalysisFlow;
  /** What that analysis found on it, the cause first. Nothing else of the analysis is kept: it has all flows of its time. */
  readonly findings: readonly Finding[];
  /** Since it was first seen. */
  readonly packets: { readonly forward: number; readonly reply: number };
  /** Packets a second of late, both ways. */
  readonly rate: number;
  /** Epoch seconds of its first and last packet. */
  readonly first: number;
  readonly last: number;
}

/** Flows that are remembered, the latest, and for how many seconds after their last packet. */
const MOST = 1500;
const REMEMBERED = 900;
/** Of those the latest with their way through the host, which is most of what is known of a flow. */
const DETAILED = 250;

interface Entry extends Pick<LiveFlow, 'id' | 'findings' | 'first'> {
  flow: AnalysisFlow;
  readonly count: FlowCount;
  /** What `list` gave, as long as it holds. */
  shown: LiveFlow | undefined;
}

export class FlowBook {
  /** At the end those that were analysed last. */
  readonly #known = new Map<string, Entry>();
  readonly #tally: Tally;
  #begun = 0;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** Epoch seconds: `now`, and from when on all packets were looked at; undefined: some were not. */
  update(analysis: Analysis, now: number, whole?: number): void {
    const present = new Set<string>();
    for (const flow of analysis.flows) {
      const key = keyOf(flow);
      // Several pings of one host to another are one: the one that fails is told.
      if (present.has(key) && flow.findings.length === 0) continue;
      present.add(key);
      const before = this.#known.get(key);
      const count = before?.count ?? new FlowCount();
      count.know(flow);
      count.count(this.#tally, now);
      this.#known.delete(key);
      this.#known.set(key, {
        id: before?.id ?? ++this.#begun,
        ...(before && isLess(flow, before)
          ? { flow: before.flow, findings: before.findings }
          : ownFindings(flow, analysis)),
        first: before?.first ?? flow.start,
        count,
        shown: undefined,
      });
    }
    if (whole !== undefined) this.#retract(present, whole);
    this.#forget(now);
  }

  /**
   * What an analysis took for flows of their own before it knew more, such as a leg behind NAT of which nobody had seen the
   * one before it: their packets are among those that were looked at now, and belong to others.
   */
  #retract(present: ReadonlySet<string>, whole: number): void {
    for (const [key, { flow }] of this.#known)
      if (flow.start >= whole && !present.has(key)) this.#known.delete(key);
  }

  /** Counts what came since; `now`: epoch seconds. */
  count(now: number): void {
    const isSampled = this.#tally.sampling !== undefined;
    for (const entry of this.#known.values()) {
      const { count } = entry;
      if (isSampled) count.unite(this.#tally);
      const { forward, reply, rate, last } = count;
      count.count(this.#tally, now);
      const isSame =
        forward === count.forward && reply === count.reply && rate === count.rate && last === count.last;
      if (!isSame) entry.shown = undefined;
    }
  }

  /** What it gives doesn't change any more. */
  list(): readonly LiveFlow[] {
    return Array.from(this.#known.values(), shownOf);
  }

  #forget(now: number): void {
    for (const [key, { count }] of this.#known) if (count.last < now - REMEMBERED) this.#known.delete(key);
    for (const key of this.#known.keys()) {
      if (this.#known.size <= MOST) break;
      this.#known.delete(key);
    }
    let left = this.#known.size - DETAILED;
    for (const entry of this.#known.values()) {
      if (left-- <= 0) break;
      if (entry.flow.predicted.length === 0) continue;
      entry.flow = withoutWay(entry.flow);
      entry.shown = undefined;
    }
  }
}

function withoutWay({
  predictedReply: _,
  timeline: __,
  nearRules: ___,
  kernel: ____,
  ...flow
}: AnalysisFlow): AnalysisFlow {
  return { ...flow, predicted: [] };
}

function shownOf(entry: Entry): LiveFlow {
  const { id, flow, findings, first, count } = entry;
  const { forward, reply, rate, last } = count;
  entry.shown ??= { id, flow, findings, packets: { forward, reply }, rate, first, last };
  return entry.shown;
}

/** It was only counted, and fares as it did when it was looked at. */
function isLess(flow: AnalysisFlow, { flow: before }: Entry): boolean {
  return flow.counted === true && before.counted !== true && flow.status === before.status;
}

function keyOf({ protocol, client, server }: AnalysisFlow): string {
  return `${protocol} ${client.address} ${client.port ?? ''} ${server.address} ${server.port ?? ''}`;
}

function ownFindings(flow: AnalysisFlow, { findings: all }: Analysis): Pick<LiveFlow, 'flow' | 'findings'> {
  const findings = flow.findings.flatMap((index) => all[index] ?? []);
  return { flow: { ...flow, findings: findings.map((_, index) => index) }, findings };
}
