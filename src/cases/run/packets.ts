/** The rows of packets: each goes through a world of its own, so that none depends on those before it. */
import { type NearRule, nearMisses } from '../../diagnose/near-rules.ts';
import type { DecidingStep } from '../../netstack/hop.ts';
import { type Probe, type ProbeSpec, probe } from '../../netstack/probe.ts';
import { createWorld } from '../../netstack/world.ts';
import { arrives } from '../../report/text/fate.ts';
import type { RuleCoverage } from '../coverage/coverage.ts';
import type { CaseError, PacketRow, Slot } from '../file/case-file.ts';
import { printOutcome } from '../language/outcome.ts';
import type { Question } from '../language/question.ts';
import { LineError } from '../language/words.ts';
import { describePacket, isArrival } from './describe.ts';
import { type FoundPacket, foundPacket } from './found.ts';
import { judgePacket } from './judge.ts';
import { placeQuestion } from './place.ts';
import type { RowResult } from './result.ts';
import type { CaseState } from './state.ts';

/** A packet as it was sent, and what the model says of it. */
export interface AskedPacket extends FoundPacket {
  readonly spec: ProbeSpec;
  /** Of a connection that is open already: it came about. Else this is what became of the packet that was to open it. */
  readonly connected: boolean;
}

/** Throws a `LineError` where the state doesn't know what is named. */
export function askPacket(question: Question, state: CaseState, coverage?: RuleCoverage): AskedPacket {
  const spec = placeQuestion(question, state);
  const { probed, connected } = send(question, spec, state, coverage);
  return { ...foundPacket(probed.there, probed.back, state), spec, connected };
}

export interface JudgeOptions {
  /** What rests on an assumption fails. */
  readonly strict: boolean;
}

/** A row that is to be judged; one of a file has a place to write into. */
export type AskedRow = Omit<PacketRow, 'slot'> & { readonly slot?: Slot };

export function runPacket(
  row: AskedRow,
  state: CaseState,
  coverage: RuleCoverage | undefined,
  { strict }: JudgeOptions,
): RowResult {
  const { text, place, question, expected, expectedText, slot } = row;
  const base = { section: 'packets', text, place, assumptions: [], differences: [] } as const;
  let found: AskedPacket;
  try {
    found = askPacket(question, state, coverage);
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    const { fault, hint, at } = error.fault;
    const told: CaseError = {
      ...place,
      column: place.column + at,
      text: fault,
      ...(hint !== undefined && { hint }),
    };
    return { ...base, outcome: 'error', error: told };
  }
  if (!found.connected) return unconnected(row, found, state);
  const { there, back } = found;
  const differences = expected ? judgePacket(expected, found) : [];
  // What ends otherwise altogether is told whole.
  const isOther = differences.some(({ what }) => what === 'verdict');
  const holds = printOutcome(describePacket(found, isOther ? undefined : expected));
  const wantsUnknown = expected?.verdicts.includes('unknown') === true && found.assumptions.length > 0;
  if (wantsUnknown)
    differences.splice(0, differences.length, ...differences.filter(({ what }) => what !== 'verdict'));
  else if (strict && expected && found.assumptions.length > 0)
    differences.push({ what: 'certainty', expected: 'certain', found: found.assumptions.join('; ') });
  const rule = ruleOf(found, differences.length > 0);
  const failed = differences.length > 0 || !expected;
  const near = expected && isOther && expected.verdicts.some(isArrival) ? nearRulesOf(found, state) : [];
  return {
    ...base,
    outcome: expected ? (differences.length > 0 ? 'failed' : 'passed') : 'error',
    ...(expectedText !== undefined && { expected: expectedText }),
    found: holds,
    differences,
    ...(!expected && { error: unasked(row, holds) }),
    assumptions: found.assumptions,
    ...(rule && { rule }),
    ...(near.length > 0 && { near }),
    there,
    ...(back && { back }),
    ...(failed && slot && { update: { slot, text: holds } }),
  };
}

function unasked({ place }: AskedRow, holds: string): CaseError {
  return {
    ...place,
    text: 'nothing is expected of this packet',
    hint: `What holds: ${holds}. nettrace test --update writes that.`,
  };
}

/** `state established` of a connection that doesn't come about. */
function unconnected(
  { text, place, expectedText }: AskedRow,
  found: AskedPacket,
  state: CaseState,
): RowResult {
  const holds = `no connection: the packet that opens it is ${printOutcome(describePacket(found))}`;
  const rule = ruleOf(found, true);
  const near = nearRulesOf(found, state);
  const { there, back } = found;
  return {
    ...{ section: 'packets', text, place, outcome: 'failed' },
    ...(expectedText !== undefined && { expected: expectedText }),
    found: holds,
    differences: [{ what: 'answer state', expected: 'established', found: 'no connection' }],
    assumptions: found.assumptions,
    ...(rule && { rule }),
    ...(near.length > 0 && { near }),
    there,
    ...(back && { back }),
  };
}

/** So many help somebody who wonders why. */
const MOST_NEAR = 2;

function nearRulesOf({ there, spec }: AskedPacket, { topology }: CaseState): NearRule[] {
  const netns = topology.namespaces.get(there.namespace);
  if (!netns || arrives(there)) return [];
  const asked = { address: spec.to, port: spec.destinationPort ?? 0 };
  return nearMisses(netns, there, { direction: 'forward', asked, time: spec.time ?? 0 })
    .filter(({ weight }) => weight > 0)
    .toSorted((left, right) => right.weight - left.weight)
    .slice(0, MOST_NEAR)
    .map(({ near }) => near);
}

/** A packet of a connection that is there already comes after the two that opened it. */
function send(
  question: Question,
  spec: ProbeSpec,
  { snapshot, topology }: CaseState,
  coverage: RuleCoverage | undefined,
): { readonly probed: Probe; readonly connected: boolean } {
  const world = createWorld(snapshot, topology, { respond: true });
  const first = covered(probe(world, spec), coverage);
  if (question.state !== 'established') return { probed: first, connected: true };
  const { there, back } = first;
  if (!arrives(there) || !back || !arrives(back)) return { probed: first, connected: false };
  return { probed: covered(probe(world, { ...spec, tcpFlags: ACK }), coverage), connected: true };
}

const ACK = 0x10;

function covered(probed: Probe, coverage: RuleCoverage | undefined): Probe {
  coverage?.trace(probed.there);
  if (probed.back && !probed.there.answers.includes(probed.back)) coverage?.trace(probed.back);
  return probed;
}

/** What stopped it; of an answer that is stopped, that. */
function ruleOf(found: FoundPacket, failed: boolean): RowResult['rule'] {
  const stopped =
    found.stoppedBy ?? (failed && found.answer && !found.answer.comes ? found.answer.stoppedBy : undefined);
  if (!stopped) return undefined;
  return decidedBy(stopped);
}

/** A rule by its text, a policy by its chain; and where it stands. */
export function decidedBy(step: DecidingStep): NonNullable<RowResult['rule']> {
  const { path, line } = step;
  const text = 'text' in step ? step.text : `${step.table} ${step.chain} policy ${step.verdict}`;
  return { ...(path !== undefined && { path }), ...(line !== undefined && { line }), text };
}
