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

function written({ form, question }: Slot, value: string): string {
  const isList = value.startsWith('[');
  if (form === 'json') {
    if (isList) return JSON.stringify(value.slice(1, -1).split(', '));
    return JSON.stringify(question === undefined ? value : `${question}: ${value}`);
  }
  if (form === 'plain') {
    const text = question === undefined ? value : `${question}: ${value}`;
    return isList || isPlain(value)
      ? text
      : `${question === undefined ? '' : `${question}: `}${single(value)}`;
  }
  const text = question === undefined ? value : `${question}: ${value}`;
  return form === 'double' && !/["\\]/.test(text) ? `"${text}"` : single(text);
}

/** What YAML takes for text as it stands (YAML 1.2, 7.3.3), of the words that the language has. */
function isPlain(text: string): boolean {
  return !/: |:$| #|^[\s"'[\]{}>|*&!%#`@,?:-]|\s$/.test(text);
}

function single(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
