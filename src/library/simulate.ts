import { printBy } from '../cases/language/by.ts';
import { type PacketOutcome, printOutcome, type Verdict } from '../cases/language/outcome.ts';
import { renderRow } from '../cases/report/text.ts';
import { describeEnding, describePacket, ruleBy } from '../cases/run/describe.ts';
import type { FoundEnding } from '../cases/run/found.ts';
import { type AskedPacket, askPacket, decidedBy } from '../cases/run/packets.ts';
import type { RowResult } from '../cases/run/result.ts';
import type { Header, Trace } from '../netstack/hop.ts';
import { headerOf } from '../report/trace-report.ts';
import { askedPacket, knownState, LAYOUT, type Names } from './asking.ts';
import { type FlowSpec, flowText } from './flow-spec.ts';
import type { Snapshot } from './snapshot.ts';

/** Options of `simulate`. */
export interface SimulateOptions {
  /** Names that the flow uses, and what they stand for. */
  readonly names?: Names | undefined;
}

/** The rule or policy that stopped a packet. */
export interface DecidingRule {
  /** As `by` of the language of cases has it: `filter FORWARD 3`, `filter INPUT policy`, `inet fw forward 2`. */
  readonly by: string;
  /** The rule as the dump has it. */
  readonly text: string;
  /** Where it stands; absent of a rule that a command made. */
  readonly path?: string;
  readonly line?: number;
}

/** How a packet, or its answer, ended. */
export interface SimulatedEnding {
  readonly verdict: Verdict;
  /** In the language of cases, ready to be pasted into one: `dropped by filter FORWARD 3`. */
  readonly outcome: string;
  /** Where it ended. */
  readonly namespace: string;
  readonly rule?: DecidingRule;
  /** The kernel setting that stopped it: `net.ipv4.ip_forward`. */
  readonly sysctl?: string;
  /** Of the catalogue (`nettrace explain`), where it was stopped. */
  readonly cause?: string;
  /** The last interface that it left by, as `NS:IFACE`. */
  readonly oif?: string;
  /** The packet as it set out, and as it was at its end: the tuple before and behind NAT. */
  readonly sent: Header;
  readonly final: Header;
  /** Whether NAT changed its source or its destination on the way. */
  readonly translated: { readonly source: boolean; readonly destination: boolean };
}

/** What the model of the kernel says of one packet. Plain data, but for `text`, which is worked out when it is asked for. */
export interface Simulation extends SimulatedEnding {
  /** The packet, in the language of cases. */
  readonly flow: string;
  /** The answer that its receiver gives, or would give; absent where there is none to give. `comes`: it gets back to the sender. */
  readonly answer?: SimulatedEnding & { readonly comes: boolean };
  /** What had to be assumed. Empty: it is certain. */
  readonly assumptions: readonly string[];
  /** Hop by hop and step by step; `path` and `line` of a step are where its rule or route stands. */
  readonly there: Trace;
  readonly back?: Trace;
  /** The outcome and the packet's way, as `nettrace test` prints them: 80 columns, without colours. */
  readonly text: string;
}

export function simulateFlow(
  snapshot: Snapshot,
  flow: string | FlowSpec,
  { names }: SimulateOptions,
): Simulation {
  const state = knownState(snapshot);
  const text = flowText(flow);
  const found = askPacket(askedPacket(text, state, names), state);
  const { answer, assumptions, there, back } = found;
  return {
    flow: text,
    ...endingOf(found, there, describePacket(found)),
    ...(answer &&
      back && {
        answer: { comes: answer.comes, ...endingOf(answer, back, describeEnding(answer, undefined, false)) },
      }),
    assumptions,
    there,
    ...(back && { back }),
    get text() {
      return `${text}\n${renderRow(rowOf(text, found), state.scene, LAYOUT, answer !== undefined)}`;
    },
  };
}

function endingOf(found: FoundEnding, trace: Trace, outcome: PacketOutcome): SimulatedEnding {
  const { verdict, namespace, sysctl, cause, exits, translated, stoppedBy } = found;
  const oif = exits.at(-1);
  return {
    ...{ verdict, outcome: printOutcome(outcome), namespace },
    ...(stoppedBy && { rule: { by: printBy(ruleBy(stoppedBy)), ...decidedBy(stoppedBy) } }),
    ...(sysctl !== undefined && { sysctl }),
    ...(cause !== undefined && { cause }),
    ...(oif !== undefined && { oif }),
    ...{ sent: headerOf(trace), final: trace.final, translated },
  };
}

/** As a row of a case that expects nothing. */
function rowOf(text: string, found: AskedPacket): RowResult {
  const { stoppedBy, assumptions, there, back } = found;
  return {
    ...{ section: 'packets', text, place: { path: '', line: 1, column: 1 }, outcome: 'passed' },
    found: printOutcome(describePacket(found)),
    differences: [],
    ...(stoppedBy && { rule: decidedBy(stoppedBy) }),
    ...{ assumptions, there },
    ...(back && { back }),
  };
}
