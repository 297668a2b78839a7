/** A case as its file says it, each part with its place. */
import type { FlowOutcome } from '../language/flow-outcome.ts';
import type { PacketOutcome } from '../language/outcome.ts';
import type { Question } from '../language/question.ts';

/** From 1, both. */
export interface Place {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/** Something in the file that can't be used. */
export interface CaseError extends Place {
  /** What was found, and what was expected. */
  readonly text: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** Where a text stands in the file, for replacing it: offsets in its characters. */
export interface Slot {
  readonly from: number;
  readonly to: number;
  /** Nothing stands there yet: what has to be put before the text. */
  readonly before: string;
  /** How it is written there. */
  readonly form: 'plain' | 'double' | 'single' | 'json';
  /** Within `[]` or `{}`, where commas and brackets end a text. */
  readonly inFlow?: true;
  /** The slot holds the question as well, and this between the two: `"from red to 8.8.8.8: dropped"`. */
  readonly question?: string;
}

interface Row<Question_, Outcome> {
  readonly place: Place;
  /** As it stands there. */
  readonly text: string;
  readonly question: Question_;
  /** Absent: nothing is expected yet. */
  readonly expected?: Outcome;
  readonly expectedText?: string;
  readonly slot: Slot;
}

export type PacketRow = Row<Question, PacketOutcome>;
/** Its question is a filter's text, for `--flow`. */
export type FlowRow = Row<string, FlowOutcome>;

export interface Told<T> {
  readonly value: T;
  readonly place: Place;
}

export interface CaseFile {
  readonly path: string;
  readonly name: string;
  /** Paths as the file gives them; absent: what lies beside it. */
  readonly inputs?: readonly Told<string>[];
  /** What commands printed, in the file itself; its first line stands on that line. */
  readonly state?: { readonly text: string; readonly line: number };
  readonly setup: readonly Told<string>[];
  /** `rules.v4:5`: lines of inputs that are to be refused. */
  readonly refused: readonly Told<string>[];
  readonly packets: readonly PacketRow[];
  readonly flows: readonly FlowRow[];
  /** `flows:` stands there with nothing behind it yet. */
  readonly emptyFlows?: Told<Slot>;
  /** Absent: not asked for; without causes, where nothing is expected yet. */
  readonly findings?: {
    readonly causes?: readonly Told<string>[];
    readonly place: Place;
    readonly slot?: Slot;
  };
  readonly never: readonly Told<string>[];
  readonly source: string;
  readonly errors: readonly CaseError[];
}
