/** A case's file with what holds written in, and everything else as it was: comments, order, quotes. */
import type { Slot } from './case-file.ts';

export interface Edit {
  readonly slot: Slot;
  readonly text: string;
}

export function updatedSource(source: string, edits: readonly Edit[]): string {
  const ordered = edits.toSorted((a, b) => b.slot.from - a.slot.from);
  return ordered.reduce(
    (text, { slot, text: value }) =>
      text.slice(0, slot.from) + slot.before + written(slot, value) + text.slice(slot.to),
    source,
  );
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
