/** JSON of ours on a terminal: what JSON.stringify leaves as it is and a terminal acts on is written as \u escapes too. */
import { replaceInvisible } from '../base/printable.ts';

const ASCII = /^[\n\x20-\x7e]*$/;

export function jsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  return ASCII.test(text) ? text : replaceInvisible(text, escapeUnits);
}

function escapeUnits(character: string): string {
  // Between two lines: within a string it is escaped already.
  if (character === '\n') return character;
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }).join('');
}
