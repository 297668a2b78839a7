/** The rows of packets: each goes through a world of its own, so that none depends on those before it. */
import { type Probe, type ProbeSpec, probe } from '../../netstack/probe.ts';
import { createWorld } from '../../netstack/world.ts';
import { arrives } from '../../report/text/fate.ts';
import type { RuleCoverage } from '../coverage/coverage.ts';
import type { CaseError, PacketRow } from '../file/case-file.ts';
import { printOutcome } from '../language/outcome.ts';
import { LineError } from '../language/words.ts';
import { describePacket, describeStop } from './describe.ts';
import { type FoundPacket, foundPacket } from './found.ts';
import { judgePacket } from './judge.ts';
import { placeQuestion } from './place.ts';
import type { RowResult } from './result.ts';
import type { CaseState } from './state.ts';

export interface JudgeOptions {
  /** What rests on an assumption fails. */
  readonly strict: boolean;
}

export function runPacket(
  row: PacketRow,
  state: CaseState,
  coverage: RuleCoverage,
  { strict }: JudgeOptions,
): RowResult {
  const { text, place, question, expected, expectedText, slot } = row;
  const base = { section: 'packets', text, place, assumptions: [], differences: [] } as const;
  let sent: Sent;
  try {
    sent = send(row, placeQuestion(question, state), state, coverage);
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
  const { there, back } = sent.probed;
  if (!sent.connected) return unconnected(row, foundPacket(there, back, state));
  const found = foundPacket(there, back, state);
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
  return {
    ...base,
    outcome: expected ? (differences.length > 0 ? 'failed' : 'passed') : 'error',
    ...(expectedText !== undefined && { expected: expectedText }),
    found: holds,
    differences,
    ...(!expected && { error: unasked(row, holds) }),
    assumptions: found.assumptions,
    ...(rule && { rule }),
    there,
    ...(back && { back }),
    ...(failed && { update: { slot, text: holds } }),
  };
}

function unasked({ place }: PacketRow, holds: string): CaseError {
  return {
    ...place,
    text: 'nothing is expected of this packet',
    hint: `What holds: ${holds}. nettrace test --update writes that.`,
  };
}

/** `state established` of a connection that doesn't come about. */
function unconnected({ text, place, expectedText }: PacketRow, found: FoundPacket): RowResult {
  const holds = `no connection: the packet that opens it is ${printOutcome(describePacket(found))}`;
  const rule = ruleOf(found, true);
  const { there, back } = found;
  return {
    ...{ section: 'packets', text, place, outcome: 'failed' },
    ...(expectedText !== undefined && { expected: expectedText }),
    found: holds,
    differences: [{ what: 'answer state', expected: 'established', found: 'no connection' }],
    assumptions: found.assumptions,
    ...(rule && { rule }),
    there,
    ...(back && { back }),
  };
}

interface Sent {
  readonly probed: Probe;
  /** Or this is what became of the packet that was to open its connection. */
  readonly connected: boolean;
}

/** A packet of a connection that is there already comes after the two that opened it. */
function send(
  { question }: PacketRow,
  spec: ProbeSpec,
  { snapshot, topology }: CaseState,
  coverage: RuleCoverage,
): Sent {
  const world = createWorld(snapshot, topology, { respond: true });
  const first = covered(probe(world, spec), coverage);
  if (question.state !== 'established') return { probed: first, connected: true };
  const { there, back } = first;
  if (!arrives(there) || !back || !arrives(back)) return { probed: first, connected: false };
  return { probed: covered(probe(world, { ...spec, tcpFlags: ACK }), coverage), connected: true };
}

const ACK = 0x10;

function covered(probed: Probe, coverage: RuleCoverage): Probe {
  coverage.trace(probed.there);
  if (probed.back && !probed.there.answers.includes(probed.back)) coverage.trace(probed.back);
  return probed;
}

/** What stopped it; of an answer that is stopped, that. */
function ruleOf(found: FoundPacket, failed: boolean): RowResult['rule'] {
  const stopped =
    found.stoppedBy ?? (failed && found.answer && !found.answer.comes ? found.answer.stoppedBy : undefined);
  if (!stopped) return undefined;
  const { path, line } = stopped;
  const of = describeStop({ ...found, stoppedBy: stopped });
  const text =
    stopped.kind === 'rule' || stopped.kind === 'nft-rule' ? stopped.text : policyText(of, stopped.verdict);
  return { ...(path !== undefined && { path }), ...(line !== undefined && { line }), text };
}

function policyText(of: ReturnType<typeof describeStop>, verdict: string): string {
  const chain = of?.kind === 'rule' ? `${of.table} ${of.chain} ` : '';
  return `${chain}policy ${verdict}`;
}
