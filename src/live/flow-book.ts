/** The flows of a followed host over time: each analysis sees the last seconds only, and a flow is longer than that. */

import type { Finding } from '../diagnose/finding.ts';
import type { Analysis, AnalysisFlow } from '../report/analysis.ts';

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

/** Flows that are remembered, the latest. */
const MOST = 5000;

export class FlowBook {
  #known = new Map<string, LiveFlow>();
  #count = 0;

  update(analysis: Analysis): void {
    for (const flow of analysis.flows) {
      const key = keyOf(flow);
      const before = this.#known.get(key);
      // At the end again: the first ones are those that were not seen for longest.
      this.#known.delete(key);
      this.#known.set(key, {
        id: before?.id ?? ++this.#count,
        ...ownFindings(flow, analysis),
        packets: flow.packets,
        rate: 0,
        first: before?.first ?? flow.start,
        last: flow.end,
      });
    }
    for (const key of this.#known.keys()) {
      if (this.#known.size <= MOST) break;
      this.#known.delete(key);
    }
  }

  list(): readonly LiveFlow[] {
    return [...this.#known.values()];
  }
}

function keyOf({ protocol, client, server }: AnalysisFlow): string {
  return `${protocol} ${client.address} ${client.port ?? ''} ${server.address} ${server.port ?? ''}`;
}

function ownFindings(flow: AnalysisFlow, { findings: all }: Analysis): Pick<LiveFlow, 'flow' | 'findings'> {
  const findings = flow.findings.flatMap((index) => all[index] ?? []);
  return { flow: { ...flow, findings: findings.map((_, index) => index) }, findings };
}
