/** JSON of ours on a terminal: what JSON.stringify leaves as it is and a terminal acts on is written as \u escapes too. */

const ASCII = /^[\x00-\x7e]*$/;
/** Delete, C1 controls, and characters that are invisible or turn the direction of text. */
const INVISIBLE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

export function jsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  return ASCII.test(text) ? text : text.replace(INVISIBLE, escapeUnits);
}

function escapeUnits(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }).join('');
}
