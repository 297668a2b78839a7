/** A case's file with what holds written in, and everything else as it was: comments, order, quotes. */
import type { Slot } from './case-file.ts';

export interface Edit {
  readonly slot: Slot;
  readonly text: string;
  /** Questions and what holds of them, a list in place of the text. */
  readonly rows?: readonly (readonly [question: string, holds: string])[];
}

export function updatedSource(source: string, edits: readonly Edit[]): string {
  const ordered = edits.toSorted((a, b) => b.slot.from - a.slot.from);
  return ordered.reduce((text, { slot, text: value, rows }) => {
    const put = rows ? writtenRows(slot, rows) : slot.before + written(slot, value);
    return text.slice(0, slot.from) + put + text.slice(slot.to);
  }, source);
}

function writtenRows({ form, inFlow, before }: Slot, rows: NonNullable<Edit['rows']>): string {
  if (form === 'json' || inFlow)
    return before + JSON.stringify(rows.map(([question, holds]) => `${question}: ${holds}`));
  const plain = (text: string) => (isPlain(text) ? text : single(text));
  return rows.map(([question, holds]) => `\n  - ${plain(question)}: ${plain(holds)}`).join('');
}

function written({ form, question, inFlow }: Slot, value: string): string {
  const isList = value.startsWith('[');
  const text = question === undefined ? value : `${question}: ${value}`;
  if (form === 'json') return JSON.stringify(isList ? value.slice(1, -1).split(', ') : text);
  if (form === 'double' && !/["\\]/.test(text)) return `"${text}"`;
  if (form !== 'plain') return single(text);
  if (isList || (isPlain(value) && !(inFlow && /[,[\]{}]/.test(value)))) return text;
  return question === undefined ? single(value) : `${question}: ${single(value)}`;
}

/** What YAML takes for text as it stands (YAML 1.2, 7.3.3), of the words that the language has. */
function isPlain(text: string): boolean {
  return !/: |:$| #|^[\s"'[\]{}>|*&!%#`@,?:-]|\s$/.test(text);
}

function single(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
