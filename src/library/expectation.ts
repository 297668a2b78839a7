/** What matchers expect of a packet, held against what the model says of it. */

import { renderRow } from '../cases/report/text.ts';
import type { Difference } from '../cases/run/judge.ts';
import { runPacket } from '../cases/run/packets.ts';
import type { RowResult } from '../cases/run/result.ts';
import { headerText } from '../report/text/header.ts';
import { headerOf } from '../report/trace-report.ts';
import { askedOutcome, askedPacket, LAYOUT, type Names } from './asking.ts';
import { UsageError } from './errors.ts';
import { type FlowSpec, flowText, word } from './flow-spec.ts';
import { hostOf } from './subject.ts';

/** The parts of an outcome, as the language of cases has them; what isn't said doesn't matter. */
export interface OutcomeParts {
  /**
   * Who stopped it, or of a packet that gets there, a rule that it matched: `filter FORWARD 3`, `filter INPUT policy`, `filter INPUT "ssh"`,
   * `inet fw forward 2`, `net.ipv4.ip_forward`, or a cause.
   */
  readonly by?: string | undefined;
  /** The namespace where it ended. */
  readonly in?: string | undefined;
  /** The interface it left by last, `eth0`; or one on its way, `red:eth0`. */
  readonly via?: string | readonly string[] | undefined;
  /** Its source at the end, with or without port: behind SNAT, MASQUERADE. */
  readonly as?: string | undefined;
  /** Its destination at the end: behind DNAT, REDIRECT. */
  readonly to?: string | undefined;
  /** Its mark at the end: 16, `0x10`, `0x10/0xff`. */
  readonly mark?: number | string | undefined;
  /** What conntrack made of it where it ended. */
  readonly state?: 'new' | 'established' | 'related' | 'invalid' | 'untracked' | undefined;
  /** What a rejected packet is answered with: `tcp-reset`. */
  readonly with?: string | undefined;
  /** Whether the answer finds its way back. */
  readonly answered?: boolean | undefined;
}

/** How a matcher asks. */
export interface AskingOptions {
  /** Names that the flow uses, and what they stand for. */
  readonly names?: Names | undefined;
  /** What rests on an assumption fails, whatever is expected. */
  readonly strict?: boolean | undefined;
}

/** Parts of what is expected, and how it is asked. */
export type OutcomeOptions = OutcomeParts & AskingOptions;

/** What a matcher found. `message` says what was expected, what was found, and the packet's way. */
export interface Judgement {
  /** It is as expected. */
  readonly pass: boolean;
  /** Of a judgement that was to pass, and didn't; or of one that was not to pass, and did. */
  message(isNot?: boolean): string;
}

/** `verdict`: the words before the parts. */
export async function judgeFlow(
  subject: unknown,
  verdict: string,
  flow: string | FlowSpec,
  options: OutcomeOptions = {},
  isNot = false,
): Promise<Judgement> {
  checkOptions(options);
  return await judgeLine(subject, flowText(flow), outcomeText(verdict, options), { ...options, isNot });
}

const ARRIVES = 'delivered or refused';

/** It gets there, whether or not something listens; without `as` and `to` with any other source or destination than it set out with. */
export async function judgeTranslation(
  subject: unknown,
  flow: string | FlowSpec,
  options: OutcomeOptions = {},
  isNot = false,
): Promise<Judgement> {
  checkOptions(options);
  const outcome = outcomeText(ARRIVES, options);
  const isAny = options.as === undefined && options.to === undefined;
  return await judgeLine(subject, flowText(flow), outcome, {
    ...options,
    isNot,
    said: outcome.replace(ARRIVES, 'translated'),
    ...(isAny && { more: untranslated }),
  });
}

function untranslated({ there }: RowResult): Difference[] {
  if (!there) return [];
  const [sent, final] = [headerOf(there), there.final].map(headerText);
  return sent === final
    ? [{ what: 'source and destination', expected: 'translated', found: 'unchanged' }]
    : [];
}

/** `said`: the outcome as messages have it; `more`: what else has to hold. */
interface Judging extends AskingOptions {
  readonly isNot?: boolean;
  readonly said?: string;
  more?(row: RowResult): readonly Difference[];
}

export async function judgeLine(
  subject: unknown,
  text: string,
  outcome: string,
  { names, strict = false, isNot = false, said = outcome, more }: Judging = {},
): Promise<Judgement> {
  const state = await hostOf(subject);
  const question = askedPacket(text, state, names);
  const asked = {
    ...{ text, place: { path: '', line: 1, column: 1 }, question },
    ...{ expected: askedOutcome(outcome), expectedText: said },
  };
  const judged = runPacket(asked, state, undefined, { strict: false });
  const row = { ...judged, differences: [...judged.differences, ...(more?.(judged) ?? [])] };
  const holds = row.outcome === 'passed' && row.differences.length === 0;
  const isDoubtful = strict && row.assumptions.length > 0;
  return {
    pass: isDoubtful ? isNot : holds,
    message: (negated = isNot) => {
      const told = isDoubtful && holds !== negated ? doubtful(row) : negated ? negative(row) : row;
      return `expected ${text} ${negated ? 'not ' : ''}to be ${said}\n\n${renderRow(told, state.scene, LAYOUT).trimEnd()}`;
    },
  };
}

/** It is as expected, and it may be otherwise. */
function doubtful(row: RowResult): RowResult {
  const certainty = { what: 'certainty', expected: 'certain', found: row.assumptions.join('; ') };
  return { ...row, differences: [certainty] };
}

function negative({ expected = '', ...row }: RowResult): RowResult {
  return { ...row, expected: `not ${expected}`, differences: [] };
}

const PARTS = ['by', 'in', 'via', 'as', 'to', 'mark', 'state', 'with'] as const;
const OPTIONS: readonly string[] = [...PARTS, 'answered', 'names', 'strict'];

function outcomeText(verdict: string, options: OutcomeParts): string {
  const parts = PARTS.flatMap((name) => {
    const value = options[name];
    if (value === undefined) return [];
    const values: readonly (string | number)[] = typeof value === 'object' ? value : [value];
    // Who decides is said in several words.
    return values.map((each) => `${name} ${name === 'by' ? each : word(each)}`);
  });
  const { answered } = options;
  const answer = answered === undefined ? '' : answered ? ', answered' : ', no answer';
  return `${[verdict, ...parts].join(' ')}${answer}`;
}

/** A part that is misspelled would otherwise not matter. */
function checkOptions(options: object): void {
  const stranger = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (stranger === undefined) return;
  throw new UsageError(`there is no part of an outcome called "${stranger}"`, 'option', {
    advice: `Known: ${OPTIONS.join(', ')}.`,
  });
}
