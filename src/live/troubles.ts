/** Findings over time: when each appeared, whether it still holds, and how it ended. */

import type { Finding } from '../diagnose/finding.ts';
import type { Analysis, AnalysisFlow } from '../report/analysis.ts';

export interface Trouble {
  /** From 1, in the order in which they appeared. */
  readonly id: number;
  /** As it was found last. */
  finding: Finding;
  /** The flows that it was found on last. */
  flows: readonly AnalysisFlow[];
  /** Epoch seconds: its first packet, and the last one that it stopped. */
  readonly began: number;
  last: number;
  /** Epoch seconds; undefined: it holds. */
  ended?: number;
  /** `answered`: flows like those get through now; `changed`: not seen since the host changed; `quiet`: nothing of it any more. */
  how?: 'answered' | 'changed' | 'quiet';
}

/** What a new analysis brought. */
export interface News {
  readonly appeared: readonly Trouble[];
  readonly ended: readonly Trouble[];
}

/**
 * Seconds until silence counts as no answer. What the model says is dropped needs no waiting; what got lost elsewhere, or
 * isn't answered, may only be on its way.
 */
const PATIENCE = 0.8;
/** The same where nothing but missing packets speaks for it: by then it is known whether the capture itself lost them. */
const UNSURE_PATIENCE = 2.5;
const UNSURE = 0.5;
/** Seconds after a change of the host in which a finding isn't over unless its traffic gets through. */
const SETTLES = 1;
/** Ended ones that are remembered. */
const MOST_ENDED = 200;
/** Flows that are remembered of one. */
const FEW = 3;

export class Troubles {
  readonly #known = new Map<string, Trouble>();
  #ended: Trouble[] = [];
  #count = 0;
  readonly #appeared = new Map<string, number>();

  /** Most recent first; those that hold before those that ended. */
  list(): readonly Trouble[] {
    const holding = [...this.#known.values()].toSorted((left, right) => right.began - left.began);
    return [...holding, ...this.#ended.toReversed()];
  }

  get holding(): readonly Trouble[] {
    return [...this.#known.values()];
  }

  /** How many appeared so far, by cause. */
  get appeared(): ReadonlyMap<string, number> {
    return this.#appeared;
  }

  /** How many appeared so far. */
  get count(): number {
    return this.#count;
  }

  /** `now`: epoch seconds up to which packets were looked at; `changed`: when the host changed last. */
  update(analysis: Analysis, now: number, changed: number | undefined): News {
    const appeared: Trouble[] = [];
    const seen = new Set<string>();
    for (const finding of analysis.findings) {
      if (finding.severity === 'info') continue;
      const flows = finding.flows.flatMap((id) => analysis.flows.find((flow) => flow.id === id) ?? []);
      const key = keyOf(finding, flows[0]);
      const known = this.#known.get(key);
      if (!known && !isRipe(finding, flows, now)) continue;
      seen.add(key);
      const last = Math.max(now, ...flows.map(({ end }) => end));
      if (known) {
        Object.assign(known, { finding, flows, last });
        continue;
      }
      const began = Math.min(now, ...flows.map(({ start, failing }) => failing?.from ?? start));
      const trouble: Trouble = { id: ++this.#count, finding, flows, began, last };
      this.#known.set(key, trouble);
      this.#appeared.set(finding.cause, (this.#appeared.get(finding.cause) ?? 0) + 1);
      appeared.push(trouble);
    }
    return { appeared, ended: this.#end(seen, analysis, now, changed) };
  }

  #end(seen: ReadonlySet<string>, analysis: Analysis, now: number, changed: number | undefined): Trouble[] {
    const ended: Trouble[] = [];
    for (const [key, trouble] of this.#known) {
      if (seen.has(key)) continue;
      const answered = trouble.flows.some((flow) => isAnswered(flow, analysis));
      // Of the host as it is now there are hardly any packets yet: the next ones tell how it fares.
      if (!answered && changed !== undefined && changed >= trouble.began && now - changed < SETTLES) continue;
      const how = answered
        ? 'answered'
        : changed !== undefined && changed >= trouble.began
          ? 'changed'
          : 'quiet';
      // Of hundreds that it hit a few are told, and how many there were.
      Object.assign(trouble, { ended: now, how, flows: trouble.flows.slice(0, FEW) });
      this.#known.delete(key);
      ended.push(trouble);
    }
    this.#ended = [...this.#ended, ...ended].slice(-MOST_ENDED);
    return ended;
  }
}

/** The same trouble in the next analysis: by what did it, else by whom it hit. */
function keyOf(
  { cause, namespace, interface: device, rule, route, sysctl }: Finding,
  flow?: AnalysisFlow,
): string {
  const by = rule ? `${rule.family} ${rule.table} ${rule.chain} ${rule.text}` : (route ?? sysctl);
  const whom = flow && `${flow.protocol} ${flow.client.address} ${flow.server.address} ${flow.server.port}`;
  return [cause, namespace, device, by ?? whom].join('\n');
}

function isRipe(
  { flows: numbers, confidence }: Finding,
  flows: readonly AnalysisFlow[],
  now: number,
): boolean {
  // It is not about flows.
  if (numbers.length === 0) return true;
  const patience = confidence < UNSURE ? UNSURE_PATIENCE : PATIENCE;
  return flows.some(
    ({ verdict, start, failing }) =>
      verdict === 'dropped' || verdict === 'rejected' || now - (failing?.from ?? start) >= patience,
  );
}

/** The same client reaches the same server. */
function isAnswered({ protocol, client, server }: AnalysisFlow, { flows }: Analysis): boolean {
  return flows.some(
    (flow) =>
      flow.status === 'delivered' &&
      flow.protocol === protocol &&
      flow.client.address === client.address &&
      flow.server.address === server.address &&
      flow.server.port === server.port,
  );
}
