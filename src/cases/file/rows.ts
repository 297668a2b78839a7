/** The rows of a case's tables, as lists of pairs, lists of lines, or keys with values. */
import { isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import { LineError } from '../language/words.ts';
import type { CaseError, FlowRow, PacketRow, Slot } from './case-file.ts';
import type { Positions } from './positions.ts';

export interface RowText {
  readonly question: string;
  readonly questionAt: number;
  readonly expected?: string;
  readonly expectedAt: number;
  readonly slot: Slot;
}

/** How the file is written. */
export interface Writing {
  readonly source: string;
  readonly isJson: boolean;
}

export function rowTexts(node: Node | null | undefined, writing: Writing): RowText[] {
  if (!isSeq(node)) return pairs(node, writing, false);
  const inFlow = node.flow === true;
  return node.items.flatMap((item) =>
    isScalar(item) ? [lineRow(item, writing, inFlow)] : pairs(item, writing, inFlow),
  );
}

function pairs(map: unknown, writing: Writing, within: boolean): RowText[] {
  if (!isMap(map)) return [];
  const inFlow = within || map.flow === true;
  return map.items.flatMap(({ key, value }): RowText[] => {
    if (!isScalar(key)) return [];
    const [from = 0, to = 0] = key.range ?? [];
    const held = isScalar(value) && value.value !== null ? value : undefined;
    const [start = to, end = to] = held?.range ?? [];
    const slot: Slot = held
      ? { from: start, to: end, before: '', form: formOf(held, writing) }
      : emptySlot(value, to, writing);
    return [
      {
        question: String(key.value),
        questionAt: from + opening(key),
        ...(held && { expected: String(held.value) }),
        expectedAt: start + (held ? opening(held) : 0),
        slot: { ...slot, ...(inFlow && { inFlow }) },
      },
    ];
  });
}

/** `from red to 8.8.8.8:` with nothing behind it, or with a null. */
function emptySlot(value: unknown, keyEnd: number, { source, isJson }: Writing): Slot {
  const form = isJson ? 'json' : 'plain';
  const [from, to] = isScalar(value) && value.range ? value.range : [keyEnd, keyEnd];
  if (from !== to) return { from, to, before: '', form };
  const behind = source.indexOf(':', keyEnd) + 1;
  return { from: behind, to: behind, before: ' ', form };
}

/** One text with question and answer, or a question alone. */
function lineRow(scalar: Scalar, writing: Writing, inFlow: boolean): RowText {
  const text = String(scalar.value);
  const [from = 0, to = 0] = scalar.range ?? [];
  const begin = from + opening(scalar);
  const split = separator(text);
  const question = split < 0 ? text.replace(/:?\s*$/, '') : text.slice(0, split);
  const expected = split < 0 ? undefined : text.slice(split + 1).trim();
  const behind =
    split < 0
      ? text.length
      : split + 1 + (text.slice(split + 1).length - text.slice(split + 1).trimStart().length);
  return {
    question,
    questionAt: begin,
    ...(expected !== undefined && { expected }),
    expectedAt: begin + behind,
    slot: { from, to, before: '', form: formOf(scalar, writing), question, ...(inFlow && { inFlow }) },
  };
}

/** The first colon before a space that isn't in quotes. */
function separator(text: string): number {
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') quoted = !quoted;
    if (!quoted && text[at] === ':' && text[at + 1] === ' ') return at;
  }
  return -1;
}

function opening({ type }: Scalar): number {
  return type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE' ? 1 : 0;
}

function formOf({ type }: Scalar, { isJson }: Writing): Slot['form'] {
  if (isJson) return 'json';
  return type === 'QUOTE_DOUBLE' ? 'double' : type === 'QUOTE_SINGLE' ? 'single' : 'plain';
}

export type Read<T> = (text: string) => T;

/** Rows whose texts are understood; what is wrong with the others is added to the errors. */
export function readRows<Row extends PacketRow | FlowRow>(
  texts: readonly RowText[],
  read: { readonly question: Read<Row['question']>; readonly expected: Read<NonNullable<Row['expected']>> },
  positions: Positions,
  errors: CaseError[],
): Row[] {
  return texts.flatMap((text) => {
    const question = attempt(() => read.question(text.question), text.questionAt, positions, errors);
    const said = text.expected;
    const expected =
      said === undefined ? undefined : attempt(() => read.expected(said), text.expectedAt, positions, errors);
    if (question === undefined || (said !== undefined && expected === undefined)) return [];
    const row = {
      place: positions.at(text.questionAt),
      text: text.question,
      question,
      ...(expected !== undefined && { expected, expectedText: said }),
      slot: text.slot,
    };
    return [row as unknown as Row];
  });
}

function attempt<T>(read: () => T, at: number, positions: Positions, errors: CaseError[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    errors.push(positions.fault(at, error.fault));
    return undefined;
  }
}
